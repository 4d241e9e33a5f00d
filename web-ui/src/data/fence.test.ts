import { describe, expect, it } from "vitest";
import type { Position } from "./contract";
import {
  circle, deleteVertex, fieldsOf, geometryOf, hoursLabel, importArea, insertVertex, moveVertex, outerOf, partsOf, pointCount,
  type FenceDraft, type Parts,
} from "./fence";

const ring: Position[] = [[113, 28], [113.1, 28], [113.1, 28.1], [113, 28.1]];
const square: Parts = [[ring]];

describe("the rings of a fence", () => {
  it("go to the wire closed and come back open", () => {
    const geometry = geometryOf(square);
    expect(geometry?.type).toBe("MultiPolygon");
    expect((geometry?.coordinates[0]?.[0] as Position[]).length).toBe(5);
    expect(partsOf(geometry as NonNullable<typeof geometry>)).toEqual(square);
    expect(geometryOf([])).toBeNull();
  });

  it("are edited vertex by vertex, holes untouched", () => {
    const holed: Parts = [[ring, [[113.02, 28.02], [113.03, 28.02], [113.03, 28.03]]]];
    const moved = moveVertex(holed, 0, [112.99, 27.99]);
    expect(outerOf(moved)[0]).toEqual([112.99, 27.99]);
    expect(moved[0]?.[1]).toEqual(holed[0]?.[1]);
    const more = insertVertex(holed, 3);
    expect(outerOf(more)[4]).toEqual([113, 28.05]);
    expect(outerOf(deleteVertex(more, 4))).toEqual(ring);
    expect(pointCount(holed)).toBe(7);
  });

  it("make a circle of true metres in both directions", () => {
    const [east] = outerOf(circle([113.6, 28.1], 500)) as [Position];
    const north = outerOf(circle([113.6, 28.1], 500))[16] as Position;
    const degree_m = 111_195;
    expect((east[0] - 113.6) * degree_m * Math.cos((28.1 * Math.PI) / 180)).toBeCloseTo(500, 0);
    expect((north[1] - 28.1) * degree_m).toBeCloseTo(500, 0);
  });
});

describe("a file", () => {
  it("gives its area, its name and its datum where it states one", () => {
    const feature = { type: "Feature", properties: { name: "家", datum: "gcj02" }, geometry: geometryOf(square) };
    const collection = JSON.stringify({ type: "FeatureCollection", features: [feature] });
    expect(importArea(collection)).toEqual({ parts: square, datum: "gcj02", name: "家" });
    expect(importArea(JSON.stringify(feature.geometry))?.datum).toBeNull();
    expect(importArea(JSON.stringify({ ...feature, properties: { datum: "xian80" } }))?.datum).toBeNull();
  });

  it("that holds no area gives nothing", () => {
    for (const text of ["", "{", "[]", "null", '{"type":"Point","coordinates":[1,2]}', '{"type":"Polygon","coordinates":[["a"]]}']) {
      expect(importArea(text), text).toBeNull();
    }
  });
});

describe("the form", () => {
  const draft: FenceDraft = { name: " 家 ", kind: "keep_in", role: null, buffer_m: 100, datum: null, parts: square, adcodes: [], windows: [] };
  it("states no datum that nobody chose", () => {
    const area = fieldsOf(draft)["area"] as { properties: { datum: unknown } };
    expect(area.properties.datum).toBeNull();
    expect(fieldsOf(draft)["name"]).toBe("家");
    expect(fieldsOf(draft)["schedule"]).toBeNull();
    expect("role" in fieldsOf(draft)).toBe(false);
    expect(fieldsOf({ ...draft, role: "curfew" })["role"]).toBe("curfew");
  });

  it("names counties instead of points where counties were chosen", () => {
    const area = fieldsOf({ ...draft, adcodes: ["430102", "430103"] })["area"];
    expect(area).toMatchObject({ geometry: null, properties: { adcodes: ["430102", "430103"] } });
    expect(fieldsOf(draft)["area"]).toMatchObject({ geometry: { type: "MultiPolygon" }, properties: { adcodes: [] } });
  });

  it("carries hours as the node reads them", () => {
    const windows = [{ days: [1], from: "22:00", to: "06:00" }];
    expect(fieldsOf({ ...draft, windows })["schedule"]).toBe(JSON.stringify(windows));
    expect(hoursLabel(windows, "zh-CN")).toBe("周一 22:00–06:00");
    expect(hoursLabel([{ days: [1, 2, 3, 4, 5, 6, 7], from: "00:00", to: "24:00" }], "en")).toBe("daily 00:00–24:00");
    expect(hoursLabel(null, "zh-CN")).toBe("全天生效");
  });
});
