import { describe, expect, it } from "vitest";
import type { Ms, OrderAnswer } from "./contract";
import { placeOf, stateOf, TONES } from "./order";

const answer = (result: string): OrderAnswer => ({ result: result as OrderAnswer["result"], message_zh: "", message_en: "", at: null, lat: null, lon: null });

describe("an order", () => {
  it("is answered, refused or without a line, and a word from a later node is no success", () => {
    expect(["done", "located", "refused", "unsupported", "offline", "silent", "busy", "?"].map((word) => stateOf(answer(word)))).toEqual([
      "answered", "answered", "refused", "refused", "no_line", "unanswered", "unanswered", "failed",
    ]);
  });

  it("says where the terminal is only where it said so", () => {
    const located = { ...answer("located"), at: 1 as Ms, lat: 28.15, lon: 113.6 };
    expect(placeOf(located)).toEqual({ at: 1, label: "28.1500000, 113.6000000" });
    expect(placeOf({ ...located, lat: null, lon: null })).toBeNull();
  });

  it("is green only where the terminal did it", () => {
    expect(Object.entries(TONES).filter(([, tone]) => tone === "good").map(([state]) => state)).toEqual(["answered"]);
  });
});
