// The replay of an alarm: what its page shows at each moment, and what stands in where no explanation is kept.
import type { AlarmPage, AreaProperties, Explain, ExplainedFix, Feature, FixId, Ms, Text } from "./contract";

/** One fix of the replay with what is to be said of it. */
export interface ReplayFix {
  id: FixId;
  at: Ms;
  received_at: Ms;
  live: boolean;
  lat_e7: number;
  lon_e7: number;
  accuracy_mm: number;
  source: "gnss" | "wifi" | "cell";
  /** How it is drawn: decides, counts towards it, lies beside, or was not used. */
  mark: "decides" | "counts" | "beside" | "unused";
  why: Text | null;
}

export interface ReplayPermit {
  from: Ms;
  to: Ms;
  area: Feature<AreaProperties> | null;
  /** How many of the fixes it lifted the fence for; null where that is not known. */
  covers: number | null;
}

export interface Replay {
  fixes: ReplayFix[];
  fence: AlarmPage["evidence"]["fence"];
  permits: ReplayPermit[];
  /** Whether judging anew comes to the same; null where that was not asked. */
  agrees: boolean | null;
  differs: Text[];
  whole: boolean;
}

function markOf(fix: ExplainedFix): ReplayFix["mark"] {
  if (fix.decides) return "decides";
  if (fix.counts) return "counts";
  return fix.used ? "beside" : "unused";
}

export function replayOf(explain: Explain): Replay {
  return {
    fixes: explain.fixes.map((fix) => ({ ...fix, mark: markOf(fix) })),
    fence: explain.fence,
    permits: explain.permits.map(({ from, to, area, covers }) => ({ from, to, area, covers })),
    agrees: explain.agrees,
    differs: explain.differs,
    whole: explain.window.whole,
  };
}

/** The few fixes that an alarm carries itself: shown where the node keeps no explanation. */
export function replayOfEvidence({ evidence }: AlarmPage): Replay {
  return {
    fixes: evidence.fixes.map((fix) => ({ ...fix, mark: fix.id === evidence.deciding_fix ? "decides" : "counts", why: null })),
    fence: evidence.fence,
    permits: evidence.permits.map(({ from, to, area }) => ({ from, to, area, covers: null })),
    agrees: null,
    differs: [],
    whole: true,
  };
}

/** Where the slider begins: at the fix that decided, else at the last. */
export function startOf(replay: Replay): number {
  const deciding = replay.fixes.findIndex((fix) => fix.mark === "decides");
  return deciding >= 0 ? deciding : Math.max(0, replay.fixes.length - 1);
}
