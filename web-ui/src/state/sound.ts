// The alarm sound: tones made on the spot (no file), repeated until every alarm has been taken.
import { ref } from "vue";
import type { Severity } from "../data/contract";

const REPEAT_MS: Record<Severity, number> = { 1: 3_000, 2: 6_000, 3: 15_000, 4: 60_000 };
const TONE_HZ: Record<Severity, number[]> = { 1: [988, 740, 988, 740], 2: [880, 660], 3: [660], 4: [520] };
const TONE_S = 0.16;
const VOLUME = 0.25;

/** Set while something sounds; `blocked` when the browser wants a click before any sound. */
export const sounding = ref<Severity | null>(null);
export const blocked = ref(false);

/** Until when this desk is silent, ms of the PC's clock; null when it is not. A mute always ends. */
export const mutedUntil = ref<number | null>(null);
/** Longest mute, ms. */
export const MUTE_MS_MAX = 60 * 60_000;

let context: AudioContext | null = null;
let timer: ReturnType<typeof setInterval> | null = null;
let unmuting: ReturnType<typeof setTimeout> | null = null;
let beeps = 0;

function play(severity: Severity): void {
  if (mutedUntil.value !== null) return;
  context ??= new AudioContext();
  blocked.value = context.state === "suspended";
  if (blocked.value) void context.resume().then(() => (blocked.value = false));
  TONE_HZ[severity].forEach((hz, i) => tone(context as AudioContext, hz, i * TONE_S * 1.25));
  beeps += 1;
  document.documentElement.dataset["beeps"] = String(beeps);
}

function tone(audio: AudioContext, hz: number, after_s: number): void {
  const start = audio.currentTime + after_s;
  const oscillator = audio.createOscillator();
  const gain = audio.createGain();
  oscillator.frequency.value = hz;
  gain.gain.setValueAtTime(0, start);
  gain.gain.linearRampToValueAtTime(VOLUME, start + 0.02);
  gain.gain.linearRampToValueAtTime(0, start + TONE_S);
  oscillator.connect(gain).connect(audio.destination);
  oscillator.start(start);
  oscillator.stop(start + TONE_S);
}

/** The severity that sounds now, or null for silence. Same value twice changes nothing. */
export function setSounding(severity: Severity | null): void {
  if (severity === sounding.value) return;
  sounding.value = severity;
  if (timer !== null) clearInterval(timer);
  timer = null;
  if (severity === null) {
    delete document.documentElement.dataset["sounding"];
    return;
  }
  document.documentElement.dataset["sounding"] = String(severity);
  play(severity);
  timer = setInterval(() => play(severity), REPEAT_MS[severity]);
}

/** Silences this desk for some time, at most an hour; 0 ends the silence, and what waits sounds at once. */
export function mute(for_ms: number): void {
  const span_ms = Math.min(Math.max(for_ms, 0), MUTE_MS_MAX);
  mutedUntil.value = span_ms > 0 ? Date.now() + span_ms : null;
  if (unmuting !== null) clearTimeout(unmuting);
  unmuting = span_ms > 0 ? setTimeout(() => mute(0), span_ms) : null;
  if (mutedUntil.value === null && sounding.value !== null) play(sounding.value);
}

/** Whether the browser will refuse a sound: it wants a click first, and nobody has clicked yet. */
export function wantsClick(): boolean {
  const activation = (navigator as { userActivation?: { hasBeenActive: boolean } }).userActivation;
  return activation !== undefined && !activation.hasBeenActive;
}

/** Called from a click: browsers allow sound only after one. */
export function allowSound(): void {
  context ??= new AudioContext();
  void context.resume().then(() => (blocked.value = false));
}
