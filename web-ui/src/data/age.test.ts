import { describe, expect, it } from "vitest";
import { ageOf, byConcern, FRESH_MS, OLD_MS, STRENGTH } from "./age";
import type { MapPerson, Ms } from "./contract";

const now = 1_772_413_200_000 as Ms;
const at = (age_ms: number) => ({ at: (now - age_ms) as Ms });

describe("the age of a position", () => {
  it("goes from fresh to old without a request, by the clock alone", () => {
    const fix = at(0);
    expect(ageOf(fix, now)).toBe("fresh");
    expect(ageOf(fix, (now + FRESH_MS) as Ms)).toBe("fresh");
    expect(ageOf(fix, (now + FRESH_MS + 1) as Ms)).toBe("ageing");
    expect(ageOf(fix, (now + OLD_MS + 1) as Ms)).toBe("old");
  });

  it("fades as it grows", () => {
    expect(STRENGTH.fresh).toBeGreaterThan(STRENGTH.ageing);
    expect(STRENGTH.ageing).toBeGreaterThan(STRENGTH.old);
  });
});

describe("the order of people", () => {
  const person = (no: string, verdict: MapPerson["verdict"], severity: MapPerson["severity"] = null): MapPerson => ({
    case: { id: no as never, no, name: no, pseudonymous: false },
    regime: "band", fix: null, verdict, cause: null, alarm_id: null, severity,
  });

  it("puts who is outside first and the graver alarm before the other", () => {
    const people = [person("1", "compliant"), person("2", "unknown"), person("3", "violation", 2), person("4", "violation", 1)];
    expect(people.sort(byConcern).map((p) => p.case.no)).toEqual(["4", "3", "2", "1"]);
  });
});
