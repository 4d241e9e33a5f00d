import { describe, expect, it } from "vitest";
import { errorOf, idempotencyKey, queryString } from "./api";

describe("the interface", () => {
  it("leaves_out_what_is_not_asked_for", () => {
    expect(queryString({ q: "李 强", state: null, mine: true, cursor: undefined, kind: "" })).toBe("?q=%E6%9D%8E%20%E5%BC%BA&mine=true");
    expect(queryString({})).toBe("");
  });

  it("carries_the_refusal_and_the_fields_it_names", () => {
    const field = { code: "too_long", message_zh: "过长", message_en: "too long" };
    const e = errorOf(422, { error: { code: "fields_invalid", message_zh: "有误", message_en: "bad", fields: { reason: field } } });
    expect([e.status, e.code, e.zh]).toEqual([422, "fields_invalid", "有误"]);
    expect(e.fields["reason"]).toEqual(field);
  });

  it("reports_a_foreign_body_by_its_status", () => {
    expect(errorOf(502, null).code).toBe("unknown");
    expect(errorOf(502, { error: "x" }).zh).toContain("502");
  });

  it("makes_keys_of_32_hex_digits_that_differ", () => {
    expect(idempotencyKey()).toMatch(/^[0-9a-f]{32}$/);
    expect(idempotencyKey()).not.toBe(idempotencyKey());
  });
});
