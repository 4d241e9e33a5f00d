// Evidence of time: which of the two ends of a signature's window are proved, as keys of the catalogue.
import type { EvidenceWindow, Ms } from "./contract";

export interface EvidencePart {
  key: "not_before" | "not_after" | "undelivered";
  at: Ms | null;
}

/** The proved ends in order; without a receipt the signature still waits to be delivered. */
export function evidenceParts(window: EvidenceWindow): EvidencePart[] {
  const parts: EvidencePart[] = [];
  if (window.not_before !== null) parts.push({ key: "not_before", at: window.not_before });
  parts.push(
    window.not_after === null
      ? { key: "undelivered", at: null }
      : { key: "not_after", at: window.not_after },
  );
  return parts;
}
