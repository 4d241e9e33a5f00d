// How counties, fences, people and error circles look on the canvas. Styles are made once.
import CircleStyle from "ol/style/Circle";
import Fill from "ol/style/Fill";
import RegularShape from "ol/style/RegularShape";
import Stroke from "ol/style/Stroke";
import Style from "ol/style/Style";
import Text from "ol/style/Text";

const FONT = '12px "Microsoft YaHei", "Noto Sans CJK SC", sans-serif';

function label(text: string, bold: boolean, offset: number): Text {
  return new Text({
    text,
    font: bold ? `bold ${FONT}` : FONT,
    offsetY: offset,
    fill: new Fill({ color: bold ? "#1f2a37" : "#5b6875" }),
    stroke: new Stroke({ color: "#ffffff", width: 3 }),
    overflow: false,
  });
}

const COUNTY = { fill: new Fill({ color: "#f7f8f6" }), stroke: new Stroke({ color: "#b9c2ca", width: 1 }) };
const MINE = { fill: new Fill({ color: "#eaf2f8" }), stroke: new Stroke({ color: "#4d7ea6", width: 1.6 }) };

export function countyStyle(name: string, mine: boolean, labelled: boolean): Style {
  return new Style({ ...(mine ? MINE : COUNTY), ...(labelled ? { text: label(name, mine, 0) } : {}) });
}

const LABEL_BELOW_PX = 18; // a fence is often the county itself: its name stands under the county's
const FENCE_COLOUR = { keep_in: "28,107,60", keep_out: "179,32,26" } as const;

export function fenceStyle(kind: "keep_in" | "keep_out", inForce: boolean, name: string): Style {
  const colour = FENCE_COLOUR[kind];
  return new Style({
    fill: new Fill({ color: `rgba(${colour},${kind === "keep_out" ? 0.14 : 0.05})` }),
    stroke: new Stroke({
      color: `rgba(${colour},${inForce ? 0.95 : 0.45})`,
      width: 2,
      lineDash: inForce ? [] : [6, 5],
    }),
    ...(name === "" ? {} : { text: label(name, false, LABEL_BELOW_PX) }),
  });
}

export const PERMIT_STYLE = new Style({
  fill: new Fill({ color: "rgba(27,94,146,.08)" }),
  stroke: new Stroke({ color: "rgba(27,94,146,.8)", width: 1.5, lineDash: [8, 4] }),
});

export const VERDICT_COLOUR = { compliant: "#1c6b3c", violation: "#b3201a", unknown: "#6d5300", trace: "#1b5e92" } as const;
/** `trace`: a report on the way, of which by itself nothing was judged. */
export type Verdict = keyof typeof VERDICT_COLOUR;

/** Shape as well as colour tells the verdict: disc, triangle, square. */
function marker(verdict: Verdict, selected: boolean): CircleStyle | RegularShape {
  const fill = new Fill({ color: VERDICT_COLOUR[verdict] });
  const stroke = new Stroke({ color: selected ? "#e08a00" : "#ffffff", width: selected ? 3 : 1.5 });
  const always = { fill, stroke, declutterMode: "none" } as const; // only names give way to one another
  if (verdict === "compliant" || verdict === "trace") return new CircleStyle({ radius: 5.5, ...always });
  if (verdict === "violation") return new RegularShape({ points: 3, radius: 8.5, ...always });
  return new RegularShape({ points: 4, radius: 7, angle: Math.PI / 4, ...always });
}

export function personStyle(verdict: Verdict, name: string, selected: boolean): Style {
  return new Style({
    image: marker(verdict, selected),
    ...(name === "" ? {} : { text: label(name, selected, -15) }),
    zIndex: selected ? 10 : verdict === "violation" ? 5 : 1,
  });
}

export function circleStyle(verdict: Verdict): Style {
  return new Style({
    fill: new Fill({ color: `${VERDICT_COLOUR[verdict]}1f` }),
    stroke: new Stroke({ color: `${VERDICT_COLOUR[verdict]}99`, width: 1 }),
  });
}

export const TRAIL_STYLE = new Style({ stroke: new Stroke({ color: "#7a3fa0", width: 2 }) });
export const TRACK_STYLE = new Style({ stroke: new Stroke({ color: "#1b5e92", width: 1.5, lineDash: [4, 4] }) });
