// Everybody on the map as flat arrays of numbers: a frame reads them in order and makes no object.
import { ageOf, type Age } from "./age";
import type { CaseId, MapPerson, Ms } from "./contract";
import { accuracyM, mercatorOf, mercatorStretch, positionOf } from "./geometry";

export const AGES: readonly Age[] = ["fresh", "ageing", "old"];
export const VERDICTS = ["compliant", "unknown", "violation"] as const;
const GRAVE_MAX = 2; // severities that are ringed

/** How a dot looks, apart from its age: verdict, regime and whether a grave alarm waits. */
export const LOOKS = VERDICTS.length * 4;
export function lookOf({ verdict, regime, severity }: MapPerson): number {
  const grave = severity !== null && severity <= GRAVE_MAX;
  return VERDICTS.indexOf(verdict) * 4 + (regime === "phone" ? 2 : 0) + (grave ? 1 : 0);
}
export const verdictOf = (look: number): (typeof VERDICTS)[number] => VERDICTS[look >> 2] as (typeof VERDICTS)[number];
export const isHollow = (look: number): boolean => (look & 2) !== 0;
export const isGrave = (look: number): boolean => (look & 1) !== 0;
/** The first look that tells a violation: it is drawn over all that are less. */
export const VIOLATION = VERDICTS.indexOf("violation") * 4;

const ROOM = 256;

/** Dots in slots 0 to `count` - 1; the last takes the place of one that goes. */
export class Dots {
  count = 0;
  /** Web-Mercator, m. */
  x = new Float64Array(ROOM);
  y = new Float64Array(ROOM);
  /** Error circle as Mercator draws it, m. */
  radius = new Float32Array(ROOM);
  look = new Uint8Array(ROOM);
  /** Index into `AGES`. */
  age = new Uint8Array(ROOM);
  /** 1 where a dot went to another place and was not drawn there yet. */
  moved = new Uint8Array(ROOM);
  /** Whole pixels from the origin of Mercator at the resolution last asked for. */
  px = new Int32Array(ROOM);
  py = new Int32Array(ROOM);
  readonly people: MapPerson[] = [];
  private readonly slots = new Map<CaseId, number>();
  private resolution = 0;

  slotOf(id: CaseId): number | undefined {
    return this.slots.get(id);
  }

  clear(): void {
    this.slots.clear();
    this.people.length = 0;
    this.count = 0;
  }

  /** Takes in how people are now; whoever has no position has no dot. */
  put(people: Iterable<MapPerson>, now: Ms): void {
    for (const person of people) {
      if (person.fix === null) this.drop(person.case.id);
      else this.set(person, now);
    }
  }

  private set(person: MapPerson, now: Ms): void {
    const fix = person.fix as NonNullable<MapPerson["fix"]>;
    const known = this.slots.get(person.case.id);
    const i = known ?? this.count;
    if (known === undefined) {
      if (i === this.x.length) this.grow();
      this.slots.set(person.case.id, i);
      this.count += 1;
    }
    const at = positionOf(fix);
    const [x, y] = mercatorOf(at);
    if (known !== undefined && (this.x[i] !== x || this.y[i] !== y)) this.moved[i] = 1;
    else if (known === undefined) this.moved[i] = 0;
    this.x[i] = x;
    this.y[i] = y;
    this.radius[i] = accuracyM(fix) * mercatorStretch(at[1]);
    this.look[i] = lookOf(person);
    this.age[i] = AGES.indexOf(ageOf(fix, now));
    this.people[i] = person;
    this.place(i);
  }

  drop(id: CaseId): void {
    const i = this.slots.get(id);
    if (i === undefined) return;
    this.slots.delete(id);
    const last = (this.count -= 1);
    const moved = this.people[last] as MapPerson;
    this.people.length = last;
    if (i === last) return;
    for (const column of this.columns()) column[i] = column[last] as number;
    this.people[i] = moved;
    this.slots.set(moved.case.id, i);
  }

  /** Lets dots grow old by the clock alone; whether any of them now looks another way. */
  fade(now: Ms): boolean {
    let changed = false;
    for (let i = 0; i < this.count; i += 1) {
      const age = AGES.indexOf(ageOf((this.people[i] as MapPerson).fix as { at: Ms }, now));
      changed ||= age !== this.age[i];
      this.age[i] = age;
    }
    return changed;
  }

  /** Pixels for a resolution, m a pixel. Worked out anew only where that changed. */
  project(resolution: number): void {
    if (resolution === this.resolution) return;
    this.resolution = resolution;
    for (let i = 0; i < this.count; i += 1) this.place(i);
  }

  private place(i: number): void {
    if (this.resolution === 0) return;
    this.px[i] = Math.round((this.x[i] as number) / this.resolution);
    this.py[i] = Math.round(-(this.y[i] as number) / this.resolution);
  }

  private columns(): (Float64Array | Float32Array | Uint8Array | Int32Array)[] {
    return [this.x, this.y, this.radius, this.look, this.age, this.moved, this.px, this.py];
  }

  private grow(): void {
    const room = this.x.length * 2;
    const larger = <A extends Float64Array | Float32Array | Uint8Array | Int32Array>(old: A, made: A): A => {
      made.set(old);
      return made;
    };
    this.x = larger(this.x, new Float64Array(room));
    this.y = larger(this.y, new Float64Array(room));
    this.radius = larger(this.radius, new Float32Array(room));
    this.look = larger(this.look, new Uint8Array(room));
    this.age = larger(this.age, new Uint8Array(room));
    this.moved = larger(this.moved, new Uint8Array(room));
    this.px = larger(this.px, new Int32Array(room));
    this.py = larger(this.py, new Int32Array(room));
  }
}
