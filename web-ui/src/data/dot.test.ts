import { describe, expect, it } from "vitest";
import { FRESH_MS, OLD_MS } from "./age";
import type { CaseId, MapPerson, Ms } from "./contract";
import { AGES, Dots, isGrave, isHollow, lookOf, verdictOf } from "./dot";

const now = 1_772_413_200_000 as Ms;
const id = (n: number): CaseId => `case-${n}` as CaseId;
function person(n: number, lat: number | null, more: Partial<MapPerson> = {}): MapPerson {
  const fix = lat === null ? null : { at: now, received_at: now, lat_e7: Math.round(lat * 1e7), lon_e7: 1_136_000_000, accuracy_mm: 20_000, source: "gnss" as const };
  return { case: { id: id(n), no: `${n}`, name: `${n}`, pseudonymous: false }, regime: "band", fix, verdict: "compliant", cause: null, alarm_id: null, severity: null, ...more };
}
const slot = (dots: Dots, n: number): number => dots.slotOf(id(n)) as number;

describe("the dots of the map", () => {
  it("are told apart by verdict, regime and grave alarm and by nothing else", () => {
    const looks = new Set<number>();
    for (const verdict of ["compliant", "unknown", "violation"] as const) {
      for (const regime of ["band", "phone"] as const) {
        for (const severity of [null, 1, 2, 3] as const) {
          const look = lookOf(person(1, 28, { verdict, regime, severity }));
          looks.add(look);
          expect([verdictOf(look), isHollow(look), isGrave(look)]).toEqual([verdict, regime === "phone", severity === 1 || severity === 2]);
        }
      }
    }
    expect(looks.size).toBe(12);
  });

  it("keep everybody through growth, and close up when somebody goes", () => {
    const dots = new Dots();
    dots.project(10);
    const all = Array.from({ length: 2_000 }, (_, n) => person(n, 28 + n * 1e-4));
    dots.put(all, now);
    expect(dots.count).toBe(2_000);
    dots.put([person(0, null), person(1_999, null)], now);
    dots.drop(id(700));
    dots.drop(id(700));
    expect([dots.count, dots.slotOf(id(700))]).toEqual([1_997, undefined]);
    for (const one of all.filter((_, n) => ![0, 700, 1_999].includes(n))) {
      const i = dots.slotOf(one.case.id) as number;
      expect(dots.people[i]).toBe(one);
      expect(dots.py[i]).toBe(Math.round(-(dots.y[i] as number) / 10));
    }
  });

  it("say who moved until that was drawn, and never of one who stayed or is new", () => {
    const dots = new Dots();
    dots.put([person(1, 28), person(2, 28)], now);
    dots.put([person(1, 28), person(2, 28.1)], now);
    expect([dots.moved[slot(dots, 1)], dots.moved[slot(dots, 2)]]).toEqual([0, 1]);
    dots.put([person(2, 28.1)], now);
    expect(dots.moved[slot(dots, 2)]).toBe(1);
    dots.clear();
    dots.put([person(2, 28.3)], now);
    expect(dots.moved[slot(dots, 2)]).toBe(0);
  });

  it("are placed in whole pixels, anew at another resolution", () => {
    const dots = new Dots();
    dots.put([person(1, 28.15)], now);
    dots.project(100);
    const [x, y] = [dots.px[0], dots.py[0]];
    dots.project(50);
    expect(Math.abs((dots.px[0] as number) - 2 * (x as number))).toBeLessThanOrEqual(1);
    expect(Math.abs((dots.py[0] as number) - 2 * (y as number))).toBeLessThanOrEqual(1);
    dots.put([person(1, 28.25)], now);
    expect(dots.py[0]).toBeLessThan(2 * (y as number));
  });

  it("fade by the clock alone and say so once", () => {
    const dots = new Dots();
    dots.put([person(1, 28)], now);
    const age = (): string => AGES[dots.age[0] as number] as string;
    expect([dots.fade((now + FRESH_MS) as Ms), age()]).toEqual([false, "fresh"]);
    expect([dots.fade((now + FRESH_MS + 1) as Ms), age()]).toEqual([true, "ageing"]);
    expect([dots.fade((now + FRESH_MS + 2) as Ms), age()]).toEqual([false, "ageing"]);
    expect([dots.fade((now + OLD_MS + 1) as Ms), age()]).toEqual([true, "old"]);
    dots.put([person(1, 28, {})], now);
    expect(age()).toBe("fresh");
  });
});
