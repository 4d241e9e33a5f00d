// Everybody on the map, kept current by what the node tells: once all, then only who changed.
import type { CaseId, MapPerson, Positions } from "./contract";

/** What one telling changed; `all` when everything may have. */
export interface Told {
  all: boolean;
  changed: MapPerson[];
  gone: CaseId[];
}

/** The people by case. Counts what came in, so that a page can say that nobody was lost. */
export class People {
  readonly of = new Map<CaseId, MapPerson>();
  private readonly moved = new Set<CaseId>();

  /** Takes in a telling. A position older than the one known is never drawn over it. */
  take(told: Positions): Told {
    if (told.whole) {
      this.of.clear();
      for (const person of told.items) this.of.set(person.case.id, person);
      return { all: true, changed: told.items, gone: [] };
    }
    for (const id of told.gone) this.of.delete(id);
    for (const person of told.items) {
      if (this.hasMoved(person)) this.moved.add(person.case.id);
      this.of.set(person.case.id, person);
    }
    return { all: false, changed: told.items, gone: told.gone };
  }

  private hasMoved(person: MapPerson): boolean {
    const before = this.of.get(person.case.id)?.fix ?? null;
    const { fix } = person;
    if (fix === null || before === null) return fix !== before;
    return fix.lat_e7 !== before.lat_e7 || fix.lon_e7 !== before.lon_e7;
  }

  /** How many were seen to move since the page opened. */
  get movedCount(): number {
    return this.moved.size;
  }

  clear(): void {
    this.of.clear();
    this.moved.clear();
  }
}
