// County boundaries, fetched once a session: they change by data file, not by the minute.
import { api } from "../data/api";
import type { CountyProperties, FeatureCollection } from "../data/contract";

let held: Promise<FeatureCollection<CountyProperties>> | null = null;

export function loadCounties(): Promise<FeatureCollection<CountyProperties>> {
  held ??= api.counties().catch((error: unknown) => {
    held = null;
    throw error;
  });
  return held;
}
