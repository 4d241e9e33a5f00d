// The last minutes of chosen people as lines: fetched once, then lengthened by what is told live.
import type { CaseId, LastFix, MapPerson, Ms } from "./contract";
import { GAP_MS } from "./track";

export interface TrailPoint {
  at: Ms;
  lat_e7: number;
  lon_e7: number;
}

/** Most people whose trails are drawn at once. */
export const TRAILS_MAX = 10;

/** Trails by case, oldest point first. Only bands leave one: a phone's checks are never joined. */
export class Trails {
  readonly of = new Map<CaseId, TrailPoint[]>();

  begin(id: CaseId, points: TrailPoint[]): void {
    this.of.set(id, [...points].sort((a, b) => a.at - b.at));
  }

  end(id: CaseId): void {
    this.of.delete(id);
  }

  /** Lengthens the trails of those who moved; late reports find their place. */
  take(people: MapPerson[]): boolean {
    let changed = false;
    for (const { case: ref, fix, regime } of people) {
      const trail = this.of.get(ref.id);
      if (trail === undefined || fix === null || regime !== "band") continue;
      changed = this.insert(trail, fix) || changed;
    }
    return changed;
  }

  private insert(trail: TrailPoint[], { at, lat_e7, lon_e7 }: LastFix): boolean {
    let index = trail.length;
    while (index > 0 && (trail[index - 1] as TrailPoint).at > at) index -= 1;
    if (trail[index - 1]?.at === at) return false;
    trail.splice(index, 0, { at, lat_e7, lon_e7 });
    return true;
  }

  /** Points of the last minutes as pieces of known time: unknown time is never bridged by a line. */
  pieces(id: CaseId, since: Ms): TrailPoint[][] {
    const found: TrailPoint[][] = [];
    let last: TrailPoint | undefined;
    for (const point of this.of.get(id) ?? []) {
      if (point.at < since) continue;
      const piece = found[found.length - 1];
      if (piece === undefined || last === undefined || point.at - last.at > GAP_MS) found.push([point]);
      else piece.push(point);
      last = point;
    }
    return found;
  }
}
