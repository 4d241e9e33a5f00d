// An order to a terminal, from the click until the terminal said what came of it.
import type { Ms, OrderAnswer, Text } from "./contract";

export type OrderState = "sent" | "answered" | "refused" | "unanswered" | "no_line" | "failed";

export interface SentOrder {
  number: number;
  kind: "locate" | "text";
  at: Ms;
  state: OrderState;
  said: Text | null;
  /** Where the terminal said it is, and when, by its own clock; 28.1500000, 113.6000000. */
  place: { at: Ms; label: string } | null;
}

const STATES: Record<OrderAnswer["result"], OrderState> = {
  done: "answered",
  located: "answered",
  refused: "refused",
  unsupported: "refused",
  offline: "no_line",
  silent: "unanswered",
  busy: "unanswered",
};

export function stateOf(answer: OrderAnswer): OrderState {
  return STATES[answer.result] ?? "failed";
}

const DIGITS = 7;

export function placeOf({ at, lat, lon }: OrderAnswer): SentOrder["place"] {
  if (at === null || lat === null || lon === null) return null;
  return { at, label: `${lat.toFixed(DIGITS)}, ${lon.toFixed(DIGITS)}` };
}

/** How a state is coloured. */
export const TONES: Record<OrderState, string> = {
  sent: "blue", answered: "good", refused: "orange", unanswered: "yellow", no_line: "red", failed: "red",
};

export const TEXT_CHARS_MAX = 200;
