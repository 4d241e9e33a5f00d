// Where people are, for the map that is open: one subscription at a time, given a reason that is logged.
import { shallowRef, triggerRef } from "vue";
import type { LocateReason } from "../data/contract";
import { People, type Told } from "../data/people";
import { setNodeTime } from "./clock";
import { follow, listen } from "./live";

const LIST_MS = 1_000; // the list beside the map is read by people: once a second is enough

export const people = new People();
/** Triggered at most once a second: the map itself follows `onTold`. */
export const listed = shallowRef(people.of);
let stale = false;
const listeners = new Set<(told: Told) => void>();

listen("positions", (positions) => {
  const told = people.take(positions);
  setNodeTime(positions.as_of);
  for (const listener of [...listeners]) listener(told);
  if (told.all) triggerRef(listed);
  else stale = true;
});

setInterval(() => {
  if (!stale) return;
  stale = false;
  triggerRef(listed);
}, LIST_MS);

/** Follows positions for a reason, or no more. */
export function followPositions(reason: LocateReason | null): void {
  people.clear();
  triggerRef(listed);
  follow(reason);
}

/** Told at once of each change, until the returned function is called. */
export function onTold(listener: (told: Told) => void): () => void {
  listeners.add(listener);
  return () => void listeners.delete(listener);
}

