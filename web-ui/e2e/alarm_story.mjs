// An alarm at two desks: taken at one, seen at the other within a second, handled to its close.
import { assert } from "./desk.mjs";

const SEEN_MS_MAX = 1_000;
const LINK_MS_MAX = 30_000;
const GRAVE_MAX = 2; // severities that a second person at the county closes
const JUDGED = ["explained", "false_alarm", "violation"];

async function firstUnclaimed(desk) {
  const { items } = await desk.get("/alarms?state=open");
  const row = items.find((item) => item.claimed === null && item.sounding) ?? items.find((item) => item.claimed === null);
  assert(row !== undefined, "the story needs an open alarm that nobody has taken");
  return row;
}

export const stories = {
  async the_sound_repeats_until_the_alarm_is_taken(house) {
    const desk = await (await house.desk()).signIn(house.settings.staff);
    const row = await firstUnclaimed(desk);
    assert(row.sounding, "no open alarm of severity 1 to 3 sounds");
    await desk.page.waitForFunction(() => Number(document.documentElement.dataset.beeps ?? 0) >= 2, null, { timeout: 35_000 });
    await desk.leave();
  },

  async an_alarm_is_heard_where_nobody_is_signed_in(house) {
    const known = await (await house.desk()).signIn(house.settings.staff);
    await firstUnclaimed(known);
    await known.leave();
    const { page, ...rest } = await house.desk();
    await page.goto(house.settings.url);
    await page.waitForSelector("[data-mark=alarm]");
    await page.waitForFunction(() => Number(document.documentElement.dataset.beeps ?? 0) >= 2, null, { timeout: 35_000 });
    const text = await page.textContent("body");
    const open = (await page.evaluate(async () => (await fetch("/api/v1/alarms")).status)) === 401;
    assert(open && text.includes("接警"), "the page without a person tells more or less than that an alarm waits");
    if (house.settings.shots !== null) await page.screenshot({ path: `${house.settings.shots}/sign-in-alarm.png` });
    await rest.context.close();
  },

  async a_claim_is_seen_at_the_other_desk_within_a_second(house) {
    const a = await (await house.desk()).signIn(house.settings.staff);
    const b = await (await house.desk()).signIn(house.settings.head);
    await a.go("/alarms");
    await b.go("/alarms");
    const row = await firstUnclaimed(a);
    const cell = `[data-alarm="${row.id}"] [data-cell=claimed]`;
    await a.page.waitForSelector(`${cell} [data-do=claim]`);
    await b.page.waitForSelector(`${cell} [data-do=claim]`);
    await a.shot("alarms-open");
    await b.page.evaluate((sel) => {
      const target = document.querySelector(sel);
      new MutationObserver(() => {
        if (target.querySelector("[data-do=claim]") === null) window.seenAt ??= Date.now();
      }).observe(target, { childList: true, subtree: true });
    }, cell);
    const clicked = Date.now();
    await a.page.click(`${cell} [data-do=claim]`);
    const seen = await (await b.page.waitForFunction(() => window.seenAt)).jsonValue();
    assert(seen - clicked <= SEEN_MS_MAX, `the claim was seen after ${seen - clicked} ms`);
    const name = await a.page.locator("[data-who=name]").textContent();
    assert((await b.page.textContent(cell)).includes(name), "the other desk does not show who took it");
    await b.shot("alarms-claimed");
    await a.leave();
    await b.leave();
    return `${seen - clicked} ms`;
  },

  async an_alarm_is_handled_to_its_close_by_two_people(house) {
    const a = await (await house.desk()).signIn(house.settings.staff);
    const open = (await a.get("/alarms?state=open")).items;
    const grave = (item) => item.severity <= GRAVE_MAX;
    const mine = open.find((item) => !grave(item)) ?? open[0];
    assert(mine !== undefined, "the story needs an open alarm");
    assert(!grave(mine) || house.settings.county !== null, "only grave alarms are open: the story needs JIAOLIAN_COUNTY to close one");
    const b = await (await house.desk()).signIn(grave(mine) ? house.settings.county : house.settings.head);
    const done = [];
    for (const [desk, events] of [[a, ["acknowledge"]], [a, ["contact"]], [a, JUDGED], [b, ["close"]]]) {
      await desk.until(`/alarms/${mine.id}`);
      await desk.go(`/alarm/${mine.id}`);
      const event = await desk.doFirst(events, {});
      if (event !== null) done.push(event);
      if (event === "contact") await desk.shot("alarm-evidence");
    }
    const after = await b.get(`/alarms/${mine.id}`);
    assert(!after.alarm.open, `after ${done.join(", ")} the alarm is ${after.alarm.state.code}`);
    await b.shot("alarm-closed");
    await a.go("/alarms");
    // What the county closed comes over the link.
    const isGone = (id) => document.querySelector(`[data-alarm="${id}"]`) === null;
    await a.page.waitForFunction(isGone, mine.id, { timeout: LINK_MS_MAX });
    await a.leave();
    await b.leave();
    return done.join(" → ");
  },

  async the_sound_stops_when_nothing_waits(house) {
    const desk = await (await house.desk()).signIn(house.settings.staff);
    await desk.go("/alarms");
    const claim = desk.page.locator("[data-do=claim]").first();
    await desk.page.waitForSelector("main .sheet");
    while ((await claim.count()) > 0) {
      const left = await desk.page.locator("[data-do=claim]").count();
      await claim.click();
      await desk.page.waitForFunction((n) => document.querySelectorAll("[data-do=claim]").length < n, left);
    }
    await desk.page.waitForFunction(() => document.documentElement.dataset.sounding === undefined);
    await desk.leave();
  },
};
