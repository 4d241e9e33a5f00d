import { describe, expect, it } from "vitest";
import type { CivilDate, Due, Ms } from "./contract";
import { civilDate, dateLabel, dueLabel, instantLabel, remainingLabel, shortLabel, shortDueLabel, spanLabel } from "./date";

const date = (s: string): CivilDate => s as CivilDate;
const at = (iso: string): Ms => Date.parse(iso) as Ms;

function due(over: Partial<Due>): Due {
  return {
    id: "D", label: { zh: "期限", en: "due" }, at: at("2026-03-02T23:59:59+08:00"), date: date("2026-03-02"),
    provisional: false, remaining: { n: 2, unit: "working_day" }, severity: 3, ...over,
  };
}

describe("dates", () => {
  it("read_as_officers_write_them", () => {
    expect(dateLabel(date("2026-03-02"), "zh-CN")).toBe("2026年3月2日(周一)");
    expect(dateLabel(date("2026-03-01"), "zh-CN")).toBe("2026年3月1日(周日)");
    expect(dateLabel(date("2026-03-02"), "en")).toBe("Mon 2 Mar 2026");
  });

  it("show_a_due_date_with_what_is_left", () => {
    expect(dueLabel(due({}), "zh-CN")).toBe("2026年3月2日(周一) 还剩2个工作日");
    expect(dueLabel(due({ remaining: { n: 0, unit: "calendar_day" } }), "zh-CN")).toBe("2026年3月2日(周一) 今天到期");
    expect(dueLabel(due({ provisional: true }), "zh-CN")).toBe("2026年3月2日(周一) (暂定) 还剩2个工作日");
  });

  it("say_working_days_in_a_row_too_and_mark_what_no_calendar_decides_yet", () => {
    const one = due({ date: date("2027-01-04"), remaining: { n: 1, unit: "working_day" }, provisional: true });
    expect(dueLabel(one, "zh-CN")).toBe("2027年1月4日(周一) (暂定) 还剩1个工作日");
    expect(dueLabel(one, "en")).toBe("Mon 4 Jan 2027 (provisional) 1 working day left");
    expect(shortDueLabel(one, at("2026-12-31T09:00:00+08:00"), "zh-CN")).toBe("2027年1月4日(周一) (暂定) 还剩1个工作日");
  });

  it("show_the_clock_when_a_limit_runs_in_minutes", () => {
    const d = due({ at: at("2026-03-02T02:24:00+08:00"), remaining: { n: 4, unit: "minute" } });
    expect(dueLabel(d, "zh-CN")).toBe("2026年3月2日(周一) 02:24 还剩4分钟");
  });

  it("say_by_how_much_a_limit_has_passed", () => {
    expect(remainingLabel({ n: -3, unit: "calendar_day" }, "zh-CN")).toBe("已超期3天");
    expect(remainingLabel({ n: -1, unit: "hour" }, "en")).toBe("1 hour overdue");
  });

  it("say_many_minutes_as_hours_and_many_hours_as_days", () => {
    expect(remainingLabel({ n: -240, unit: "minute" }, "zh-CN")).toBe("已超期4小时");
    expect(remainingLabel({ n: 119, unit: "minute" }, "zh-CN")).toBe("还剩119分钟");
    expect(remainingLabel({ n: 4330, unit: "minute" }, "zh-CN")).toBe("还剩3天");
  });

  it("leave_out_the_day_in_a_row_of_today", () => {
    const d = due({ at: at("2026-03-02T02:24:00+08:00"), remaining: { n: 4, unit: "minute" } });
    expect(shortDueLabel(d, at("2026-03-02T02:20:00+08:00"), "zh-CN")).toBe("02:24 还剩4分钟");
    const now = at("2026-02-27T02:20:00+08:00");
    expect(shortDueLabel(due({}), now, "zh-CN")).toBe("3月2日(周一) 还剩2个工作日");
    expect(shortDueLabel(due({}), now, "en")).toBe("Mon 2 Mar 2 working days left");
    expect(shortDueLabel(due({}), at("2025-12-30T02:20:00+08:00"), "zh-CN")).toBe("2026年3月2日(周一) 还剩2个工作日");
  });

  it("are_beijing_dates_whatever_the_zone_of_the_pc", () => {
    expect(civilDate(at("2026-03-01T16:00:00Z"))).toBe("2026-03-02");
    expect(civilDate(at("2026-03-01T15:59:59Z"))).toBe("2026-03-01");
    expect(instantLabel(at("2026-03-01T18:14:07Z"), "zh-CN")).toBe("2026年3月2日(周一) 02:14");
  });

  it("shorten_when_the_day_is_the_same", () => {
    const now = at("2026-03-02T10:00:00+08:00");
    expect(shortLabel(at("2026-03-02T02:14:00+08:00"), now, "zh-CN")).toBe("02:14");
    expect(shortLabel(at("2026-03-01T02:14:00+08:00"), now, "zh-CN")).toBe("3月1日 02:14");
    expect(shortLabel(at("2025-12-31T02:14:00+08:00"), now, "zh-CN")).toBe("2025年12月31日 02:14");
  });

  it("tell_spans_in_the_largest_sensible_unit", () => {
    const t = at("2026-03-02T00:00:00Z");
    const after = (ms: number): Ms => (t + ms) as Ms;
    expect(spanLabel(t, after(30_000), "zh-CN")).toBe("不到1分钟");
    expect(spanLabel(t, after(61_000), "zh-CN")).toBe("1分钟");
    expect(spanLabel(t, after(3 * 3_600_000), "zh-CN")).toBe("3小时");
    expect(spanLabel(t, after(72 * 3_600_000), "zh-CN")).toBe("3天");
    expect(spanLabel(after(1000), t, "zh-CN")).toBe("不到1分钟");
  });
});
