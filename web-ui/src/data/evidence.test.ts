import { describe, expect, it } from "vitest";
import type { EvidenceWindow } from "./contract";
import { evidenceParts } from "./evidence";

const window = (not_before: number | null, not_after: number | null): EvidenceWindow =>
  ({ not_before, not_after, odd: false }) as EvidenceWindow;

describe("evidence of time", () => {
  it("names_both_ends_in_order", () => {
    const parts = evidenceParts(window(3, 5));
    expect(parts.map((part) => [part.key, part.at])).toEqual([["not_before", 3], ["not_after", 5]]);
  });

  it("says_that_an_unreceipted_signature_waits_to_be_delivered", () => {
    expect(evidenceParts(window(null, null)).map((part) => part.key)).toEqual(["undelivered"]);
    expect(evidenceParts(window(3, null)).map((part) => part.key)).toEqual(["not_before", "undelivered"]);
  });

  it("says_nothing_of_an_end_that_nothing_proves", () => {
    expect(evidenceParts(window(null, 5)).map((part) => part.key)).toEqual(["not_after"]);
  });
});
