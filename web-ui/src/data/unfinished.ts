// Where a kept draft belongs: its key names the form, so the morning list can lead back to it.
import type { Ms, Target } from "./contract";

export interface Unfinished {
  key: string;
  title: string;
  saved_at: Ms;
}

const TEXT = /^case:([0-9a-f]+):text:/;
const OFFER = /^offer:(case|matter|alarm):([0-9a-f]+):(.+)$/;

/** The page on which the draft is taken up again; null for keys of another version. */
export function targetOf(key: string): Target | null {
  const text = TEXT.exec(key);
  if (text !== null) return { view: "case", id: text[1] ?? null, event: null };
  const offer = OFFER.exec(key);
  if (offer === null) return null;
  return { view: offer[1] as "case" | "matter" | "alarm", id: offer[2] ?? null, event: offer[3] ?? null };
}
