// Keeps what was typed while a save was under way: the answer brings the merged text, and the
// typing since the save is carried over onto it.

interface Splice {
  at: number;
  removed: number;
  inserted: string;
}

/** The one smallest replacement that turns `from` into `to`. */
export function spliceOf(from: string, to: string): Splice {
  const shorter = Math.min(from.length, to.length);
  let head = 0;
  while (head < shorter && from[head] === to[head]) head += 1;
  let tail = 0;
  while (tail < shorter - head && from[from.length - 1 - tail] === to[to.length - 1 - tail]) tail += 1;
  return { at: head, removed: from.length - head - tail, inserted: to.slice(head, to.length - tail) };
}

/** A position in `from` as a position in `to`, after the change between them. */
export function carry(position: number, change: Splice): number {
  if (position <= change.at) return position;
  if (position >= change.at + change.removed) {
    return position - change.removed + change.inserted.length;
  }
  return change.at + change.inserted.length;
}

/** `typed` grew out of `sent`; `merged` is what the node made of `sent`. Both changes survive. */
export function rebase(sent: string, typed: string, merged: string): string {
  if (typed === sent) return merged;
  if (merged === sent) return typed;
  const local = spliceOf(sent, typed);
  const remote = spliceOf(sent, merged);
  const from = carry(local.at, remote);
  const to = Math.max(from, carry(local.at + local.removed, remote));
  return merged.slice(0, from) + local.inserted + merged.slice(to);
}
