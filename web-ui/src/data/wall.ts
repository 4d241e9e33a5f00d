// The wall screen: what is old says so. Nothing here knows a name.
import type { Ms, OfficeId, Wall, WallOffice } from "./contract";

/** Without any news from the node for so long, everything on the wall is old, ms. */
export const DEAD_MS = 30_000;
/** Numbers of an office that are older than this are old, ms. */
export const STALE_MS = 5 * 60_000;

export type Freshness = "fresh" | "stale" | "unknown";

export function freshnessOf(as_of: Ms | null, now: Ms): Freshness {
  if (as_of === null) return "unknown";
  return now - as_of > STALE_MS ? "stale" : "fresh";
}

/** Whether the whole wall is old: the node has not been heard. */
export function isDead(heard: Ms | null, now: Ms): boolean {
  return heard === null || now - heard > DEAD_MS;
}

export function missingOf(wall: Wall): WallOffice[] {
  const missing = new Set<OfficeId>(wall.missing);
  return wall.offices.filter((one) => missing.has(one.office.id));
}

/** Tiles in the order in which they are looked at: the own office, then by open alarms, then by code. */
export function tilesOf(wall: Wall): WallOffice[] {
  const grave = ({ counts: { open } }: WallOffice): number => open[0] * 1_000 + open[1];
  const own = (one: WallOffice): number => (one.state === "self" ? 0 : 1);
  return [...wall.offices].sort((a, b) => own(a) - own(b) || grave(b) - grave(a) || a.office.code.localeCompare(b.office.code));
}
