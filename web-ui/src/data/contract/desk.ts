// What the desk shows: session, today, cases, matters, alarms, drafts, live events.
import type {
  Ms, CivilDate, CaseId, MatterId, AlarmId, PersonId, FixId, Version, Json, Text, Coded, Severity, OfficeRef, CaseRef, Signer, ChangeLine, Standing, Due, Delivery, Act, Target, Fact, FieldKind, FieldValue, Offer,
} from "./base";
import type {
  Feature, FeatureCollection, FenceProperties, Fix, MapPerson, Permit, Positions,
} from "./place";
import type { Wall } from "./explain";

export interface NodeInfo {
  office: OfficeRef;
  demo: boolean;
  version: string;
  now: Ms;
  locked: boolean;
  alarm: Severity | null;
}
/** A new key that was asked for, as the officer's screen shows it. */
export interface Begun {
  code: string;
  line: string;
  qr: string;
  days: number;
}
/** A new key that waits for the answer of an office above; its code is heard, never shown. */
export interface Waiting {
  office: string;
  name: string;
  staff_number: string;
  at: Ms;
}
export interface Approved {
  office: string;
  name: string;
  staff_number: string;
  reply: string;
}
/** A place that somebody was appointed ahead to take (AB岗). */
export interface StandInRow {
  appointment: string;
  office: OfficeRef;
  name: string;
  staff_number: string;
  in_place_of: string;
  capacity: Text;
  condition: string;
  taken: boolean;
  own: boolean;
  changes: { at: Ms; reason: string; back: boolean }[];
}
export type ViewName = "today" | "cases" | "leave" | "alarms" | "duty" | "map" | "network" | "wall";
export interface Session {
  person: { id: PersonId; name: string; staff_number: string };
  office: OfficeRef;
  capacity: Text;
  roles: string[];
  views: ViewName[];
  expires_at: Ms;
  idle_s: number;
  ukey: boolean;
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
/** Acts of one signature that wait for one reason and that one endorsement mends. */
export interface WaitingGroup {
  signer: Signer;
  standing: Standing;
  heal: Text;
  count: number;
  acts: { case: CaseRef; act: Act }[];
}
export interface Today {
  as_of: Ms;
  date: CivilDate;
  reminders: Reminder[];
  alarms: AlarmRow[];
  waiting: WaitingGroup[];
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
  changed: boolean;
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
  slots: {
    name: string;
    label: Text;
    value: Coded | null;
    standing: Standing | null;
    rivals: Act[];
    notice: Text | null;
    changed: ChangeLine[];
  }[];
  path: PathStep[];
  dues: Due[];
  reminders: { at: Ms; label: Text }[];
  offers: Offer[];
  delivery: Delivery;
}
/** Silence of many for one reason of the network's. */
export interface Mass {
  id: AlarmId;
  cause: Coded;
  which: Text;
  people: number;
  rows: number;
  unclaimed: number | null;
  first_at: Ms;
  last_at: Ms;
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
  mass: Mass | null;
  claimed: { person_id: PersonId; name: string; office: OfficeRef; at: Ms } | null;
  sounding: boolean;
  due: Due | null;
  delivery: Delivery;
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
    permits: Permit[];
  };
  path: PathStep[];
  steps: Act[];
  offers: Offer[];
  dues: Due[];
  delivery: Delivery;
}
/** One person of the map with what binds and what lifts. */
export interface PersonCard {
  as_of: Ms;
  person: MapPerson;
  fences: FeatureCollection<FenceProperties>;
  permits: Permit[];
  alarms: AlarmRow[];
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
  positions: Positions;
  wall: Wall;
  signed_out: { reason: "idle" | "replaced" | "revoked" };
}
