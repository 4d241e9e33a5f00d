// How old a position is, in the three steps that the map draws: what is old fades, it never looks like now.
import type { LastFix, MapPerson, Ms } from "./contract";

/** Until this age a position tells where somebody is now, ms. */
export const FRESH_MS = 10 * 60_000;
/** From this age on it only tells where somebody was, ms: the node's own limit for "unknown". */
export const OLD_MS = 2 * 3_600_000;

export type Age = "fresh" | "ageing" | "old";

export function ageOf(fix: Pick<LastFix, "at">, now: Ms): Age {
  const age_ms = now - fix.at;
  if (age_ms <= FRESH_MS) return "fresh";
  return age_ms <= OLD_MS ? "ageing" : "old";
}

/** How strongly a position is drawn, 0 to 1. */
export const STRENGTH: Record<Age, number> = { fresh: 1, ageing: 0.6, old: 0.32 };

// Thousands are sorted each second: by the words of a language would take ten times as long.
const order = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** What must be looked at first: violations, then the unknown, then the oldest positions. */
export function byConcern(a: MapPerson, b: MapPerson): number {
  const rank = { violation: 0, unknown: 1, compliant: 2 } as const;
  return (
    rank[a.verdict] - rank[b.verdict] ||
    (a.severity ?? 9) - (b.severity ?? 9) ||
    order(a.case.no, b.case.no)
  );
}
