import { describe, expect, it } from "vitest";
import type { CivilDate, Field } from "./contract";
import { faultOf, instantOf, isAsked, startingValues, wireValues } from "./form";

function field(over: Partial<Field>): Field {
  return {
    name: "reason", label: { zh: "事由", en: "Reason" }, kind: "text", required: true, help: null, max_chars: 5,
    multiline: false, min: null, max: null, unit: null, min_date: null, max_date: null, choices: null,
    ref_kind: null, default: null, ...over,
  };
}

describe("an offered form", () => {
  it("starts_from_the_draft_and_drops_what_is_no_longer_asked", () => {
    const fields = [field({}), field({ name: "agree", kind: "bool", required: false })];
    expect(startingValues(fields, { reason: "就医", old: 1 })).toEqual({ reason: "就医", agree: false });
    expect(startingValues(fields, "not an object")).toEqual({ reason: "", agree: false });
  });

  it("names_the_first_fault_of_a_value", () => {
    expect(faultOf(field({}), "", "事由")?.key).toBe("field_required");
    expect(faultOf(field({ required: false }), "", "事由")).toBeNull();
    expect(faultOf(field({}), "一二三四五六", "事由")?.key).toBe("too_long");
    expect(faultOf(field({}), "𠮷𠮷𠮷𠮷𠮷", "事由")).toBeNull();
    expect(faultOf(field({ kind: "integer", min: 1, max: 9 }), 10, "天数")?.key).toBe("out_of_range");
    expect(faultOf(field({ kind: "integer" }), 1.5, "天数")?.key).toBe("not_integer");
    const day = field({ kind: "date", min_date: "2026-03-02" as CivilDate });
    expect(faultOf(day, "2026-03-01", "起")?.key).toBe("out_of_range");
    expect(faultOf(day, "2026-03-02", "起")).toBeNull();
  });

  it("needs_an_area_to_have_a_county_or_a_shape", () => {
    const area = field({ kind: "area" });
    const of = (adcodes: string[]) => ({ type: "Feature", properties: { name: "", datum: "wgs84", adcodes }, geometry: null });
    expect(faultOf(area, of([]), "地点")?.key).toBe("field_required");
    expect(faultOf(area, of(["430181"]), "地点")).toBeNull();
  });

  it("sends_normalised_text_and_leaves_out_what_is_empty", () => {
    const fields = [field({}), field({ name: "note", required: false }), field({ name: "agree", kind: "bool" })];
    expect(wireValues(fields, { reason: "３天", note: "", agree: false })).toEqual({ reason: "3天", agree: false });
  });

  it("takes_no_for_an_answer_but_not_silence", () => {
    const agree = field({ name: "agree", kind: "bool" });
    expect(startingValues([agree])["agree"]).toBeNull();
    expect(faultOf(agree, null, "是否同意")?.key).toBe("field_required");
    expect(faultOf(agree, false, "是否同意")).toBeNull();
  });

  it("asks_for_a_reference_only_where_there_is_something_to_choose", () => {
    expect(isAsked(field({ kind: "ref", required: false }))).toBe(false);
    expect(isAsked(field({ kind: "ref", required: false, choices: [{ code: "ab", label: { zh: "证明", en: "proof" } }] }))).toBe(true);
    expect(isAsked(field({ kind: "ref" }))).toBe(true);
  });

  it("reads_a_typed_time_as_beijing_time", () => {
    expect(instantOf("2026-03-02 10:04")).toBe(Date.parse("2026-03-02T02:04:00Z"));
    expect(instantOf("x")).toBeNull();
  });
});
