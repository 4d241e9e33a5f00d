// What every answer is made of: ids, words, standing, signed acts, offered forms.

declare const brand: unique symbol;
type Branded<T, B extends string> = T & { readonly [brand]: B };

export type Ms = Branded<number, "ms">; // UTC milliseconds
export type CivilDate = Branded<string, "date">; // YYYY-MM-DD, Asia/Shanghai
export type CaseId = Branded<string, "case">;
export type MatterId = Branded<string, "matter">;
export type AlarmId = Branded<string, "alarm">;
export type ActId = Branded<string, "act">;
export type PersonId = Branded<string, "person">;
export type OfficeId = Branded<string, "office">;
export type SectionId = Branded<string, "section">;
export type FixId = Branded<string, "fix">;
export type Version = Branded<string, "version">;

export type Json = string | number | boolean | null | Json[] | { [key: string]: Json };
export interface Text {
  zh: string;
  en: string;
}
export interface Coded {
  code: string;
  label: Text;
}
export type Severity = 1 | 2 | 3 | 4;
export type Tier = 1 | 2 | 3 | 4 | 5;

export interface OfficeRef {
  id: OfficeId;
  code: string;
  name: string;
  tier: Tier;
}
export interface CaseRef {
  id: CaseId;
  no: string;
  name: string;
  pseudonymous: boolean;
}
export interface Signer {
  person_id: PersonId;
  name: string;
  office: OfficeRef;
  capacity: Text;
}
export type StandingState =
  | "good"
  | "unfiled"
  | "waiting"
  | "void"
  | "late"
  | "replaced"
  | "withdrawn"
  | "conflicted"
  | "reliance";
export interface Standing {
  state: StandingState;
  reason: string | null;
  label: Text;
  evidence_at: Ms | null;
  remedy: Text | null;
}
export type Unit = "working_day" | "calendar_day" | "hour" | "minute";
export interface Remaining {
  n: number;
  unit: Unit;
}
export interface Due {
  id: string;
  label: Text;
  at: Ms;
  date: CivilDate;
  provisional: boolean;
  remaining: Remaining;
  severity: Severity;
}
export interface Delivery {
  state: "delivered" | "waiting" | "local";
  to: OfficeRef | null;
  as_of: Ms | null;
  label: Text;
}
/** Between which instants superiors' receipts prove a signature; `odd` where the claimed time lies outside. */
export interface EvidenceWindow {
  not_before: Ms | null;
  not_after: Ms | null;
  odd: boolean;
}
export interface ChangeLine {
  label: Text;
  before: Text;
  after: Text;
}
export interface Correction {
  signer: Signer;
  claimed_at: Ms;
  reason: string;
  lines: ChangeLine[];
}
/** One side of a quarrel that an offer settles. */
export interface Side {
  id: ActId;
  value: Json;
  display: Text;
  signer: Signer;
  claimed_at: Ms;
  window: EvidenceWindow;
  note: string | null;
}
export interface Act {
  id: ActId;
  kind: string;
  title: Text;
  detail: { label: Text; value: Text }[];
  note: string | null;
  signer: Signer;
  claimed_at: Ms;
  window: EvidenceWindow;
  standing: Standing;
  corrections: Correction[];
  changed: ChangeLine[];
  mend: Offer | null;
  matter_id: MatterId | null;
  alarm_id: AlarmId | null;
}
export interface Target {
  view: "case" | "matter" | "alarm" | "map" | "network" | "audit";
  id: string | null;
  event: string | null;
}
export interface Fact {
  label: Text;
  value: Text;
  tone: "plain" | "good" | "warn" | "bad";
}

export type FieldKind =
  | "date"
  | "datetime"
  | "text"
  | "choice"
  | "choices"
  | "integer"
  | "bool"
  | "area"
  | "ref";
export interface Field {
  name: string;
  label: Text;
  kind: FieldKind;
  required: boolean;
  help: Text | null;
  max_chars: number | null;
  multiline: boolean;
  min: number | null;
  max: number | null;
  unit: Text | null;
  min_date: CivilDate | null;
  max_date: CivilDate | null;
  choices: Coded[] | null;
  ref_kind: string | null;
  default: Json | null;
}
export interface FieldValue {
  name: string;
  label: Text;
  kind: FieldKind;
  value: Json;
  display: Text;
}
export interface Offer {
  event: string;
  label: Text;
  tone: "primary" | "danger" | "plain";
  post: string;
  decision: boolean;
  passphrase: boolean;
  blocked: Text | null;
  notice: Text | null;
  rivals: Side[];
  fields: Field[];
  section: { id: SectionId; items: { label: Text; value: Text }[] } | null;
}
export interface SignRequest {
  event: string;
  fields: Record<string, Json>;
  section_id: SectionId | null;
  sign: { passphrase: string } | { pin: string } | null;
  dry_run: boolean;
}
export interface Signed {
  act: Act;
  target: Target;
}
export interface DryRun {
  facts: Fact[];
  warnings: Text[];
}
export interface Page<T> {
  items: T[];
  next: string | null;
  total: number;
}
