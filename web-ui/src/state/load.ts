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

/**
 * One request at a time: what is asked for while one is under way is fetched once more after it,
 * so a burst of events costs two requests and the last answer is never an old one.
 */
export function useLoad<T>(fetcher: () => Promise<T>): Loaded<T> {
  const data = shallowRef<T | null>(null);
  const loading = ref(true);
  const trouble = shallowRef<Trouble | null>(null);
  let running: Promise<void> | null = null;
  let again = false;
  const run = async (): Promise<void> => {
    loading.value = true;
    do {
      again = false;
      try {
        data.value = await fetcher();
        trouble.value = null;
      } catch (error) {
        trouble.value = troubleOf(error);
      }
    } while (again);
    loading.value = false;
    running = null;
  };
  const reload = (): Promise<void> => {
    if (running !== null) {
      again = true;
      return running;
    }
    running = run();
    return running;
  };
  void reload();
  return { data, loading, trouble, reload };
}
