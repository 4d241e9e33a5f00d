import { describe, expect, it } from "vitest";
import type { CountyProperties, Feature } from "./contract";
import { namesOf, searchCounties } from "./county";

const county = (adcode: string, name: string): Feature<CountyProperties> => ({
  type: "Feature", properties: { adcode, name, mine: false }, geometry: null,
});
const ALL = [
  county("430112", "望城区"), county("430102", "芙蓉区"), county("430103", "天心区"), county("430121", "长沙县"), county("430211", "天元区"),
];
const codes = (text: string): string[] => searchCounties(ALL, text).map((one) => one.properties.adcode);

describe("counties", () => {
  it("are_found_by_any_part_of_the_name", () => {
    expect(codes("天")).toEqual(["430103", "430211"]);
    expect(codes("区")).toHaveLength(4);
    expect(codes("沙县")).toEqual(["430121"]);
    expect(codes("北京")).toEqual([]);
  });

  it("are_found_by_the_beginning_of_the_code_and_never_by_its_middle", () => {
    expect(codes("4301")).toEqual(["430102", "430103", "430112", "430121"]);
    expect(codes("43011")).toEqual(["430112"]);
    expect(codes("０1")).toEqual([]);
    expect(codes("4")).toEqual([]);
  });

  it("are_found_several_at_once_each_once", () => {
    expect(codes("望城、430102 芙蓉，天心")).toEqual(["430102", "430103", "430112"]);
    expect(codes("  ")).toEqual([]);
  });

  it("give_their_names_together_in_the_order_of_choice", () => {
    expect(namesOf(ALL, ["430112", "430102"])).toBe("望城区、芙蓉区");
    expect(namesOf([], ["430112"])).toBe("430112");
  });
});
