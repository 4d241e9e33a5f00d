// What made an alarm, fix by fix; and the wall screen, which names nobody.
import type { AlarmId, Coded, FixId, Ms, OfficeId, OfficeRef, Severity, Text } from "./base";
import type { Mass } from "./desk";
import type { AreaProperties, Feature, FenceProperties } from "./place";

export interface ExplainedFix {
  id: FixId;
  at: Ms;
  received_at: Ms;
  live: boolean;
  lat_e7: number;
  lon_e7: number;
  accuracy_mm: number;
  source: "gnss" | "wifi" | "cell";
  grade: "fine" | "coarse";
  used: boolean;
  unused: string | null;
  bound: boolean;
  unbound: string | null;
  fence_version: number | null;
  distance_mm: number | null;
  beyond: boolean;
  verdict: "core" | "candidate" | "neutral" | "back" | "clear" | null;
  counts: boolean;
  decides: boolean;
  why: Text;
}
export interface ExplainedPermit {
  from: Ms;
  to: Ms;
  signed: Ms | null;
  revoked: Ms | null;
  fence: string | null;
  area: Feature<AreaProperties> | null;
  covers: number;
}
export interface Explain {
  id: AlarmId;
  kind: { code: string; text: Text } | Coded;
  severity: Severity;
  retrospective: boolean;
  raised_at: Ms;
  time: Ms;
  decided_at: Ms;
  window: { from: Ms; to: Ms; whole: boolean };
  fence: Feature<FenceProperties> | null;
  permits: ExplainedPermit[];
  fixes: ExplainedFix[];
  decision: { event: string; fence: string; time: Ms; decided_at: Ms; fix: FixId } | null;
  agrees: boolean | null;
  differs: Text[];
}

export interface WallCounts {
  watched: number;
  silent: number | null;
  open: [number, number, number, number];
  unacknowledged: number;
}
export interface WallOffice {
  office: OfficeRef;
  parent_id: OfficeId | null;
  state: "self" | "linked" | "cut" | "relayed" | "never";
  as_of: Ms | null;
  counts: WallCounts;
}
export interface Wall {
  now: Ms;
  own: OfficeRef;
  as_of: Ms;
  total: WallCounts;
  masses: Mass[];
  links_up: number;
  links_down: number;
  missing: OfficeId[];
  offices: WallOffice[];
}
