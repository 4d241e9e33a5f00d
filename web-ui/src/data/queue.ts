// The alarm queue: which is next, how long is left, and which grave ones nobody has seen yet.
import type { AlarmId, AlarmRow, Ms, Severity } from "./contract";

/** Severities whose arrival is announced until somebody has seen it. */
export const GRAVE_MAX: Severity = 2;

const two = (n: number): string => String(n).padStart(2, "0");

/** 04:12, or 1:04:12 from an hour on, without a sign. */
export function spanClock(ms: number): string {
  const total = Math.floor(Math.abs(ms) / 1_000);
  const hours = Math.floor(total / 3_600);
  const minutes = Math.floor(total / 60) % 60;
  const rest = `${two(minutes)}:${two(total % 60)}`;
  return hours === 0 ? rest : `${hours}:${rest}`;
}

/** Whether a deadline has passed. */
export function isOver(at: Ms, now: Ms): boolean {
  return now > at;
}

/** The alarm to go to from here: the next in order, or the first. With `back`, the one before. */
export function nextOf(rows: AlarmRow[], from: AlarmId | null, back = false): AlarmId | null {
  const index = rows.findIndex((row) => row.id === from);
  if (rows.length === 0) return null;
  if (index < 0) return rows[back ? rows.length - 1 : 0]?.id ?? null;
  return rows[(index + (back ? -1 : 1) + rows.length) % rows.length]?.id ?? null;
}

/** Grave alarms that came since the page opened and that nobody at this desk has seen. */
export class Unseen {
  private readonly ids = new Set<AlarmId>();

  /** An alarm that is new or changed; true when the count did. */
  take(row: AlarmRow, isNew: boolean): boolean {
    const before = this.ids.size;
    if (!row.open || row.claimed !== null) this.ids.delete(row.id);
    else if (isNew && row.severity <= GRAVE_MAX) this.ids.add(row.id);
    return this.ids.size !== before;
  }

  /** Seen: on the screen while the person did something. */
  see(ids: Iterable<AlarmId>): boolean {
    const before = this.ids.size;
    for (const id of ids) this.ids.delete(id);
    return this.ids.size !== before;
  }

  /** Keeps only those that still stand in the queue. */
  keep(open: Iterable<AlarmId>): boolean {
    const before = this.ids.size;
    const standing = new Set(open);
    for (const id of [...this.ids]) if (!standing.has(id)) this.ids.delete(id);
    return this.ids.size !== before;
  }

  clear(): void {
    this.ids.clear();
  }

  get count(): number {
    return this.ids.size;
  }
}
