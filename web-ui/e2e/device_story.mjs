// The band of a person: where is it, what does it show, and what was the day; on the line and off it.
import { assert } from "./desk.mjs";

const CASE = process.env.JIAOLIAN_CASE;
const DAY_S = 86_400;

const newest = (page, kind, state) => page.waitForSelector(`[data-part=devices] li[data-order=${kind}][data-order-state=${state}]:first-child`);

async function show(page, text) {
  await page.fill("[data-field=device-text]", text);
  await page.click("[data-do=show-text]");
}

export const stories = {
  async a_band_is_asked_and_told_from_the_page_of_its_person(house) {
    const desk = await (await house.desk()).signIn(house.settings.staff);
    const { page } = desk;
    await desk.go(`/case/${CASE}?tab=watch`);
    await page.waitForSelector("[data-part=devices] [data-line=on]");
    await page.click("[data-do=locate]");
    const located = await newest(page, "locate", "answered");
    assert((await located.textContent()).includes("28.1500000, 113.6000000"), `where the band said it is: ${await located.textContent()}`);
    // The terminal's answer is held back until the page was seen to wait for it.
    let release;
    const held = new Promise((done) => (release = done));
    await page.route("**/api/v1/devices/*/text", async (route) => {
      const answer = await route.fetch();
      await held;
      await route.fulfill({ response: answer });
    });
    await show(page, "请回电司法所");
    await newest(page, "text", "sent");
    await desk.shot("device-waiting");
    release();
    await newest(page, "text", "answered");
    await page.unroute("**/api/v1/devices/*/text");
    assert((await page.inputValue("[data-field=device-text]")) === "", "what was shown is out of the field");
    await show(page, "请拒绝此条");
    await newest(page, "text", "refused");
    assert((await page.inputValue("[data-field=device-text]")) === "请拒绝此条", "what was not shown stays to be tried again");
    await show(page, "🙂");
    const problem = await page.waitForSelector("[data-part=text-problem]");
    assert((await problem.textContent()).includes("🙂"), `a sign that no terminal shows: ${await problem.textContent()}`);
    assert((await page.locator("[data-order=text]").count()) === 2, "what could not be sent is no order");
    const faults = await desk.axe();
    assert(faults.length === 0, faults.join("\n"));
    await desk.leave();
  },

  async a_day_is_shown_whole_with_what_was_not_known_by_cause(house) {
    const desk = await (await house.desk()).signIn(house.settings.staff);
    const { page } = desk;
    await desk.go(`/case/${CASE}?tab=watch`);
    await page.waitForSelector("[data-part=devices] [data-line=on]");
    const asked = [];
    page.on("request", (r) => r.url().includes("/tally?") && asked.push(r.url()));
    assert((await page.locator("[data-part=tally] [data-row]").count()) === 0, "a day is looked at only by whoever gives a reason");
    await page.click("[data-do=tally]");
    await page.waitForSelector("[data-part=tally] [data-row=sum]");
    assert(asked.length === 1 && asked[0].includes("day=2026-03-02") && asked[0].includes("reason=duty"), asked.join());
    const seconds = (selector) => page.$$eval(selector, (all) => Object.fromEntries(all.map((one) => [one.dataset.row ?? one.dataset.what, Number(one.dataset.seconds)])));
    const { sum, ...rows } = await seconds("[data-part=tally] [data-row]");
    const parts = await page.$$eval("[data-part=tally] .part", (all) => all.map((one) => [one.dataset.what, Number(one.dataset.seconds), one.getBoundingClientRect().width]));
    const total = (list) => list.reduce((all, n) => all + n, 0);
    assert(sum === DAY_S && total(Object.values(rows)) === DAY_S, `the table: ${JSON.stringify(rows)}`);
    assert(total(parts.map(([, n]) => n)) === DAY_S, `the bar: ${JSON.stringify(parts)}`);
    for (const [what, n] of Object.entries(rows)) {
      assert(total(parts.filter(([part]) => part === what).map(([, m]) => m)) === n, `${what} is otherwise in the bar than in the table`);
    }
    const bar = (await page.locator("[data-part=tally] .day").boundingBox()).width - 2;
    assert(Math.abs(total(parts.map(([, , width]) => width)) - bar) < 2, "the bar is not full");
    for (const what of ["compliant", "violation", "no_place", "outage", "no_basis", "ahead"]) assert(rows[what] > 0, `${what} of ${JSON.stringify(rows)}`);
    await desk.shot("person-day");
    await desk.onPhone("person-day");
    await page.click("[data-do=day-before]");
    await page.waitForFunction(() => document.querySelector("[data-field=tally-day] input").value === "2026-03-01");
    await page.waitForFunction(() => [...document.querySelectorAll("[data-part=tally] .part")].length > 0 && !document.querySelector("[data-row=ahead]"));
    const faults = await desk.axe();
    assert(faults.length === 0, faults.join("\n"));
    await desk.leave();
    return JSON.stringify(rows);
  },

  async an_alarm_leads_to_the_band_and_a_line_that_is_lost_is_said(house) {
    const desk = await (await house.desk()).signIn(house.settings.staff);
    const { page } = desk;
    const { items } = await desk.get("/alarms?state=open");
    const row = items.find((item) => item.case?.id === CASE);
    assert(row !== undefined, "the morning outside the area raised no alarm");
    await desk.go(`/alarm/${row.id}`);
    await page.waitForSelector("[data-part=devices] [data-line=on]");
    assert((await page.inputValue("[data-field=locate-reason]")) === "alarm", "from an alarm the reason is the alarm");
    await page.click("[data-do=locate]");
    await newest(page, "locate", "answered");
    await desk.shot("alarm-device");
    await desk.onPhone("alarm-device");
    await show(page, "断线");
    await newest(page, "text", "no_line");
    await page.waitForSelector("[data-part=devices] [data-line=off]");
    await page.click("[data-do=locate]");
    await newest(page, "locate", "no_line");
    await desk.shot("alarm-no-line");
    await desk.leave();
  },
};
