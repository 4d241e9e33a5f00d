// Dates as officers read them: 2026年3月2日(周一) 还剩2个工作日. Beijing time whatever the PC is set to.
import type { CivilDate, Due, Ms, Remaining } from "./contract";

export type Locale = "zh-CN" | "en";

const BEIJING_OFFSET_MS = 8 * 3_600_000; // no daylight saving since 1991
const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
const WEEK_ZH = ["日", "一", "二", "三", "四", "五", "六"] as const;
const WEEK_EN = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"] as const;
const MONTH_EN = [
  "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
] as const;

interface Parts {
  year: number;
  month: number;
  day: number;
  week: number;
  hour: number;
  minute: number;
  second: number;
}

function partsOf(at: number): Parts {
  const d = new Date(at + BEIJING_OFFSET_MS);
  return {
    year: d.getUTCFullYear(),
    month: d.getUTCMonth() + 1,
    day: d.getUTCDate(),
    week: d.getUTCDay(),
    hour: d.getUTCHours(),
    minute: d.getUTCMinutes(),
    second: d.getUTCSeconds(),
  };
}

const two = (n: number): string => String(n).padStart(2, "0");

/** The civil date in Beijing at this instant. */
export function civilDate(at: Ms): CivilDate {
  const p = partsOf(at);
  return `${p.year}-${two(p.month)}-${two(p.day)}` as CivilDate;
}

function midnight(date: CivilDate): number {
  return Date.parse(`${date}T00:00:00Z`) - BEIJING_OFFSET_MS;
}

/** 2026年3月2日(周一) / Mon 2 Mar 2026. */
export function dateLabel(date: CivilDate, locale: Locale): string {
  const at = midnight(date);
  if (Number.isNaN(at)) return date;
  const p = partsOf(at);
  if (locale === "en") {
    return `${WEEK_EN[p.week] ?? ""} ${p.day} ${MONTH_EN[p.month - 1] ?? ""} ${p.year}`;
  }
  return `${p.year}年${p.month}月${p.day}日(周${WEEK_ZH[p.week] ?? ""})`;
}

/** 2026年3月2日(周一) 10:04. */
export function instantLabel(at: Ms, locale: Locale): string {
  const p = partsOf(at);
  return `${dateLabel(civilDate(at), locale)} ${two(p.hour)}:${two(p.minute)}`;
}

/** 10:04 on the same civil day as `now`, else 3月2日 10:04, with the year when it differs. */
export function shortLabel(at: Ms, now: Ms, locale: Locale): string {
  const p = partsOf(at);
  const n = partsOf(now);
  const time = `${two(p.hour)}:${two(p.minute)}`;
  if (civilDate(at) === civilDate(now)) return time;
  const year = p.year === n.year ? "" : locale === "en" ? ` ${p.year}` : `${p.year}年`;
  if (locale === "en") return `${p.day} ${MONTH_EN[p.month - 1] ?? ""}${year} ${time}`;
  return `${year}${p.month}月${p.day}日 ${time}`;
}

/** 10:04:05, for the moment a draft was kept. */
export function clockLabel(at: Ms): string {
  const p = partsOf(at);
  return `${two(p.hour)}:${two(p.minute)}:${two(p.second)}`;
}

const UNIT_ZH = { working_day: "个工作日", calendar_day: "天", hour: "小时", minute: "分钟" } as const;
const UNIT_EN = { working_day: "working day", calendar_day: "day", hour: "hour", minute: "minute" } as const;

const MINUTES_MAX = 120; // beyond, hours read better than minutes
const HOURS_MAX = 48;

/** 240 minutes are said as 4 hours, 72 hours as 3 days; rounded towards zero. */
function coarsen(remaining: Remaining): Remaining {
  const { n, unit } = remaining;
  if (unit === "minute" && Math.abs(n) >= MINUTES_MAX) return coarsen({ n: Math.trunc(n / 60), unit: "hour" });
  if (unit === "hour" && Math.abs(n) >= HOURS_MAX) return { n: Math.trunc(n / 24), unit: "calendar_day" };
  return remaining;
}

/** 还剩2个工作日 · 今天到期 · 已超期3天. Zero of a day unit means it ends today. */
export function remainingLabel(remaining: Remaining, locale: Locale): string {
  const { n, unit } = coarsen(remaining);
  const size = Math.abs(n);
  if (locale === "en") {
    const words = `${size} ${UNIT_EN[unit]}${size === 1 ? "" : "s"}`;
    if (n === 0) return unit.endsWith("day") ? "due today" : "due now";
    return n > 0 ? `${words} left` : `${words} overdue`;
  }
  if (n === 0) return unit.endsWith("day") ? "今天到期" : "即刻到期";
  return n > 0 ? `还剩${size}${UNIT_ZH[unit]}` : `已超期${size}${UNIT_ZH[unit]}`;
}

/** The notice of that year is not published yet, so the date may still move. */
function provisionalMark(due: Due, locale: Locale): string {
  if (!due.provisional) return "";
  return locale === "en" ? " (provisional)" : " (暂定)";
}

/** 2026年3月2日(周一) 还剩2个工作日; hours and minutes show the clock time too. */
export function dueLabel(due: Due, locale: Locale): string {
  const byClock = due.remaining.unit === "hour" || due.remaining.unit === "minute";
  const when = byClock ? instantLabel(due.at, locale) : dateLabel(due.date, locale);
  return `${when}${provisionalMark(due, locale)} ${remainingLabel(due.remaining, locale)}`;
}

/** 08:37 还剩2分钟, or 3月2日(周一) 还剩2个工作日: for a row of a list. */
export function shortDueLabel(due: Due, now: Ms, locale: Locale): string {
  if (due.remaining.unit.endsWith("_day")) {
    const sameYear = due.date.slice(0, 4) === civilDate(now).slice(0, 4);
    const label = dateLabel(due.date, locale);
    const short = !sameYear ? label : locale === "en" ? label.slice(0, -5) : label.slice(5);
    return `${short}${provisionalMark(due, locale)} ${remainingLabel(due.remaining, locale)}`;
  }
  return `${shortLabel(due.at, now, locale)} ${remainingLabel(due.remaining, locale)}`;
}

/** 3分钟 · 5小时 · 2天: how long something has lasted, rounded down. */
export function spanLabel(from: Ms, to: Ms, locale: Locale): string {
  const ms = Math.max(0, to - from);
  if (ms < MINUTE_MS) return locale === "en" ? "under a minute" : "不到1分钟";
  if (ms < HOUR_MS) {
    const n = Math.floor(ms / MINUTE_MS);
    return locale === "en" ? `${n} min` : `${n}分钟`;
  }
  if (ms < 48 * HOUR_MS) {
    const n = Math.floor(ms / HOUR_MS);
    return locale === "en" ? `${n} h` : `${n}小时`;
  }
  const n = Math.floor(ms / (24 * HOUR_MS));
  return locale === "en" ? `${n} days` : `${n}天`;
}

/** 2026-03-02T08:30 in Beijing, as a field for date and time has it. */
export function beijingInput(at: Ms): string {
  return new Date(at + BEIJING_OFFSET_MS).toISOString().slice(0, 16);
}

/** The instant that such a field names; none while it is not filled in. */
export function beijingMs(text: string): Ms | null {
  const at = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}$/.test(text) ? Date.parse(`${text}:00Z`) : Number.NaN;
  return Number.isNaN(at) ? null : ((at - BEIJING_OFFSET_MS) as Ms);
}
