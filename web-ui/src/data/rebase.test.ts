import { describe, expect, it } from "vitest";
import { rebase, spliceOf } from "./rebase";

describe("rebase", () => {
  it("takes_the_merged_text_when_nothing_was_typed_since", () => {
    expect(rebase("每周走访", "每周走访", "每周走访一次。")).toBe("每周走访一次。");
  });

  it("keeps_typing_when_nobody_else_wrote", () => {
    expect(rebase("每周", "每周走访", "每周")).toBe("每周走访");
  });

  it("keeps_both_when_they_touch_different_places", () => {
    expect(rebase("甲乙丙", "甲乙丙丁", "零甲乙丙")).toBe("零甲乙丙丁");
    expect(rebase("甲乙丙", "零甲乙丙", "甲乙丙丁")).toBe("零甲乙丙丁");
  });

  it("keeps_both_insertions_at_one_place", () => {
    const out = rebase("甲丙", "甲A丙", "甲B丙");
    expect(out).toContain("A");
    expect(out).toContain("B");
    expect(out.length).toBe(4);
  });

  it("does_not_bring_back_what_the_other_deleted", () => {
    expect(rebase("甲乙丙丁", "甲乙丙丁戊", "甲丁")).toBe("甲丁戊");
  });

  it("finds_the_smallest_single_replacement", () => {
    expect(spliceOf("aaa", "aaaa")).toEqual({ at: 3, removed: 0, inserted: "a" });
    expect(spliceOf("abc", "axc")).toEqual({ at: 1, removed: 1, inserted: "x" });
  });
});
