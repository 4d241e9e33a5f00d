// Thousands of people as dots on one canvas: pictures are drawn once, a frame only copies them. An
// old office PC has no WebGL, and a style object a person would cost it the frame.
import Layer from "ol/layer/Layer";
import type { FrameState } from "ol/Map";
import { fromLonLat } from "ol/proj";
import { ageOf, STRENGTH, type Age } from "../../data/age";
import type { CaseId, MapPerson, Ms } from "../../data/contract";
import { accuracyM, mercatorStretch, positionOf } from "../../data/geometry";
import { VERDICT_COLOUR } from "./style";

interface Dot {
  person: MapPerson;
  x: number;
  y: number;
  radius: number;
}

const SPRITE_PX = 26;
const CIRCLE_PX_MIN = 9; // a smaller error circle hides under its dot
const LABELS_MAX = 80; // more names cover one another
const HIT_PX = 12;
const MARGIN_PX = 20;
const LABEL_FONT = '12px "Microsoft YaHei", "Noto Sans CJK SC", sans-serif';
const CHOSEN = "#e08a00";
const OUTER = "#1f2a37";

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

/** Shape tells the verdict, a hollow one a phone's single check, faintness the age. */
function sprite(person: MapPerson, chosen: boolean, ratio: number): HTMLCanvasElement {
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = SPRITE_PX * ratio;
  const context = canvas.getContext("2d") as Context;
  context.scale(ratio, ratio);
  context.translate(SPRITE_PX / 2, SPRITE_PX / 2);
  const colour = VERDICT_COLOUR[person.verdict];
  path(context, person.verdict);
  context.lineWidth = chosen ? 6 : 3;
  context.strokeStyle = chosen ? CHOSEN : "#ffffff";
  context.stroke();
  context.fillStyle = person.regime === "phone" ? "#ffffff" : colour;
  context.fill();
  context.lineWidth = person.regime === "phone" ? 2.5 : 1;
  context.strokeStyle = colour;
  context.stroke();
  if (person.severity !== null && person.severity <= 2) {
    context.beginPath();
    context.arc(0, 0, 11, 0, Math.PI * 2);
    context.lineWidth = 1.5;
    context.strokeStyle = VERDICT_COLOUR.violation;
    context.stroke();
  }
  return canvas;
}

export class DotLayer extends Layer {
  private readonly dots = new Map<CaseId, Dot>();
  private readonly sprites = new Map<string, HTMLCanvasElement>();
  private readonly host = document.createElement("div");
  private readonly canvas = document.createElement("canvas");
  private chosen: CaseId | null = null;
  private circles = true;
  /** Frames in which dots were drawn, and how many were inside the last of them. */
  draws = 0;
  shown = 0;

  constructor(private readonly clock: () => Ms, private readonly drawn: () => void) {
    super({});
    this.host.className = "dots";
    this.host.appendChild(this.canvas);
    for (const element of [this.host, this.canvas]) {
      Object.assign(element.style, { position: "absolute", width: "100%", height: "100%" });
    }
  }

  get count(): number {
    return this.dots.size;
  }

  clear(): void {
    this.dots.clear();
    this.changed();
  }

  put(people: Iterable<MapPerson>): void {
    for (const person of people) {
      const { fix } = person;
      if (fix === null) {
        this.dots.delete(person.case.id);
        continue;
      }
      const at = positionOf(fix);
      const [x, y] = fromLonLat(at) as [number, number];
      this.dots.set(person.case.id, { person, x, y, radius: accuracyM(fix) * mercatorStretch(at[1]) });
    }
    this.changed();
  }

  drop(cases: CaseId[]): void {
    for (const id of cases) this.dots.delete(id);
    this.changed();
  }

  choose(id: CaseId | null, circles: boolean): void {
    this.chosen = id;
    this.circles = circles;
    this.changed();
  }

  /** Whose dot lies under a pixel: the nearest. */
  at([px, py]: [number, number], frame: FrameState): CaseId | null {
    let nearest: CaseId | null = null;
    let best = HIT_PX;
    for (const [id, dot] of this.dots) {
      const [x, y] = this.pixel(dot, frame);
      const distance = Math.hypot(x - px, y - py);
      if (distance > best) continue;
      best = distance;
      nearest = id;
    }
    return nearest;
  }

  private pixel(dot: Dot, { viewState, size }: FrameState): [number, number] {
    const { center, resolution } = viewState;
    return [
      (dot.x - (center[0] as number)) / resolution + (size[0] as number) / 2,
      ((center[1] as number) - dot.y) / resolution + (size[1] as number) / 2,
    ];
  }

  override render(frame: FrameState | null): HTMLElement | null {
    if (frame === null) return this.host;
    const ratio = frame.pixelRatio;
    const [width, height] = frame.size as [number, number];
    if (this.canvas.width !== Math.round(width * ratio) || this.canvas.height !== Math.round(height * ratio)) {
      this.canvas.width = Math.round(width * ratio);
      this.canvas.height = Math.round(height * ratio);
    }
    const context = this.canvas.getContext("2d") as Context;
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.clearRect(0, 0, width, height);
    this.paint(context, frame, [width, height]);
    this.draws += 1;
    this.drawn();
    return this.host;
  }

  private paint(context: Context, frame: FrameState, [width, height]: [number, number]): void {
    const now = this.clock();
    const inside: { dot: Dot; x: number; y: number; age: Age }[] = [];
    for (const dot of this.dots.values()) {
      const [x, y] = this.pixel(dot, frame);
      if (x < -MARGIN_PX || y < -MARGIN_PX || x > width + MARGIN_PX || y > height + MARGIN_PX) continue;
      inside.push({ dot, x, y, age: ageOf(dot.person.fix as { at: Ms }, now) });
    }
    this.shown = inside.length;
    const resolution = frame.viewState.resolution;
    for (const { dot, x, y, age } of inside) {
      const radius = dot.radius / resolution;
      if (!this.circles || radius < CIRCLE_PX_MIN) continue;
      const colour = VERDICT_COLOUR[dot.person.verdict];
      context.globalAlpha = STRENGTH[age];
      context.beginPath();
      context.arc(x, y, radius, 0, Math.PI * 2);
      context.fillStyle = `${colour}1f`;
      context.fill();
      context.strokeStyle = `${colour}99`;
      context.lineWidth = 1;
      context.stroke();
    }
    const half = SPRITE_PX / 2;
    for (const { dot, x, y, age } of inside) {
      context.globalAlpha = dot.person.verdict === "violation" ? 1 : STRENGTH[age];
      context.drawImage(this.picture(dot.person, frame.pixelRatio), x - half, y - half, SPRITE_PX, SPRITE_PX);
    }
    context.globalAlpha = 1;
    this.label(context, inside);
  }

  private picture(person: MapPerson, ratio: number): HTMLCanvasElement {
    const chosen = person.case.id === this.chosen;
    const grave = person.severity !== null && person.severity <= 2;
    const key = `${person.verdict} ${person.regime} ${grave} ${chosen} ${ratio}`;
    const held = this.sprites.get(key);
    if (held !== undefined) return held;
    const made = sprite(person, chosen, ratio);
    this.sprites.set(key, made);
    return made;
  }

  private label(context: Context, inside: { dot: Dot; x: number; y: number }[]): void {
    const all = inside.length <= LABELS_MAX;
    const named = inside
      .filter(({ dot: { person } }) => all || person.case.id === this.chosen || person.verdict === "violation")
      .slice(0, LABELS_MAX);
    context.font = LABEL_FONT;
    context.textAlign = "center";
    context.lineWidth = 3;
    context.strokeStyle = "#ffffff";
    context.fillStyle = OUTER;
    for (const { dot, x, y } of named) {
      context.strokeText(dot.person.case.name, x, y - 13);
      context.fillText(dot.person.case.name, x, y - 13);
    }
  }
}
