// The log: who looked, signed and was refused; what is wrong with it; who looked at one case.
import type { CaseRef, Coded, Ms, OfficeId, OfficeRef, Text } from "./base";

export interface StaffRef {
  id: string;
  name: string;
  staff_number: string;
}
export interface AuditRow {
  number: number;
  log: OfficeRef;
  at: Ms;
  person: StaffRef | null;
  office: OfficeRef;
  kind: Coded;
  purpose: Coded | null;
  case: CaseRef | null;
  case_open: boolean;
  act: string | null;
  word: Coded | null;
  peer: OfficeRef | null;
  as_of: Ms | null;
  from: Ms | null;
  to: Ms | null;
  signed: boolean;
  evidence_at: Ms | null;
}
export interface AuditFinding {
  log: OfficeRef;
  number: number;
  to: number;
  fault: Coded;
  at: Ms;
  text: Text;
}
export interface CaseLook {
  at: Ms;
  office: OfficeRef;
  capacity: Text;
  name: string;
  kind: Coded;
  purpose: Coded | null;
}
export interface CaseLooks {
  case: CaseRef;
  since: Ms;
  as_of: Ms;
  items: CaseLook[];
}
/** Why a case is looked at that is nobody's task here. */
export type LookReason = "duty" | "alarm" | "search" | "inspection" | "complaint" | "court";
export interface AuditQuery {
  person: string;
  case: string;
  kind: string;
  day: string;
  office: OfficeId | "";
}
