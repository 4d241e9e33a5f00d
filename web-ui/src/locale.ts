// The two languages: Chinese first, English for the people who build and audit.
import { createI18n, useI18n } from "vue-i18n";
import type { Text } from "./data/contract";
import type { Locale } from "./data/date";
import en from "./locale/en.json";
import zh from "./locale/zh-CN.json";

const LOCALE_KEY = "jiaolian.locale";

function remembered(): Locale {
  try {
    return localStorage.getItem(LOCALE_KEY) === "en" ? "en" : "zh-CN";
  } catch {
    return "zh-CN"; // storage switched off by policy
  }
}

export const i18n = createI18n({
  legacy: false,
  locale: remembered() as string,
  fallbackLocale: "zh-CN",
  messages: { "zh-CN": zh, en },
});

export function currentLocale(): Locale {
  return i18n.global.locale.value === "en" ? "en" : "zh-CN";
}

export function setLocale(locale: Locale): void {
  i18n.global.locale.value = locale;
  document.documentElement.lang = locale;
  try {
    localStorage.setItem(LOCALE_KEY, locale);
  } catch {
    return; // the choice then lasts until the page closes
  }
}

/** Words from the rules or from state, in the reader's language. */
export function words(text: Text | null | undefined): string {
  if (text === null || text === undefined) return "";
  return currentLocale() === "en" ? text.en || text.zh : text.zh;
}

/** `t` for the catalogue, `w` for texts the node sends, `locale` for dates. Reactive in templates. */
export function useWords(): {
  t: (key: string, named?: Record<string, unknown>) => string;
  w: (text: Text | null | undefined) => string;
  locale: () => Locale;
} {
  const { t } = useI18n();
  return {
    t: (key, named) => (named === undefined ? t(key) : t(key, named)),
    w: words,
    locale: currentLocale,
  };
}
