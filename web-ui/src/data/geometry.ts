// Integers of the wire to degrees of the screen; the only place where the console touches floats.
import type { Position } from "./contract";

/** Whatever was located: a report, or where somebody was last. */
export interface Located {
  lat_e7: number;
  lon_e7: number;
  accuracy_mm: number;
}

const E7 = 1e7;
const MM_PER_M = 1000;

export function positionOf(fix: Located): Position {
  return [fix.lon_e7 / E7, fix.lat_e7 / E7];
}

export function accuracyM(fix: Located): number {
  return Math.round(fix.accuracy_mm / MM_PER_M);
}

/** 27.6860000, 111.4350000: as evidence writes a position, WGS-84. */
export function positionLabel(fix: Located): string {
  const [lon, lat] = positionOf(fix);
  return `${lat.toFixed(7)}, ${lon.toFixed(7)}`;
}

/** Web-Mercator stretches with latitude; a circle of true metres must be drawn this much larger. */
export function mercatorStretch(lat_deg: number): number {
  return 1 / Math.cos((lat_deg * Math.PI) / 180);
}

const EARTH_RADIUS_M = 6_378_137; // of the sphere that Web-Mercator draws

/** Longitude and latitude as Web-Mercator has them, m east and north. */
export function mercatorOf([lon, lat]: Position): [number, number] {
  const radian = Math.PI / 180;
  return [lon * radian * EARTH_RADIUS_M, Math.log(Math.tan(Math.PI / 4 + (lat * radian) / 2)) * EARTH_RADIUS_M];
}

const RATES = ["bit/s", "kbit/s", "Mbit/s", "Gbit/s"] as const;

/** 64.0 kbit/s, in thousands as lines are sold. */
export function rateLabel(bps: number): string {
  let rate = bps;
  let unit = 0;
  while (rate >= 1000 && unit < RATES.length - 1) {
    rate /= 1000;
    unit += 1;
  }
  return `${rate.toFixed(unit === 0 || rate >= 100 ? 0 : 1)} ${RATES[unit] ?? ""}`;
}

const UNITS = ["B", "KB", "MB", "GB", "TB"] as const;

/** 1.4 MB; whole numbers below ten are kept with one decimal. */
export function bytesLabel(bytes: number): string {
  let size = bytes;
  let unit = 0;
  while (size >= 1024 && unit < UNITS.length - 1) {
    size /= 1024;
    unit += 1;
  }
  const digits = unit === 0 || size >= 100 ? 0 : 1;
  return `${size.toFixed(digits)} ${UNITS[unit] ?? ""}`;
}
