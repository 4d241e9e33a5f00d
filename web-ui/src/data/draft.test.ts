import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Json, Ms } from "./contract";
import { DRAFT_SAVE_INTERVAL_MS, DraftKeeper, draftKey, type DraftStore } from "./draft";

class Shelf implements DraftStore {
  saved = new Map<string, Json>();
  writes = 0;
  failing = false;
  async load(key: string): Promise<{ body: Json; saved_at: Ms } | null> {
    const body = this.saved.get(key);
    return body === undefined ? null : { body, saved_at: 5 as Ms };
  }
  async save(key: string, _title: string, body: Json): Promise<void> {
    this.writes += 1;
    if (this.failing) throw new Error("cut");
    this.saved.set(key, body);
  }
  async drop(key: string): Promise<void> {
    this.saved.delete(key);
  }
}

const keeper = (shelf: Shelf): DraftKeeper => new DraftKeeper(shelf, "k", "t", () => 7 as Ms);

describe("a draft", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it("is_on_the_disk_within_five_seconds_of_the_first_key", async () => {
    const shelf = new Shelf();
    const draft = keeper(shelf);
    draft.touch("a");
    await vi.advanceTimersByTimeAsync(DRAFT_SAVE_INTERVAL_MS - 1);
    draft.touch("ab");
    expect(shelf.writes).toBe(0);
    await vi.advanceTimersByTimeAsync(1);
    expect(shelf.saved.get("k")).toBe("ab");
    expect(draft.state).toBe("saved");
    expect(draft.savedAt).toBe(7);
  });

  it("keeps_saving_while_the_typing_goes_on", async () => {
    const shelf = new Shelf();
    const draft = keeper(shelf);
    for (let i = 0; i < 20; i += 1) {
      draft.touch(i);
      await vi.advanceTimersByTimeAsync(1_000);
    }
    expect(shelf.writes).toBeGreaterThanOrEqual(3);
  });

  it("retries_after_a_failed_save_and_loses_nothing", async () => {
    const shelf = new Shelf();
    shelf.failing = true;
    const draft = keeper(shelf);
    draft.touch("a");
    await vi.advanceTimersByTimeAsync(DRAFT_SAVE_INTERVAL_MS);
    expect(draft.state).toBe("failed");
    shelf.failing = false;
    await vi.advanceTimersByTimeAsync(DRAFT_SAVE_INTERVAL_MS);
    expect(shelf.saved.get("k")).toBe("a");
  });

  it("is_gone_after_signing_and_never_written_again", async () => {
    const shelf = new Shelf();
    const draft = keeper(shelf);
    draft.touch("a");
    await draft.flush();
    await draft.drop();
    draft.touch("b");
    await vi.advanceTimersByTimeAsync(3 * DRAFT_SAVE_INTERVAL_MS);
    expect(shelf.saved.has("k")).toBe(false);
  });

  it("is_never_written_in_the_name_of_the_next_person", async () => {
    const shelf = new Shelf();
    shelf.failing = true;
    const draft = keeper(shelf);
    draft.touch("a");
    await draft.flush();
    draft.abandon();
    shelf.failing = false;
    await draft.flush();
    await vi.advanceTimersByTimeAsync(3 * DRAFT_SAVE_INTERVAL_MS);
    expect(shelf.saved.has("k")).toBe(false);
    expect(shelf.writes).toBe(1);
  });

  it("comes_back_as_it_was", async () => {
    const shelf = new Shelf();
    shelf.saved.set("k", { value: "未完" });
    expect(await keeper(shelf).restore()).toEqual({ value: "未完" });
  });

  it("has_a_key_the_node_accepts", () => {
    expect(draftKey("offer", "AB12", "apply:leave")).toBe("offer:ab12:apply:leave");
    expect(draftKey("case", "x/y?")).toBe("case:x_y_");
  });
});
