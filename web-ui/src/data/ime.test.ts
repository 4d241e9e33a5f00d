import { describe, expect, it } from "vitest";
import { guardComposition, isComposing } from "./ime";

const key = (over: object): { key: string; isComposing: boolean; keyCode: number } => ({
  key: "Enter", isComposing: false, keyCode: 13, ...over,
});

/** A window that hands each keydown to the guard and counts what gets through. */
function check(event: object): boolean {
  let guard: (e: unknown) => void = () => undefined;
  guardComposition({ addEventListener: (_: string, f: (e: unknown) => void) => (guard = f) } as unknown as Window);
  let stopped = false;
  guard({ ...event, stopImmediatePropagation: () => (stopped = true), preventDefault: () => undefined });
  return stopped;
}

describe("ime", () => {
  it("sees_composition_by_flag_or_by_the_old_key_code", () => {
    expect(isComposing(key({ isComposing: true }))).toBe(true);
    expect(isComposing(key({ keyCode: 229 }))).toBe(true);
    expect(isComposing(key({}))).toBe(false);
  });

  it("stops_enter_and_escape_while_composing_and_nothing_else", () => {
    expect(check(key({ isComposing: true }))).toBe(true);
    expect(check(key({ key: "Escape", keyCode: 229 }))).toBe(true);
    expect(check(key({}))).toBe(false);
    expect(check(key({ key: "a", isComposing: true }))).toBe(false);
  });
});
