// What is drawn, as OpenLayers features: GeoJSON at the door, Web-Mercator on the canvas.
import Feature from "ol/Feature";
import GeoJSON from "ol/format/GeoJSON";
import Circle from "ol/geom/Circle";
import LineString from "ol/geom/LineString";
import Point from "ol/geom/Point";
import { fromLonLat } from "ol/proj";
import type {
  AreaProperties, CountyProperties, Feature as Shape, FeatureCollection, FenceProperties, Fix,
} from "../../data/contract";
import { accuracyM, mercatorStretch, positionOf } from "../../data/geometry";
import { pieces } from "../../data/track";
import type { TrailPoint } from "../../data/trail";
import { circleStyle, fenceStyle, PERMIT_STYLE, personStyle, TRACK_STYLE, TRAIL_STYLE, type Verdict } from "./style";

const READER = new GeoJSON({ dataProjection: "EPSG:4326", featureProjection: "EPSG:3857" });

export function countyFeatures(counties: FeatureCollection<CountyProperties>): Feature[] {
  return READER.readFeatures(counties);
}

function shapeFeature(shape: Shape<unknown>): Feature {
  return READER.readFeature(shape) as Feature;
}

export function fenceFeatures(fences: Shape<FenceProperties>[], named: boolean): Feature[] {
  return fences
    .filter((fence) => fence.geometry !== null)
    .map((fence) => {
      const { kind, in_force, name } = fence.properties;
      const feature = shapeFeature(fence);
      feature.setStyle(fenceStyle(kind, in_force, named ? name : ""));
      return feature;
    });
}

export function permitFeatures(areas: Shape<AreaProperties>[]): Feature[] {
  return areas
    .filter((area) => area.geometry !== null)
    .map((area) => {
      const feature = shapeFeature(area);
      feature.setStyle(PERMIT_STYLE);
      return feature;
    });
}

function circleOf(fix: Fix, verdict: Verdict): Feature {
  const [lon, lat] = positionOf(fix);
  const radius = accuracyM(fix) * mercatorStretch(lat);
  const feature = new Feature(new Circle(fromLonLat([lon, lat]), radius));
  feature.setStyle(circleStyle(verdict));
  return feature;
}

function pointOf(fix: Fix): Point {
  return new Point(fromLonLat(positionOf(fix)));
}

/** The last minutes of chosen people: one line for each piece of known time. */
export function trailFeatures(pieces: TrailPoint[][]): Feature[] {
  return pieces.map((piece) => {
    const line = piece.map(({ lat_e7, lon_e7 }) => fromLonLat(positionOf({ lat_e7, lon_e7, accuracy_mm: 0 })));
    const way = new Feature(line.length > 1 ? new LineString(line) : new Point(line[0] ?? []));
    way.setStyle(TRAIL_STYLE);
    return way;
  });
}

/** The way up to one position of a track: what is later is not yet drawn, unknown time has no line. */
export function trackFeatures(fixes: Fix[], index: number): Feature[] {
  const so_far = fixes.slice(0, index + 1);
  const here = fixes[index];
  const ways = pieces(so_far).map((piece) => {
    const line = piece.map((fix) => fromLonLat(positionOf(fix)));
    const way = new Feature(piece.length > 1 ? new LineString(line) : new Point(line[0] ?? []));
    way.setStyle(TRACK_STYLE);
    return way;
  });
  if (here === undefined) return ways;
  const point = new Feature(pointOf(here));
  point.setStyle(personStyle("compliant", "", true));
  return [...ways, circleOf(here, "compliant"), point];
}

/** The evidence of an alarm: the way, each point with its error circle, the deciding one marked. */
export function evidenceFeatures(fixes: Fix[], deciding: string | null): Feature[] {
  const way = new Feature(new LineString(fixes.map((fix) => fromLonLat(positionOf(fix)))));
  way.setStyle(TRACK_STYLE);
  const points = fixes.flatMap((fix) => {
    const decides = fix.id === deciding;
    const point = new Feature(pointOf(fix));
    point.setStyle(personStyle(decides ? "violation" : "trace", "", decides));
    return [circleOf(fix, decides ? "violation" : "trace"), point];
  });
  return fixes.length > 1 ? [way, ...points] : points;
}
