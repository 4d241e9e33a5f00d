import { describe, expect, it } from "vitest";
import type { Ms, Wall, WallOffice } from "./contract";
import { DEAD_MS, freshnessOf, isDead, missingOf, STALE_MS, tilesOf } from "./wall";

const now = 1_000_000_000 as Ms;
const office = (id: string, state: WallOffice["state"], open: number[] = [0, 0, 0, 0]): WallOffice =>
  ({ office: { id, code: id, name: id }, state, counts: { open } }) as unknown as WallOffice;

describe("the wall", () => {
  it("says which numbers are old, by office and as a whole", () => {
    expect(freshnessOf(now, now)).toBe("fresh");
    expect(freshnessOf((now - STALE_MS - 1) as Ms, now)).toBe("stale");
    expect(freshnessOf(null, now)).toBe("unknown");
    expect(isDead(now, (now + DEAD_MS) as Ms)).toBe(false);
    expect(isDead(now, (now + DEAD_MS + 1) as Ms)).toBe(true);
    expect(isDead(null, now)).toBe(true);
  });

  it("names the offices that are missing and puts the gravest first after the own", () => {
    const wall = { missing: ["b"], offices: [office("a", "linked"), office("b", "cut", [0, 1, 0, 0]), office("c", "linked", [1, 0, 0, 0]), office("d", "self")] } as unknown as Wall;
    expect(missingOf(wall).map((one) => one.office.id)).toEqual(["b"]);
    expect(tilesOf(wall).map((one) => one.office.id)).toEqual(["d", "c", "b", "a"]);
  });
});
