import { describe, expect, it } from "vitest";
import type { CaseId, MapPerson, Ms } from "./contract";
import { Trails } from "./trail";

const id = "a" as CaseId;
const MINUTE = 60_000;
const point = (minute: number) => ({ at: (minute * MINUTE) as Ms, lat_e7: minute, lon_e7: 0 });
const moved = (minute: number, regime: "band" | "phone" = "band"): MapPerson => ({
  case: { id, no: "1", name: "a", pseudonymous: false },
  regime, verdict: "compliant", cause: null, alarm_id: null, severity: null,
  fix: { ...point(minute), received_at: 0 as Ms, accuracy_mm: 15_000, source: "gnss" },
});
const minutes = (trails: Trails, since = 0) => trails.pieces(id, (since * MINUTE) as Ms).map((piece) => piece.map((p) => p.lat_e7));

describe("a trail", () => {
  it("grows with what is told, puts late reports in their place and takes none twice", () => {
    const trails = new Trails();
    trails.begin(id, [point(2), point(1)]);
    expect(trails.take([moved(5)])).toBe(true);
    expect(trails.take([moved(3)])).toBe(true);
    expect(trails.take([moved(3)])).toBe(false);
    expect(minutes(trails)).toEqual([[1, 2, 3, 5]]);
  });

  it("has no line over time in which nothing was known", () => {
    const trails = new Trails();
    trails.begin(id, [point(0), point(30), point(61)]);
    expect(minutes(trails)).toEqual([[0, 30], [61]]);
  });

  it("shows the last minutes only", () => {
    const trails = new Trails();
    trails.begin(id, [point(1), point(2), point(3)]);
    expect(minutes(trails, 2)).toEqual([[2, 3]]);
  });

  it("is never made of a phone's checks, nor of whoever was not chosen", () => {
    const trails = new Trails();
    trails.begin(id, []);
    expect(trails.take([moved(1, "phone")])).toBe(false);
    trails.end(id);
    expect(trails.take([moved(2)])).toBe(false);
  });
});
