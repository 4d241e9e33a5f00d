// The shapes of the console's JSON interface, version 1, exactly as the node serves them.
// Ids are branded so that a case id can't be handed where a matter id is meant.

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
export interface Act {
  id: ActId;
  kind: string;
  title: Text;
  detail: { label: Text; value: Text }[];
  note: string | null;
  signer: Signer;
  claimed_at: Ms;
  standing: Standing;
  matter_id: MatterId | null;
  alarm_id: AlarmId | null;
}
export interface Target {
  view: "case" | "matter" | "alarm" | "map" | "network";
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
  fields: Field[];
  section: { id: SectionId; items: { label: Text; value: Text }[] } | null;
}
export interface SignRequest {
  event: string;
  fields: Record<string, Json>;
  section_id: SectionId | null;
  sign: { passphrase: string } | null;
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

export interface NodeInfo {
  office: OfficeRef;
  demo: boolean;
  version: string;
  now: Ms;
  locked: boolean;
}
export type ViewName = "today" | "cases" | "leave" | "alarms" | "map" | "network";
export interface Session {
  person: { id: PersonId; name: string; staff_number: string };
  office: OfficeRef;
  capacity: Text;
  roles: string[];
  views: ViewName[];
  expires_at: Ms;
  idle_s: number;
  demo: boolean;
  version: string;
  now: Ms;
}
export interface Notice {
  code: string;
  severity: Severity;
  text: Text;
  target: Target | null;
}
export interface Status {
  now: Ms;
  demo: boolean;
  clock: { trusted: boolean; note: Text | null };
  upstream: {
    office: OfficeRef;
    state: "linked" | "cut";
    as_of: Ms | null;
    cut_since: Ms | null;
  } | null;
  waiting: { urgent: number; normal: number; bulk: number };
  unfiled: number;
  alarms: Record<"1" | "2" | "3" | "4", number>;
  unacknowledged: number;
  notices: Notice[];
}

export interface Reminder {
  id: string;
  kind: Coded;
  title: Text;
  case: CaseRef | null;
  due: Due | null;
  severity: Severity;
  target: Target;
}
export interface Today {
  as_of: Ms;
  date: CivilDate;
  reminders: Reminder[];
  alarms: AlarmRow[];
  counts: {
    on_register: number;
    out: number;
    waiting_for_me: number;
    open_alarms: number;
    conflicts: number;
  };
}
export interface CaseRow extends CaseRef {
  kind: Coded;
  class: Coded | null;
  state: Coded;
  office: OfficeRef;
  term: { from: CivilDate; to: CivilDate; days_left: number } | null;
  flags: { code: string; label: Text; severity: Severity }[];
  open_matters: number;
  open_alarms: number;
  conflicts: number;
  updated_at: Ms;
}
export interface ProtectedField {
  name: string;
  label: Text;
  kind: FieldKind;
  value: Json;
  display: Text;
  standing: Standing | null;
  rivals: { value: Json; display: Text; act: Act }[];
  amend: Offer | null;
}
export interface TextField {
  name: string;
  label: Text;
  value: string;
  version: Version;
  max_chars: number;
  editable: boolean;
  multiline: boolean;
  updated_at: Ms | null;
  updated_by: string | null;
}
export interface TextSaved {
  value: string;
  version: Version;
  merged: boolean;
  others: { name: string; at: Ms }[];
}
export interface CasePage {
  case: CaseRow;
  protected: ProtectedField[];
  texts: TextField[];
  matters: MatterRow[];
  alarms: AlarmRow[];
  dues: Due[];
  offers: Offer[];
  records: Offer[];
  holders: OfficeRef[];
  delivery: Delivery;
  read_only: Text | null;
}
export interface MatterRow {
  id: MatterId;
  workflow: string;
  title: Text;
  case: CaseRef;
  state: Coded;
  summary: Text;
  level: Coded | null;
  due: Due | null;
  standing: Standing;
  mine: boolean;
  updated_at: Ms;
}
export interface PathStep {
  code: string;
  label: Text;
  done: boolean;
  current: boolean;
}
export interface MatterPage {
  matter: MatterRow;
  form: FieldValue[];
  facts: Fact[];
  steps: Act[];
  slots: { name: string; label: Text; value: Coded | null; standing: Standing | null; rivals: Act[] }[];
  path: PathStep[];
  dues: Due[];
  reminders: { at: Ms; label: Text }[];
  offers: Offer[];
  delivery: Delivery;
}
export interface AlarmRow {
  id: AlarmId;
  kind: Coded;
  severity: Severity;
  state: Coded;
  open: boolean;
  case: CaseRef | null;
  place: Text;
  office: OfficeRef;
  raised_at: Ms;
  received_at: Ms;
  last_seen_at: Ms;
  live: boolean;
  count: number;
  claimed: { person_id: PersonId; name: string; office: OfficeRef; at: Ms } | null;
  sounding: boolean;
  due: Due | null;
  delivery: Delivery;
}

export type Position = [number, number];
export type Geometry =
  | { type: "Polygon"; coordinates: Position[][] }
  | { type: "MultiPolygon"; coordinates: Position[][][] };
export interface Feature<P> {
  type: "Feature";
  id?: string | number;
  properties: P;
  geometry: Geometry | null;
}
export interface FeatureCollection<P> {
  type: "FeatureCollection";
  features: Feature<P>[];
}
export interface CountyProperties {
  adcode: string;
  name: string;
  mine: boolean;
}
export interface FenceProperties {
  id: string;
  name: string;
  kind: "keep_in" | "keep_out";
  buffer_m: number;
  case_id: CaseId | null;
  case_name: string | null;
  schedule: Text | null;
  in_force: boolean;
  version: number;
}
export interface AreaProperties {
  name: string;
  datum: "wgs84";
  adcodes: string[];
}
export interface Fix {
  id: FixId;
  at: Ms;
  received_at: Ms;
  lat_e7: number;
  lon_e7: number;
  accuracy_mm: number;
  source: "gnss" | "wifi" | "cell";
  live: boolean;
}
export interface AlarmPage {
  alarm: AlarmRow;
  reason: Text;
  facts: Fact[];
  members: { id: AlarmId; case: CaseRef | null; raised_at: Ms }[];
  evidence: {
    fence: Feature<FenceProperties> | null;
    fixes: Fix[];
    deciding_fix: FixId | null;
    permits: { label: Text; from: Ms; to: Ms; area: Feature<AreaProperties> | null }[];
  };
  path: PathStep[];
  steps: Act[];
  offers: Offer[];
  dues: Due[];
  delivery: Delivery;
}
export interface MapPerson {
  case: CaseRef;
  regime: "band" | "phone";
  fix: Fix | null;
  verdict: "compliant" | "violation" | "unknown";
  cause: Text | null;
  alarm_id: AlarmId | null;
  severity: Severity | null;
}
export type LocateReason = "duty" | "alarm" | "search" | "inspection";

export interface Lane {
  items: number;
  bytes: number;
}
export interface NetworkOffice {
  office: OfficeRef;
  parent_id: OfficeId | null;
  state: "self" | "linked" | "cut" | "never" | "relayed";
  heard_at: Ms | null;
  as_of: Ms | null;
  cases: number | null;
  alarms: number | null;
}
export interface NetworkLink {
  office: OfficeRef;
  direction: "up" | "down" | "side";
  state: "linked" | "cut" | "never";
  since: Ms | null;
  road: "direct" | "relay" | "file";
  out_as_of: Ms | null;
  in_as_of: Ms | null;
  waiting: { urgent: Lane; normal: Lane; bulk: Lane };
  rate_bps: number | null;
  note: Text | null;
}
export interface Network {
  as_of: Ms;
  self: OfficeRef;
  offices: NetworkOffice[];
  links: NetworkLink[];
  refused: { total: number };
  storage: { used_bytes: number; free_bytes: number };
}
export interface Refused {
  id: string;
  at: Ms;
  from: OfficeRef | null;
  reason: Text;
  dossier: CaseRef | null;
  bytes: number;
}
export interface Draft {
  key: string;
  title: string;
  body: Json;
  saved_at: Ms;
}

export interface LiveEvents {
  hello: { now: Ms };
  reset: Record<string, never>;
  alarm: AlarmRow;
  alarm_changed: AlarmRow;
  case_changed: { id: CaseId; by: string | null; parts: string[] };
  matter_changed: { id: MatterId; case_id: CaseId; state: Coded };
  network_changed: Status;
  fix: MapPerson;
  signed_out: { reason: "idle" | "replaced" | "revoked" };
}
