// Thousands of people as dots on one canvas: pictures are made once, a frame only copies them. An old
// office PC has no WebGL. Dots that move are drawn without the map below being drawn again.
import Layer from "ol/layer/Layer";
import type { FrameState } from "ol/Map";
import { STRENGTH } from "../../data/age";
import type { CaseId, MapPerson, Ms } from "../../data/contract";
import { AGES, Dots, verdictOf, VERDICTS, VIOLATION } from "../../data/dot";
import { sheet, SPRITE_PX } from "./sprite";
import { VERDICT_COLOUR } from "./style";

const CIRCLE_PX_MIN = 9; // a smaller error circle hides under its dot
const LABELS_MAX = 80; // more names cover one another
const HIT_PX = 12;
const MARGIN_PX = 20;
const LABEL_APART_PX = { x: 64, y: 14 }; // nearer than in both, one name could not be read over the other
const LABEL_FONT = '12px "Microsoft YaHei", "Noto Sans CJK SC", sans-serif';
const OUTER = "#1f2a37";

type Context = CanvasRenderingContext2D;

/** What of the map a frame shows. */
interface Sight {
  resolution: number;
  /** Pixels of Mercator at the left upper corner. */
  left: number;
  top: number;
  width: number;
  height: number;
  ratio: number;
}

export class DotLayer extends Layer {
  private readonly dots = new Dots();
  private readonly host = document.createElement("div");
  private readonly canvas = document.createElement("canvas");
  private readonly context = this.canvas.getContext("2d") as Context;
  private sprites: HTMLCanvasElement | null = null;
  private sprites_ratio = 0;
  private sight: Sight | null = null;
  private queued = 0;
  private chosen: CaseId | null = null;
  private circles = true;
  /** Slots inside the frame that is drawn, reused from frame to frame. */
  private inside = new Uint32Array(0);
  /** Where names stand in the frame that is drawn: x, y of each. */
  private readonly taken = new Float64Array(2 * LABELS_MAX);
  /** Frames in which dots were drawn; those in which one that had moved was drawn at its new place. */
  draws = 0;
  fresh = 0;
  /** How many dots were inside the last frame. */
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
    return this.dots.count;
  }

  clear(): void {
    this.dots.clear();
    this.repaint();
  }

  put(people: Iterable<MapPerson>): void {
    this.dots.put(people, this.clock());
    this.repaint();
  }

  drop(cases: CaseId[]): void {
    for (const id of cases) this.dots.drop(id);
    if (cases.length > 0) this.repaint();
  }

  choose(id: CaseId | null, circles: boolean): void {
    this.chosen = id;
    this.circles = circles;
    this.repaint();
  }

  /** Lets positions grow old without any news. */
  fade(): void {
    if (this.dots.fade(this.clock())) this.repaint();
  }

  /** However much is told within a frame, the canvas is painted once. */
  private repaint(): void {
    if (this.queued !== 0 || this.sight === null) return;
    this.queued = requestAnimationFrame(() => {
      this.queued = 0;
      this.paint();
    });
  }

  /** Nothing is painted any more. */
  stop(): void {
    cancelAnimationFrame(this.queued);
    this.sight = null;
  }

  override render(frame: FrameState | null): HTMLElement | null {
    if (frame === null) return this.host;
    const { center, resolution } = frame.viewState;
    const [width, height] = frame.size as [number, number];
    this.sight = {
      resolution,
      left: Math.round((center[0] as number) / resolution - width / 2),
      top: Math.round(-(center[1] as number) / resolution - height / 2),
      width,
      height,
      ratio: frame.pixelRatio,
    };
    cancelAnimationFrame(this.queued);
    this.queued = 0;
    this.paint();
    return this.host;
  }

  /** Whose dot lies under a pixel: the nearest. */
  at([px, py]: [number, number]): CaseId | null {
    let nearest: CaseId | null = null;
    let best = HIT_PX;
    const { dots, sight } = this;
    if (sight === null) return null;
    for (let i = 0; i < dots.count; i += 1) {
      const distance = Math.hypot((dots.px[i] as number) - sight.left - px, (dots.py[i] as number) - sight.top - py);
      if (distance > best) continue;
      best = distance;
      nearest = (dots.people[i] as MapPerson).case.id;
    }
    return nearest;
  }

  private paint(): void {
    const { sight, context, canvas } = this;
    if (sight === null) return;
    const [width, height] = [Math.round(sight.width * sight.ratio), Math.round(sight.height * sight.ratio)];
    if (canvas.width !== width) canvas.width = width;
    if (canvas.height !== height) canvas.height = height;
    context.setTransform(sight.ratio, 0, 0, sight.ratio, 0, 0);
    context.clearRect(0, 0, sight.width, sight.height);
    this.dots.project(sight.resolution);
    const moved = this.gather(sight);
    if (this.circles) this.paintCircles(sight);
    this.paintDots(sight, false);
    this.paintDots(sight, true);
    this.paintChosen(sight);
    this.paintNames(sight);
    this.draws += 1;
    if (moved) this.fresh += 1;
    this.drawn();
  }

  /** Finds the slots inside the frame; whether one of them moved since it was last drawn. */
  private gather({ left, top, width, height }: Sight): boolean {
    const { dots } = this;
    if (this.inside.length < dots.count) this.inside = new Uint32Array(dots.x.length);
    let shown = 0;
    let moved = 0;
    for (let i = 0; i < dots.count; i += 1) {
      const x = (dots.px[i] as number) - left;
      const y = (dots.py[i] as number) - top;
      if (x < -MARGIN_PX || y < -MARGIN_PX || x > width + MARGIN_PX || y > height + MARGIN_PX) continue;
      this.inside[shown] = i;
      shown += 1;
      moved |= dots.moved[i] as number;
      dots.moved[i] = 0;
    }
    this.shown = shown;
    return moved !== 0;
  }

  /** One path for each colour and age: a county of rough positions is not a thousand strokes. */
  private paintCircles({ left, top, resolution }: Sight): void {
    const { dots, context, inside, shown } = this;
    for (const verdict of VERDICTS) {
      const colour = VERDICT_COLOUR[verdict];
      for (let age = 0; age < AGES.length; age += 1) {
        let any = false;
        for (let n = 0; n < shown; n += 1) {
          const i = inside[n] as number;
          const radius = (dots.radius[i] as number) / resolution;
          if (radius < CIRCLE_PX_MIN || dots.age[i] !== age || verdictOf(dots.look[i] as number) !== verdict) continue;
          const [x, y] = [(dots.px[i] as number) - left, (dots.py[i] as number) - top];
          if (!any) context.beginPath();
          any = true;
          context.moveTo(x + radius, y);
          context.arc(x, y, radius, 0, Math.PI * 2);
        }
        if (!any) continue;
        context.globalAlpha = STRENGTH[AGES[age] ?? "fresh"];
        context.fillStyle = `${colour}1f`;
        context.fill();
        context.strokeStyle = `${colour}99`;
        context.lineWidth = 1;
        context.stroke();
        context.globalAlpha = 1;
      }
    }
  }

  /** Violations come last: nothing covers them. */
  private paintDots({ left, top, ratio }: Sight, violations: boolean): void {
    const { dots, context, inside, shown } = this;
    const sprites = this.pictures(ratio);
    const cell = SPRITE_PX * ratio;
    const half = SPRITE_PX / 2;
    for (let n = 0; n < shown; n += 1) {
      const i = inside[n] as number;
      const look = dots.look[i] as number;
      if (look >= VIOLATION !== violations) continue;
      const [x, y] = [(dots.px[i] as number) - left - half, (dots.py[i] as number) - top - half];
      context.drawImage(sprites, look * cell, (dots.age[i] as number) * cell, cell, cell, x, y, SPRITE_PX, SPRITE_PX);
    }
  }

  private paintChosen({ left, top, ratio }: Sight): void {
    const { dots, context } = this;
    const i = this.chosen === null ? undefined : dots.slotOf(this.chosen);
    if (i === undefined) return;
    const cell = SPRITE_PX * ratio;
    const row = (dots.age[i] as number) + AGES.length;
    const [x, y] = [(dots.px[i] as number) - left - SPRITE_PX / 2, (dots.py[i] as number) - top - SPRITE_PX / 2];
    context.drawImage(this.pictures(ratio), (dots.look[i] as number) * cell, row * cell, cell, cell, x, y, SPRITE_PX, SPRITE_PX);
  }

  private pictures(ratio: number): HTMLCanvasElement {
    if (this.sprites === null || this.sprites_ratio !== ratio) this.sprites = sheet(ratio);
    this.sprites_ratio = ratio;
    return this.sprites;
  }

  /** The chosen one's name first, then violations', then whoever there is room for. */
  private paintNames({ left, top }: Sight): void {
    const { dots, context, inside, shown } = this;
    context.font = LABEL_FONT;
    context.textAlign = "center";
    context.lineWidth = 3;
    context.strokeStyle = "#ffffff";
    context.fillStyle = OUTER;
    const { taken } = this;
    let named = 0;
    const name = (i: number): void => {
      const [x, y] = [(dots.px[i] as number) - left, (dots.py[i] as number) - top - 13];
      if (named === LABELS_MAX) return;
      for (let n = 0; n < named; n += 1) {
        const beside = Math.abs(x - (taken[2 * n] as number)) < LABEL_APART_PX.x;
        if (beside && Math.abs(y - (taken[2 * n + 1] as number)) < LABEL_APART_PX.y) return;
      }
      taken[2 * named] = x;
      taken[2 * named + 1] = y;
      named += 1;
      const { name: words } = (dots.people[i] as MapPerson).case;
      context.strokeText(words, x, y);
      context.fillText(words, x, y);
    };
    const chosen = this.chosen === null ? undefined : dots.slotOf(this.chosen);
    if (chosen !== undefined) name(chosen);
    for (const violations of shown <= LABELS_MAX ? [true, false] : [true]) {
      for (let n = 0; n < shown; n += 1) {
        const i = inside[n] as number;
        if (i !== chosen && (dots.look[i] as number) >= VIOLATION === violations) name(i);
      }
    }
  }
}
