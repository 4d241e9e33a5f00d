// Where one person was over a time, replayed point by point. Unknown time is never bridged by a line.
import type { Fix, Ms } from "./contract";

/** Longer without a position, and the way between is not known. */
export const GAP_MS = 30 * 60_000;

/** The way so far as pieces of known time: a gap begins a new piece. */
export function pieces(fixes: Fix[]): Fix[][] {
  const found: Fix[][] = [];
  let last: Fix | undefined;
  for (const fix of fixes) {
    const piece = found[found.length - 1];
    if (piece === undefined || last === undefined || fix.at - last.at > GAP_MS) found.push([fix]);
    else piece.push(fix);
    last = fix;
  }
  return found;
}

/** How long nothing was known before this position; null within known time. */
export function gapBefore(fixes: Fix[], index: number): number | null {
  const here = fixes[index];
  const before = fixes[index - 1];
  if (here === undefined || before === undefined) return null;
  const gap = here.at - before.at;
  return gap > GAP_MS ? gap : null;
}

/** The last position at or before an instant; 0 when all are later. */
export function indexAt(fixes: Fix[], at: Ms): number {
  let index = 0;
  fixes.forEach((fix, i) => {
    if (fix.at <= at) index = i;
  });
  return index;
}
