// The pictures of people on the map, made once for a screen: what a dot looks like by verdict, regime, alarm and age.
import { STRENGTH } from "../../data/age";
import type { MapPerson } from "../../data/contract";
import { AGES, isGrave, isHollow, LOOKS, verdictOf, VIOLATION } from "../../data/dot";
import { VERDICT_COLOUR } from "./style";

export const SPRITE_PX = 26;
const CHOSEN = "#e08a00";

type Context = CanvasRenderingContext2D;

function path(context: Context, verdict: MapPerson["verdict"]): void {
  context.beginPath();
  if (verdict === "compliant") context.arc(0, 0, 5, 0, Math.PI * 2);
  else if (verdict === "violation") {
    context.moveTo(0, -8);
    context.lineTo(7.5, 5.5);
    context.lineTo(-7.5, 5.5);
    context.closePath();
  } else context.rect(-5, -5, 10, 10);
}

/** Shape tells the verdict, a hollow one a phone's single check, a ring a grave alarm. */
function picture(context: Context, look: number, chosen: boolean): void {
  const verdict = verdictOf(look);
  const colour = VERDICT_COLOUR[verdict];
  path(context, verdict);
  context.lineWidth = chosen ? 6 : 3;
  context.strokeStyle = chosen ? CHOSEN : "#ffffff";
  context.stroke();
  context.fillStyle = isHollow(look) ? "#ffffff" : colour;
  context.fill();
  context.lineWidth = isHollow(look) ? 2.5 : 1;
  context.strokeStyle = colour;
  context.stroke();
  if (!isGrave(look)) return;
  context.beginPath();
  context.arc(0, 0, 11, 0, Math.PI * 2);
  context.lineWidth = 1.5;
  context.strokeStyle = VERDICT_COLOUR.violation;
  context.stroke();
}

/** All pictures on one sheet: a column for each look, a row for each age, chosen ones below. */
export function sheet(ratio: number): HTMLCanvasElement {
  const canvas = document.createElement("canvas");
  const cell = SPRITE_PX * ratio;
  canvas.width = Math.ceil(cell * LOOKS);
  canvas.height = Math.ceil(cell * AGES.length * 2);
  const context = canvas.getContext("2d") as Context;
  for (let row = 0; row < AGES.length * 2; row += 1) {
    for (let look = 0; look < LOOKS; look += 1) {
      context.setTransform(ratio, 0, 0, ratio, (look + 0.5) * cell, (row + 0.5) * cell);
      const age = AGES[row % AGES.length] ?? "fresh";
      context.globalAlpha = look >= VIOLATION ? 1 : STRENGTH[age];
      picture(context, look, row >= AGES.length);
    }
  }
  return canvas;
}
