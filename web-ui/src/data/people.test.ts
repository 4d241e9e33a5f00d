import { describe, expect, it } from "vitest";
import type { CaseId, LastFix, MapPerson, Ms, Positions } from "./contract";
import { People } from "./people";

const fix = (lat_e7: number): LastFix => ({
  at: 1 as Ms, received_at: 1 as Ms, lat_e7, lon_e7: 0, accuracy_mm: 15_000, source: "gnss",
});
const person = (id: string, lat_e7: number | null): MapPerson => ({
  case: { id: id as CaseId, no: id, name: id, pseudonymous: false },
  regime: "band", fix: lat_e7 === null ? null : fix(lat_e7), verdict: "compliant", cause: null, alarm_id: null, severity: null,
});
const told = (items: MapPerson[], whole = false, gone: string[] = []): Positions => ({
  as_of: 1 as Ms, whole, items, gone: gone as CaseId[],
});

describe("people on the map", () => {
  it("are replaced by a whole telling and changed by the others", () => {
    const people = new People();
    people.take(told([person("a", 1), person("b", 1)], true));
    people.take(told([person("b", 2), person("c", null)]));
    expect([...people.of.keys()]).toEqual(["a", "b", "c"]);
    people.take(told([person("a", 1)], true));
    expect([...people.of.keys()]).toEqual(["a"]);
  });

  it("go when the node says that they are shown no more", () => {
    const people = new People();
    people.take(told([person("a", 1)], true));
    expect(people.take(told([], false, ["a"])).gone).toEqual(["a"]);
    expect(people.of.size).toBe(0);
  });

  it("are counted once however often they move, and not when they stay", () => {
    const people = new People();
    people.take(told([person("a", 1), person("b", 1)], true));
    people.take(told([person("a", 1)]));
    expect(people.movedCount).toBe(0);
    people.take(told([person("a", 2)]));
    people.take(told([person("a", 3), person("b", null)]));
    expect(people.movedCount).toBe(2);
  });
});
