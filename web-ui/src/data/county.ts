// Counties by what an officer types: parts of names, division codes, several at once.
import type { CountyProperties, Feature } from "./contract";
import { normaliseLine } from "./normalise";

type County = Feature<CountyProperties>;
const BETWEEN = /[\s,，、;；]+/;
const CODE = /^\d{2,6}$/; // of GB/T 2260: province, city, county

/** Counties of which a word is in the name or begins the code, in the order of their codes; none for no word. */
export function searchCounties(counties: County[], text: string): County[] {
  const wanted = normaliseLine(text).split(BETWEEN).filter((word) => word !== "");
  const hits = counties.filter(({ properties: { name, adcode } }) =>
    wanted.some((word) => (CODE.test(word) ? adcode.startsWith(word) : name.includes(word))),
  );
  return hits.sort((a, b) => (a.properties.adcode < b.properties.adcode ? -1 : 1));
}

/** Names as one name: 芙蓉区、天心区. */
export function namesOf(counties: County[], adcodes: string[]): string {
  const names = adcodes.map((adcode) => counties.find((one) => one.properties.adcode === adcode)?.properties.name ?? adcode);
  return names.join("、");
}
