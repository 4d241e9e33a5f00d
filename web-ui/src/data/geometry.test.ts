import { fromLonLat } from "ol/proj";
import { describe, expect, it } from "vitest";
import type { Fix } from "./contract";
import { accuracyM, bytesLabel, mercatorOf, mercatorStretch, positionLabel, positionOf, rateLabel } from "./geometry";

const FIX = { lat_e7: 276860000, lon_e7: 1114350001, accuracy_mm: 12_400 } as Fix;

describe("geometry", () => {
  it("shows_a_position_to_the_seventh_decimal_latitude_first", () => {
    expect(positionLabel(FIX)).toBe("27.6860000, 111.4350001");
    expect(positionOf(FIX)[0]).toBeCloseTo(111.4350001, 7);
  });

  it("rounds_accuracy_to_metres", () => {
    expect(accuracyM(FIX)).toBe(12);
  });

  it("stretches_circles_as_the_projection_does", () => {
    expect(mercatorStretch(0)).toBe(1);
    expect(mercatorStretch(60)).toBeCloseTo(2, 9);
  });

  it("writes_sizes_with_the_unit_that_fits", () => {
    expect(bytesLabel(0)).toBe("0 B");
    expect(bytesLabel(1536)).toBe("1.5 KB");
    expect(bytesLabel(3 * 1024 ** 3)).toBe("3.0 GB");
  });

  it("writes_rates_in_thousands_of_bits", () => {
    expect(rateLabel(0)).toBe("0 bit/s");
    expect(rateLabel(64_000)).toBe("64.0 kbit/s");
    expect(rateLabel(128_400_000)).toBe("128 Mbit/s");
  });

  it("places_degrees_where_the_map_does", () => {
    for (const at of [[113.6, 28.15], [-70.5, -33.4], [0, 0]] as const) {
      const [x, y] = mercatorOf([at[0], at[1]]);
      const [mapX, mapY] = fromLonLat([at[0], at[1]]) as [number, number];
      expect(Math.hypot(x - mapX, y - mapY)).toBeLessThan(1e-6);
    }
  });
});
