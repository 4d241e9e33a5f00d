// Keeps unfinished writing on the node, sealed for its author, at most five seconds behind the keys.
import type { Json, Ms } from "./contract";

export const DRAFT_SAVE_INTERVAL_MS = 4_000; // with the save itself, less than five seconds are ever at risk

export interface DraftStore {
  load(key: string): Promise<{ body: Json; saved_at: Ms } | null>;
  save(key: string, title: string, body: Json): Promise<void>;
  drop(key: string): Promise<void>;
}

export type DraftState = "clean" | "dirty" | "saving" | "saved" | "failed";

/**
 * One draft of one form. `touch` marks a change; the first save comes within the interval and each
 * save carries the newest body. Invariant: after `drop` nothing is written under this key again.
 */
export class DraftKeeper {
  state: DraftState = "clean";
  savedAt: Ms | null = null;
  private body: Json = null;
  private timer: ReturnType<typeof setTimeout> | null = null;
  private running: Promise<void> | null = null;
  private dropped = false;

  constructor(
    private readonly store: DraftStore,
    private readonly key: string,
    private readonly title: string,
    private readonly now: () => Ms,
    private readonly changed: () => void = () => undefined,
  ) {}

  async restore(): Promise<Json | null> {
    const found = await this.store.load(this.key);
    if (found === null) return null;
    this.savedAt = found.saved_at;
    this.set("saved");
    return found.body;
  }

  touch(body: Json): void {
    if (this.dropped) return;
    this.body = body;
    this.set("dirty");
    if (this.timer === null) {
      this.timer = setTimeout(() => void this.flush(), DRAFT_SAVE_INTERVAL_MS);
    }
  }

  /** Saves now whatever is unsaved; used before switching person and when the page is hidden. */
  async flush(): Promise<void> {
    this.stopTimer();
    if (this.running !== null) await this.running;
    if (this.dropped || (this.state !== "dirty" && this.state !== "failed")) return;
    this.set("saving");
    this.running = this.store.save(this.key, this.title, this.body).then(
      () => this.settled(true),
      () => this.settled(false),
    );
    await this.running;
  }

  async drop(): Promise<void> {
    this.stopTimer();
    this.dropped = true;
    if (this.running !== null) await this.running;
    if (this.state !== "clean") await this.store.drop(this.key);
    this.set("clean");
  }

  /** Stops for good without touching what was kept: the session is over, the next one is another's. */
  abandon(): void {
    this.stopTimer();
    this.dropped = true;
  }

  /** Allows further writing after the form was signed or saved. */
  reopen(): void {
    this.dropped = false;
    this.savedAt = null;
  }

  private settled(ok: boolean): void {
    this.running = null;
    if (ok) this.savedAt = this.now();
    if (this.state === "saving") this.set(ok ? "saved" : "failed");
    if (!ok && !this.dropped && this.timer === null) {
      this.timer = setTimeout(() => void this.flush(), DRAFT_SAVE_INTERVAL_MS);
    }
  }

  private stopTimer(): void {
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = null;
  }

  private set(state: DraftState): void {
    this.state = state;
    this.changed();
  }
}

/** Draft keys are lower case letters, digits and `:._-`, at most 160 characters. */
export function draftKey(...parts: string[]): string {
  return parts.join(":").toLowerCase().replace(/[^a-z0-9:._-]/g, "_").slice(0, 160);
}
