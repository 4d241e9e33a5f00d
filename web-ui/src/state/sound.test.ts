import "vue"; // before there is a page: it looks at the page when it loads
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

const tones: number[] = [];
const knob = { setValueAtTime: () => undefined, linearRampToValueAtTime: () => undefined };
class FakeAudio {
  state = "running";
  currentTime = 0;
  destination = {};
  resume = () => Promise.resolve();
  createGain = () => ({ gain: knob, connect: (to: unknown) => to });
  createOscillator() {
    return { frequency: { value: 0 }, connect: (to: unknown) => to, start: () => tones.push(Date.now()), stop: () => undefined };
  }
}
const page = { documentElement: { dataset: {} as Record<string, string> } };
vi.stubGlobal("AudioContext", FakeAudio);
vi.stubGlobal("document", page);
const { mute, MUTE_MS_MAX, mutedUntil, setSounding, sounding } = await import("./sound");
const beeps = (): number => Number(page.documentElement.dataset["beeps"] ?? 0);

describe("the alarm sound", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => {
    setSounding(null);
    mute(0);
    vi.useRealTimers();
  });

  it("repeats_until_every_alarm_was_taken_and_then_is_silent", () => {
    const before = beeps();
    setSounding(1);
    expect(beeps() - before).toBe(1);
    vi.advanceTimersByTime(30_000);
    expect(beeps() - before).toBe(11);
    setSounding(null);
    const after = beeps();
    vi.advanceTimersByTime(60_000);
    expect(beeps()).toBe(after);
    expect(page.documentElement.dataset["sounding"]).toBeUndefined();
  });

  it("goes_on_in_its_rhythm_when_told_the_same_again", () => {
    setSounding(2);
    const before = beeps();
    for (let second = 0; second < 12; second += 1) {
      vi.advanceTimersByTime(1_000);
      setSounding(2);
    }
    expect(beeps() - before).toBe(2);
  });

  it("is_silent_while_muted_and_sounds_again_by_itself_at_the_end", () => {
    const MINUTE = 60_000;
    mute(15 * MINUTE);
    const before = beeps();
    setSounding(1);
    vi.advanceTimersByTime(15 * MINUTE - 1);
    expect(beeps()).toBe(before);
    vi.advanceTimersByTime(1);
    expect(beeps()).toBeGreaterThan(before);
    expect(mutedUntil.value).toBeNull();
  });

  it("has_no_mute_without_an_end_and_one_that_can_be_ended_at_once", () => {
    setSounding(2);
    mute(Number.MAX_SAFE_INTEGER);
    expect((mutedUntil.value ?? 0) - Date.now()).toBe(MUTE_MS_MAX);
    const before = beeps();
    mute(0);
    expect(beeps()).toBe(before + 1);
  });

  it("changes_at_once_to_a_graver_alarm", () => {
    setSounding(3);
    const before = beeps();
    setSounding(1);
    expect(beeps() - before).toBe(1);
    expect(sounding.value).toBe(1);
    expect(tones.length).toBeGreaterThan(0);
  });
});
