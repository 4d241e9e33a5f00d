import { describe, expect, it } from "vitest";
import type { Fix, Ms } from "./contract";
import { gapBefore, indexAt, pieces } from "./track";

const fix = (minute: number): Fix => ({ id: String(minute), at: minute * 60_000 }) as unknown as Fix;
const WAY = [0, 1, 2, 32, 63, 64].map(fix);

describe("a track", () => {
  it("is_not_drawn_across_unknown_time", () => {
    expect(pieces(WAY).map((piece) => piece.length)).toEqual([4, 2]);
    expect(pieces([])).toEqual([]);
  });

  it("says_how_long_nothing_was_known", () => {
    expect(gapBefore(WAY, 4)).toBe(31 * 60_000);
    expect(gapBefore(WAY, 3)).toBeNull();
    expect(gapBefore(WAY, 0)).toBeNull();
    expect(gapBefore(WAY, 99)).toBeNull();
  });

  it("finds_the_position_that_was_known_at_an_instant", () => {
    expect(indexAt(WAY, (2 * 60_000 + 1) as Ms)).toBe(2);
    expect(indexAt(WAY, -1 as Ms)).toBe(0);
    expect(indexAt(WAY, Number.MAX_SAFE_INTEGER as Ms)).toBe(5);
  });
});
