// A fence while it is drawn: rings as the officer's map has them. What is allowed is said by the node alone.
import type { Locale } from "./date";
import type { Geometry, Json, Position, Window } from "./contract";

/** What the drawn degrees refer to; it must be stated, the node converts. */
export const DATUMS = ["wgs84", "cgcs2000", "gcj02", "bd09"] as const;
export type Datum = (typeof DATUMS)[number];

/** Whether degrees of this datum may be drawn on our own map, which is CGCS2000, as they are. */
export function isTrue(datum: Datum | null): boolean {
  return datum === "wgs84" || datum === "cgcs2000";
}

/** Polygons of rings, each ring without its closing repetition. */
export type Parts = Position[][][];

export interface FenceDraft {
  name: string;
  kind: "keep_in" | "keep_out";
  role: string | null;
  buffer_m: number;
  datum: Datum | null;
  parts: Parts;
  /** Whole counties instead of drawn parts; the node joins them. */
  adcodes: string[];
  windows: Window[];
}

const DIGITS = 7; // 1e-7 degree, as the node keeps it
const round = (deg: number): number => Number(deg.toFixed(DIGITS));
const open = (ring: Position[]): Position[] => {
  const [first, last] = [ring[0], ring[ring.length - 1]];
  const closed = ring.length > 1 && first !== undefined && last !== undefined && first[0] === last[0] && first[1] === last[1];
  return (closed ? ring.slice(0, -1) : ring).map(([lon, lat]) => [round(lon), round(lat)]);
};
const close = (ring: Position[]): Position[] => (ring.length === 0 ? [] : [...ring, ring[0] as Position]);

export function partsOf(geometry: Geometry): Parts {
  const polygons = geometry.type === "Polygon" ? [geometry.coordinates] : geometry.coordinates;
  return polygons.map((rings) => rings.map(open));
}

export function geometryOf(parts: Parts): Geometry | null {
  if (parts.every((rings) => rings.every((ring) => ring.length === 0))) return null;
  return { type: "MultiPolygon", coordinates: parts.map((rings) => rings.map(close)) };
}

export function pointCount(parts: Parts): number {
  return parts.reduce((sum, rings) => sum + rings.reduce((n, ring) => n + ring.length, 0), 0);
}

function withOuter(parts: Parts, change: (ring: Position[]) => Position[]): Parts {
  const [first = [[]], ...others] = parts;
  const [outer = [], ...holes] = first;
  return [[change(outer), ...holes], ...others];
}

/** The outer ring of the first part: the one whose points are listed and edited by number. */
export function outerOf(parts: Parts): Position[] {
  return parts[0]?.[0] ?? [];
}

export function moveVertex(parts: Parts, index: number, to: Position): Parts {
  return withOuter(parts, (ring) => ring.map((at, i) => (i === index ? [round(to[0]), round(to[1])] : at)));
}

/** A new vertex in the middle of the edge that begins at this one. */
export function insertVertex(parts: Parts, index: number): Parts {
  return withOuter(parts, (ring) => {
    const [a, b] = [ring[index], ring[(index + 1) % ring.length]];
    if (a === undefined || b === undefined) return ring;
    const middle: Position = [round((a[0] + b[0]) / 2), round((a[1] + b[1]) / 2)];
    return [...ring.slice(0, index + 1), middle, ...ring.slice(index + 1)];
  });
}

export function deleteVertex(parts: Parts, index: number): Parts {
  return withOuter(parts, (ring) => ring.filter((_, i) => i !== index));
}

const EARTH_M = 6_371_008.8;
const CIRCLE_POINTS = 64;

/** A circle of true metres as a ring of 64 points; off by less than 0.2 % of its radius. */
export function circle([lon, lat]: Position, radius_m: number): Parts {
  const degree_m = (Math.PI / 180) * EARTH_M;
  const wide = Math.cos((lat * Math.PI) / 180);
  const ring = Array.from({ length: CIRCLE_POINTS }, (_, i): Position => {
    const angle = (i * 2 * Math.PI) / CIRCLE_POINTS;
    return [
      round(lon + ((radius_m / degree_m) * Math.cos(angle)) / wide),
      round(lat + (radius_m / degree_m) * Math.sin(angle)),
    ];
  });
  return [[ring]];
}

/** What was in a file: an area, and the datum where the file states one. Null where there is none. */
export function importArea(text: string): { parts: Parts; datum: Datum | null; name: string } | null {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return null;
  }
  const found = geometriesOf(value);
  if (found.length === 0) return null;
  const properties = found[0]?.properties ?? {};
  const said = properties["datum"];
  const datum = DATUMS.find((known) => known === said) ?? null;
  const name = typeof properties["name"] === "string" ? properties["name"] : "";
  return { parts: found.flatMap(({ geometry }) => partsOf(geometry)), datum, name };
}

interface Found {
  geometry: Geometry;
  properties: Record<string, unknown>;
}

function geometriesOf(value: unknown): Found[] {
  if (typeof value !== "object" || value === null) return [];
  const { type, features, geometry, properties } = value as Record<string, unknown>;
  if (type === "FeatureCollection" && Array.isArray(features)) return features.flatMap(geometriesOf);
  if (type === "Feature") {
    return geometriesOf(geometry).map((found) => ({ ...found, properties: (properties ?? {}) as Record<string, unknown> }));
  }
  const { coordinates } = value as { coordinates?: unknown };
  const depth = type === "Polygon" ? 3 : type === "MultiPolygon" ? 4 : 0;
  if (depth === 0 || !isNested(coordinates, depth)) return [];
  return [{ geometry: value as Geometry, properties: {} }];
}

function isNested(value: unknown, depth: number): boolean {
  if (!Array.isArray(value) || value.length === 0) return false;
  if (depth > 1) return value.every((inner) => isNested(inner, depth - 1));
  return value.length >= 2 && value.every((n) => typeof n === "number");
}

/** The form as the node reads it, checked or signed: one and the same. */
export function fieldsOf(draft: FenceDraft): Record<string, Json> {
  const { adcodes } = draft;
  const area = {
    type: "Feature",
    properties: { name: draft.name, datum: draft.datum, adcodes },
    geometry: adcodes.length > 0 ? null : (geometryOf(draft.parts) as unknown as Json),
  };
  return {
    name: draft.name.trim() === "" ? null : draft.name.trim(),
    kind: draft.kind,
    ...(draft.role === null ? {} : { role: draft.role }),
    buffer_m: draft.buffer_m,
    area,
    schedule: draft.windows.length === 0 ? null : JSON.stringify(draft.windows),
  };
}

const DAYS_ZH = ["一", "二", "三", "四", "五", "六", "日"] as const;
const DAYS_EN = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"] as const;

export function dayLabel(day: number, locale: Locale): string {
  return (locale === "en" ? DAYS_EN[day - 1] : `周${DAYS_ZH[day - 1] ?? ""}`) ?? "";
}

/** 每天 22:00–06:00; 周一、周二 08:00–12:00 · all day, always. */
export function hoursLabel(windows: Window[] | null, locale: Locale): string {
  if (windows === null || windows.length === 0) return locale === "en" ? "at all times" : "全天生效";
  const said = windows.map(({ days, from, to }) => {
    const all = days.length === 7;
    const named = all ? (locale === "en" ? "daily" : "每天") : days.map((day) => dayLabel(day, locale)).join(locale === "en" ? ", " : "、");
    return `${named} ${from}–${to}`;
  });
  return said.join(locale === "en" ? "; " : "；");
}
