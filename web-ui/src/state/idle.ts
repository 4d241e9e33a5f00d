// A desk that nobody touches closes itself: the next person must not act in the last one's name.

const INPUTS = ["pointerdown", "keydown", "wheel", "pointermove"] as const;
const CHECK_MS = 5_000;

let touched_ms = Date.now();
let timer: ReturnType<typeof setInterval> | null = null;

for (const input of INPUTS) {
  window.addEventListener(input, () => (touched_ms = Date.now()), { capture: true, passive: true });
}

/** Calls `leave` once when nothing was touched for `idle_s` seconds. */
export function watchIdle(idle_s: number, leave: () => void): void {
  stopIdle();
  touched_ms = Date.now();
  timer = setInterval(() => {
    if (Date.now() - touched_ms < idle_s * 1_000) return;
    stopIdle();
    leave();
  }, CHECK_MS);
}

export function stopIdle(): void {
  if (timer !== null) clearInterval(timer);
  timer = null;
}
