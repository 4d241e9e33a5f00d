// Loading what a page shows: the last good answer stays on the screen while a newer one is fetched.
import { ref, shallowRef, type Ref, type ShallowRef } from "vue";
import { ApiError } from "../data/api";
import type { Text } from "../data/contract";

export interface Trouble {
  status: number;
  code: string;
  text: Text;
}

export interface Loaded<T> {
  data: ShallowRef<T | null>;
  loading: Ref<boolean>;
  trouble: ShallowRef<Trouble | null>;
  reload: () => Promise<void>;
}

export function troubleOf(error: unknown): Trouble {
  if (error instanceof ApiError) {
    return { status: error.status, code: error.code, text: { zh: error.zh, en: error.en } };
  }
  console.error(error);
  return {
    status: 0,
    code: "unexpected",
    text: { zh: "出现未预料的情况, 请重试", en: "Something unexpected happened, please retry" },
  };
}

/** Answers that were overtaken by a newer request are dropped. */
export function useLoad<T>(fetcher: () => Promise<T>): Loaded<T> {
  const data = shallowRef<T | null>(null);
  const loading = ref(true);
  const trouble = shallowRef<Trouble | null>(null);
  let latest = 0;
  const reload = async (): Promise<void> => {
    latest += 1;
    const mine = latest;
    loading.value = true;
    try {
      const answer = await fetcher();
      if (mine !== latest) return;
      data.value = answer;
      trouble.value = null;
    } catch (error) {
      if (mine === latest) trouble.value = troubleOf(error);
    } finally {
      if (mine === latest) loading.value = false;
    }
  };
  void reload();
  return { data, loading, trouble, reload };
}
