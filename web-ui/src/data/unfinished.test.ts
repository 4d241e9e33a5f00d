import { describe, expect, it } from "vitest";
import { draftKey } from "./draft";
import { targetOf } from "./unfinished";

describe("an unfinished draft", () => {
  it("leads_back_to_the_case_whose_text_it_is", () => {
    expect(targetOf(draftKey("case", "ab12", "text", "plan"))).toEqual({ view: "case", id: "ab12", event: null });
  });

  it("leads_back_to_the_open_form_it_was_written_in", () => {
    expect(targetOf(draftKey("offer", "case:ab12", "apply:leave"))).toEqual({ view: "case", id: "ab12", event: "apply:leave" });
    expect(targetOf(draftKey("offer", "matter:ab12", "approve"))).toEqual({ view: "matter", id: "ab12", event: "approve" });
  });

  it("leads_nowhere_when_the_key_is_not_understood", () => {
    expect(targetOf("offer:new:open")).toBeNull();
    expect(targetOf("x")).toBeNull();
  });
});
