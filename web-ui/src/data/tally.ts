// A day of 24 hours as a bar and a table: every second is in one part, and the parts make the day.
import type { Locale } from "./date";
import type { Tally, TallyStretch } from "./contract";

export const DAY_S = 86_400;

export interface TallyRow {
  what: TallyStretch["what"];
  cause: string | null;
  seconds: number;
}

/** Compliant and violation always, then what is unknown, the longest cause first. */
export function rowsOf({ seconds }: Tally): TallyRow[] {
  const unknown = Object.entries(seconds.unknown)
    .map(([cause, n]): TallyRow => ({ what: "unknown", cause, seconds: n }))
    .sort((a, b) => b.seconds - a.seconds);
  return [
    { what: "compliant", cause: null, seconds: seconds.compliant },
    { what: "violation", cause: null, seconds: seconds.violation },
    ...unknown,
  ];
}

export function sumOf(rows: { seconds: number }[]): number {
  return rows.reduce((sum, row) => sum + row.seconds, 0);
}

export interface Segment extends TallyStretch {
  /** Of the day's width, per cent. */
  left: number;
  width: number;
}

export function segmentsOf({ stretches }: Tally): Segment[] {
  const percent = (seconds: number): number => (seconds * 100) / DAY_S;
  return stretches.map((one) => ({ ...one, left: percent(one.from), width: percent(one.to - one.from) }));
}

const two = (n: number): string => String(n).padStart(2, "0");

/** 09:30:05, and 24:00:00 for the end of the day. */
export function secondLabel(second: number): string {
  return `${two(Math.floor(second / 3600))}:${two(Math.floor(second / 60) % 60)}:${two(second % 60)}`;
}

/** 2小时05分 · 30分 · 0分30秒: to the second, for a share of 24 hours must add up. */
export function lengthLabel(seconds: number, locale: Locale): string {
  const [h, m, s] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  if (locale === "en") return `${h === 0 ? m : `${h} h ${two(m)}`} min${s === 0 ? "" : ` ${two(s)} s`}`;
  return `${h === 0 ? m : `${h}小时${two(m)}`}分${s === 0 ? "" : `${two(s)}秒`}`;
}

/** 12.5%. */
export function shareLabel(seconds: number): string {
  return `${((seconds * 100) / DAY_S).toFixed(1)}%`;
}

/** The day before or after a civil day. */
export function dayBeside(day: string, by: 1 | -1): string {
  const at = Date.parse(`${day}T00:00:00Z`);
  return Number.isNaN(at) ? day : new Date(at + by * DAY_S * 1000).toISOString().slice(0, 10);
}
