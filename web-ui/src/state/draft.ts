// Drafts of the open page: kept on the node, flushed when the page hides or the person changes.
import { onScopeDispose, reactive } from "vue";
import { api, ApiError } from "../data/api";
import type { Json } from "../data/contract";
import { DraftKeeper, type DraftState, type DraftStore } from "../data/draft";
import { nodeTime } from "./clock";

const LISTED_MAX = 200;
let listing: Promise<Set<string> | null> | null = null;

/** Keys of this person's drafts, one question for all forms of a page; null when there are more. */
function listed(): Promise<Set<string> | null> {
  listing ??= api
    .drafts({ limit: LISTED_MAX })
    .then((page) => (page.next === null ? new Set(page.items.map((item) => item.key)) : null))
    .finally(() => (listing = null));
  return listing;
}

const store: DraftStore = {
  async load(key) {
    const keys = await listed();
    if (keys !== null && !keys.has(key)) return null;
    try {
      const draft = await api.draft(key);
      return { body: draft.body, saved_at: draft.saved_at };
    } catch (error) {
      if (error instanceof ApiError && error.status === 404) return null;
      throw error;
    }
  },
  async save(key, title, body: Json) {
    await api.saveDraft(key, title, body);
  },
  async drop(key) {
    await api.dropDraft(key);
  },
};

const open = new Set<DraftKeeper>();

/** Everything unsaved on this page goes to the node now. */
export async function flushDrafts(): Promise<void> {
  await Promise.all([...open].map((draft) => draft.flush()));
}

/** The session is over: nothing of this page may be kept under the next person's name. */
export function abandonDrafts(): void {
  for (const draft of open) draft.abandon();
}

document.addEventListener("visibilitychange", () => {
  if (document.visibilityState === "hidden") void flushDrafts();
});

export interface DraftView {
  state: DraftState;
  savedAt: number | null;
}

/** A draft that lives as long as the component; what is unsaved is flushed when it goes. */
export function useDraft(key: string, title: string): { keeper: DraftKeeper; view: DraftView } {
  const view = reactive<DraftView>({ state: "clean", savedAt: null });
  const keeper = new DraftKeeper(store, key, title, nodeTime, () => {
    view.state = keeper.state;
    view.savedAt = keeper.savedAt;
  });
  open.add(keeper);
  onScopeDispose(() => {
    void keeper.flush().finally(() => open.delete(keeper));
  });
  return { keeper, view };
}
