// The terminals of a person, orders to them, and a day's tally.
import type { CaseRef, CivilDate, Ms } from "./base";

export interface BoundDevice {
  terminal: string;
  regime: "band" | "phone";
  until: Ms;
  online: boolean;
}
export interface CaseDevices {
  /** By which a day is asked for. */
  person: string | null;
  items: BoundDevice[];
  may_locate: boolean;
  may_tell: boolean;
}
export interface OrderAnswer {
  result: "done" | "located" | "refused" | "unsupported" | "offline" | "silent" | "busy";
  message_zh: string;
  message_en: string;
  at: Ms | null;
  lat: number | null;
  lon: number | null;
}
export interface TallyStretch {
  from: number;
  to: number;
  what: "compliant" | "violation" | "unknown";
  cause: string | null;
}
/** A civil day in Shanghai, every second once. */
export interface Tally {
  case: CaseRef;
  day: CivilDate;
  until: Ms;
  seconds: { compliant: number; violation: number; unknown: Record<string, number> };
  stretches: TallyStretch[];
}
