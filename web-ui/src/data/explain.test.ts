import { describe, expect, it } from "vitest";
import type { AlarmPage, Explain, ExplainedFix, FixId, Ms } from "./contract";
import { replayOf, replayOfEvidence, startOf } from "./explain";

const fix = (id: string, change: Partial<ExplainedFix> = {}): ExplainedFix => ({
  id: id as FixId, at: 1 as Ms, received_at: 2 as Ms, live: true, lat_e7: 1, lon_e7: 1, accuracy_mm: 15_000, source: "gnss", grade: "fine",
  used: true, unused: null, bound: true, unbound: null, fence_version: 1, distance_mm: 300_000, beyond: false, verdict: "candidate",
  counts: false, decides: false, why: { zh: "在界外 300 米", en: "300 m outside" }, ...change,
});
const explain = (fixes: ExplainedFix[]): Explain =>
  ({ fixes, fence: null, permits: [], agrees: true, differs: [], window: { from: 0, to: 9, whole: false } }) as unknown as Explain;

describe("a replay", () => {
  it("marks each fix by what it was to the decision and begins where it was decided", () => {
    const replay = replayOf(explain([fix("a", { counts: true }), fix("b", { counts: true, decides: true }), fix("c"), fix("d", { used: false })]));
    expect(replay.fixes.map((one) => one.mark)).toEqual(["counts", "decides", "beside", "unused"]);
    expect(startOf(replay)).toBe(1);
    expect(replay.whole).toBe(false);
    expect(replay.fixes[0]?.why?.zh).toContain("300");
  });

  it("is made of the alarm's own fixes where there is no explanation, without inventing a verdict", () => {
    const evidence = { fixes: [{ id: "a" }, { id: "b" }], deciding_fix: "b", fence: null, permits: [] };
    const replay = replayOfEvidence({ evidence } as unknown as AlarmPage);
    expect(replay.fixes.map(({ mark, why }) => [mark, why])).toEqual([["counts", null], ["decides", null]]);
    expect(replay.agrees).toBeNull();
    expect(startOf(replayOfEvidence({ evidence: { ...evidence, fixes: [] } } as unknown as AlarmPage))).toBe(0);
  });
});
