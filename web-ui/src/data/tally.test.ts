import { describe, expect, it } from "vitest";
import type { Tally } from "./contract";
import { DAY_S, dayBeside, lengthLabel, rowsOf, secondLabel, segmentsOf, shareLabel, sumOf } from "./tally";

const day = {
  day: "2026-03-02",
  until: 0,
  seconds: { compliant: 7_200, violation: 1_805, unknown: { no_signal: 30_000, ahead: 47_395 } },
  stretches: [
    { from: 0, to: 30_000, what: "unknown", cause: "no_signal" },
    { from: 30_000, to: 37_200, what: "compliant", cause: null },
    { from: 37_200, to: 39_005, what: "violation", cause: null },
    { from: 39_005, to: DAY_S, what: "unknown", cause: "ahead" },
  ],
} as unknown as Tally;

describe("a day", () => {
  it("is whole in the table and in the bar", () => {
    const rows = rowsOf(day);
    expect(sumOf(rows)).toBe(DAY_S);
    expect(rows.map((row) => row.cause ?? row.what)).toEqual(["compliant", "violation", "ahead", "no_signal"]);
    const segments = segmentsOf(day);
    expect(segments.reduce((sum, one) => sum + one.width, 0)).toBeCloseTo(100, 9);
    for (const [i, one] of segments.slice(1).entries()) {
      const before = segments[i] as (typeof segments)[number];
      expect(one.left).toBeCloseTo(before.left + before.width, 9);
    }
  });

  it("is told to the second, to its end", () => {
    expect([secondLabel(0), secondLabel(34_205), secondLabel(DAY_S)]).toEqual(["00:00:00", "09:30:05", "24:00:00"]);
    expect([7_500, 1_800, 30, DAY_S].map((n) => lengthLabel(n, "zh-CN"))).toEqual(["2小时05分", "30分", "0分30秒", "24小时00分"]);
    expect([lengthLabel(1_805, "en"), lengthLabel(DAY_S, "en")]).toEqual(["30 min 05 s", "24 h 00 min"]);
    expect(shareLabel(10_800)).toBe("12.5%");
  });

  it("has one before and one after, over the end of a month", () => {
    expect([dayBeside("2026-03-01", -1), dayBeside("2028-02-28", 1), dayBeside("", 1)]).toEqual(["2026-02-28", "2028-02-29", ""]);
  });
});
