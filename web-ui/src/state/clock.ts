// The node's time, not the PC's: ages and deadlines on the screen follow the node.
import { ref } from "vue";
import type { Ms } from "../data/contract";

const TICK_MS = 1_000;
let ahead_ms = 0;

/** The node's time, advancing each second. */
export const now = ref<Ms>(Date.now() as Ms);

/** What the node says of its time. The screen follows at the next second, at once where it was wrong by more. */
export function setNodeTime(at: Ms): void {
  ahead_ms = at - Date.now();
  if (Math.abs(at - now.value) > TICK_MS) now.value = at;
}

export function nodeTime(): Ms {
  return (Date.now() + ahead_ms) as Ms;
}

setInterval(() => {
  now.value = nodeTime();
}, TICK_MS);
