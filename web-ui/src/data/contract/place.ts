// Places and links: fences, positions, people on the map, offices and what waits between them.
import type {
  Ms, CaseId, AlarmId, OfficeId, FixId, Text, Severity, OfficeRef, CaseRef,
} from "./base";

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
  /** What it is for, a code that the offer names; absent where that was not said. */
  role?: string | null;
  buffer_m: number;
  case_id: CaseId | null;
  case_name: string | null;
  schedule: Window[] | null;
  in_force: boolean;
  version: number;
}
/** Hours of the week, Beijing time; days 1 = Monday to 7. */
export interface Window {
  days: number[];
  from: string;
  to: string;
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
/** Where somebody was last. */
export interface LastFix {
  at: Ms;
  received_at: Ms;
  lat_e7: number;
  lon_e7: number;
  accuracy_mm: number;
  source: "gnss" | "wifi" | "cell";
}
export interface MapPerson {
  case: CaseRef;
  regime: "band" | "phone";
  fix: LastFix | null;
  verdict: "compliant" | "violation" | "unknown";
  cause: Text | null;
  alarm_id: AlarmId | null;
  severity: Severity | null;
}
/** What changed on the map since the page was last told; `whole`: these are all there are. */
export interface Positions {
  as_of: Ms;
  whole: boolean;
  items: MapPerson[];
  gone: CaseId[];
}
export interface Permit {
  label: Text;
  from: Ms;
  to: Ms;
  area: Feature<AreaProperties> | null;
}
export interface FenceNotice {
  field: string;
  code: string;
  text: Text;
}
export interface FenceCheck {
  ok: boolean;
  notices: FenceNotice[];
  points: number;
  geometry: Geometry | null;
  buffer_default_m: number;
  works_m: number | null;
}
export interface Track {
  case: CaseRef;
  from: Ms;
  to: Ms;
  items: Fix[];
  complete: boolean;
  note: Text | null;
}
export type LocateReason = "duty" | "alarm" | "search" | "inspection";

export interface Lane {
  items: number;
  bytes: number | null;
}
export interface LaneTraffic {
  sent_bytes: number;
  received_bytes: number;
  sent_bps: number | null;
  received_bps: number | null;
}
export interface Lanes<L> {
  urgent: L;
  normal: L;
  bulk: L;
}
export interface NetworkOffice {
  office: OfficeRef;
  parent_id: OfficeId | null;
  planned: { office: OfficeRef; from: string } | null;
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
  road: "direct" | "relay" | null;
  rtt_ms: number | null;
  out_as_of: Ms | null;
  in_as_of: Ms | null;
  waiting: Lanes<Lane>;
  traffic: Lanes<LaneTraffic>;
  rate_bps: number | null;
  note: Text | null;
}
export interface Network {
  as_of: Ms;
  self: OfficeRef;
  offices: NetworkOffice[];
  links: NetworkLink[];
  refused: { total: number };
  storage: { used_bytes: number; free_bytes: number | null };
}
export interface Refused {
  id: string;
  at: Ms;
  from: OfficeRef | null;
  reason: Text;
  dossier: CaseRef | null;
  bytes: number;
}
