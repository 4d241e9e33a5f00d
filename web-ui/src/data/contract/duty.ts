// Duty: who has it, the list, what nobody could be told, and what one shift leaves to the next.
import type { CaseRef, Coded, Ms, OfficeRef, PersonId, Severity, Text } from "./base";
import type { Window } from "./place";

export interface Shift {
  person_id: PersonId;
  from: Ms;
  to: Ms;
}
export interface Phone {
  person_id: PersonId;
  number: string;
}
export interface DutyList {
  hours: Window[] | null;
  workdays: boolean;
  shifts: Shift[];
  phones: Phone[];
  replaces: string[];
  contested: boolean;
}
export interface UntoldRow {
  id: string;
  alarm_id: string;
  kind: Coded;
  severity: Severity;
  case: CaseRef | null;
  at: Ms;
  step: Coded;
  way: Coded;
  receiver: string;
  tries: number;
  reason: Coded;
}
export interface CallRow {
  alarm_id: string;
  at: Ms;
  step: Coded;
  way: Coded;
  receiver: string;
  state: Coded;
  ended_at: Ms | null;
  tried: { at: Ms; reason: Coded | null }[];
}
export interface DutyPage {
  as_of: Ms;
  office: OfficeRef;
  in_hours: boolean;
  on_duty: { person_id: PersonId; name: string; office: OfficeRef; phone: string | null; why: Coded }[];
  unlisted: OfficeRef[];
  list: DutyList;
  may_edit: boolean;
  staff: { person_id: PersonId; name: string }[];
  ways: Coded[];
  untold: UntoldRow[];
  calls: CallRow[];
  outages: { from: Ms; to: Ms; ordered: boolean }[];
}
export interface HandRow {
  view: "alarm" | "case" | "matter";
  id: string;
  case: CaseRef | null;
  what: Text;
  at: Ms | null;
  by: Text | null;
  severity: Severity | null;
  people: number;
}
export interface HandList {
  id: string;
  at: Ms;
  alarms: HandRow[];
  untold: HandRow[];
  devices: HandRow[];
  leaves: HandRow[];
  hidden: number;
  cut: boolean;
}
export interface HandOverRow {
  id: string;
  by: string;
  at: Ms;
  open: number;
  untold: number;
  taken_by: string | null;
  taken_at: Ms | null;
  may_take: boolean;
  kept: boolean;
}
export interface HandOverPage {
  list: HandList;
  given: HandOverRow[];
}
export type Proof = { passphrase: string } | { pin: string };
