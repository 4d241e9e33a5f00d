// The live desk: alarms come from bands that leave home, are heard, seen, taken by keyboard, replayed, and
// counted on the wall.
import { request } from "node:http";
import { assert } from "./desk.mjs";

const GATE = process.env.JIAOLIAN_GATE;
const NOW = Number(process.env.JIAOLIAN_NOW);
const AWAY = [28.185, 113.6]; // more than a kilometre outside the fence of home

function report(number, at, [lat, lon]) {
  const query = `/?id=band-0000${number}&timestamp=${at}&lat=${lat}&lon=${lon}&accuracy=15&valid=true`;
  return new Promise((done, fail) => {
    request(`${GATE}${query}`, (answer) => {
      answer.resume();
      answer.on("end", () => (answer.statusCode === 200 ? done() : fail(new Error(`the gateway answered ${answer.statusCode}`))));
    })
      .on("error", fail)
      .end();
  });
}

/** Leaves home for more than three minutes, as four reports of now. */
async function escape(number) {
  for (const s of [-200, -130, -60, -1]) await report(number, NOW + s * 1_000 + number, AWAY);
}

async function open(desk) {
  return (await desk.get("/alarms?state=open")).items;
}

export const stories = {
  async the_age_of_a_position_grows_without_a_request_and_a_click_shows_the_person(house) {
    const desk = await (await house.desk()).signIn(house.settings.staff);
    const { page } = desk;
    await desk.go("/map");
    await page.waitForFunction(() => document.querySelector(".map")?.dataset.dots === "6");
    await page.click("[data-tab=people]");
    await page.locator(".people button").first().click();
    await page.waitForSelector("[data-part=card-fix]");
    const asked = [];
    page.on("request", (r) => asked.push(r.url()));
    const age = () => page.locator("[data-part=card-fix] .strong").textContent();
    const before = await age();
    await page.waitForFunction((old) => document.querySelector("[data-part=card-fix] .strong")?.textContent !== old, before, { timeout: 25_000 });
    const positions = asked.filter((url) => /map\/people|map\/track/.test(url));
    assert(positions.length === 0, `the age grew by asking: ${positions.join(" ")}`);
    const text = await page.locator("[data-part=card]").textContent();
    assert(text.includes("家") && text.includes("准许"), `the card shows no zone or no leave: ${text}`);
    await desk.shot("map-card");
    await desk.leave();
    return `${before} → later`;
  },

  async a_grave_alarm_is_on_the_tab_until_it_was_seen_and_is_taken_by_keyboard(house) {
    const desk = await (await house.desk()).signIn(house.settings.staff);
    const { page } = desk;
    await desk.go("/network");
    await escape(0);
    await page.waitForFunction(() => document.title.includes("【1】"));
    await page.waitForFunction(() => Number(document.documentElement.dataset.beeps ?? 0) >= 1);
    await desk.go("/map");
    const [row] = await open(desk);
    assert(row.severity <= 2 && row.case.name === "对象0000", `the alarm is ${JSON.stringify(row)}`);
    await page.waitForSelector(`[data-queue="${row.id}"]`);
    const clock = page.locator(`[data-queue="${row.id}"] [data-part=clock]`);
    const first = await clock.textContent();
    assert(/\d\d:\d\d/.test(first), `no clock until the deadline: ${first}`);
    await page.waitForFunction(([id, old]) => document.querySelector(`[data-queue="${id}"] [data-part=clock]`)?.textContent !== old, [row.id, first]);
    await page.mouse.move(700, 400);
    await page.waitForFunction(() => !document.title.includes("【"));
    await desk.shot("map-queue");
    const faults = await desk.axe();
    assert(faults.length === 0, faults.join("\n"));
    await page.keyboard.press("j");
    await page.waitForSelector(`[data-queue="${row.id}"][aria-current=true]`);
    await page.waitForSelector("[data-part=card-alarm]");
    await desk.shot("map-queue-chosen");
    await page.keyboard.press("t");
    await page.waitForSelector(`[data-queue="${row.id}"] [data-do=take]`, { state: "detached" });
    const [taken] = await open(desk);
    assert(taken.claimed !== null, "the key took nothing");
    await page.keyboard.press("o");
    await page.waitForSelector(`main[data-path="/alarm/${row.id}"] h1`);
    await desk.leave();
  },

  async a_mute_is_silent_and_shows_its_end(house) {
    const desk = await (await house.desk()).signIn(house.settings.staff);
    const { page } = desk;
    await escape(1);
    await page.waitForFunction(() => Number(document.documentElement.dataset.beeps ?? 0) >= 1);
    await page.click("[data-do=mute]");
    const muted = await page.locator("[data-do=unmute]").textContent();
    assert(/\d\d:\d\d/.test(muted), `the mute has no end: ${muted}`);
    const beeps = () => page.evaluate(() => Number(document.documentElement.dataset.beeps));
    const before = await beeps();
    await page.click("[data-do=unmute]");
    await page.waitForFunction((n) => Number(document.documentElement.dataset.beeps) > n, before);
    await desk.leave();
  },

  async the_browser_is_asked_once_for_sound(house) {
    const desk = await (await house.desk()).signIn(house.settings.staff);
    // A page in which nobody has clicked. Chromium now and then counts the click of another page for it.
    const page = await desk.context.newPage();
    await page.addInitScript(() => {
      let clicked = false;
      addEventListener("pointerdown", () => (clicked = true), true);
      Object.defineProperty(navigator, "userActivation", { value: { get hasBeenActive() { return clicked; } } });
    });
    await page.goto(`${desk.url}#/map`);
    await page.waitForSelector("[data-part=ask-sound]");
    await page.click("[data-do=allow-sound]");
    await page.waitForSelector("[data-part=ask-sound]", { state: "detached" });
    await page.click("[data-nav=network]");
    await page.click("[data-nav=map]");
    await page.waitForSelector(".queue .keys");
    assert((await page.locator("[data-part=ask-sound]").count()) === 0, "it is asked a second time");
    await page.close();
    await desk.leave();
  },

  async a_trail_of_the_last_minutes_is_drawn_for_whoever_was_chosen(house) {
    const desk = await (await house.desk()).signIn(house.settings.staff);
    const { page } = desk;
    await desk.go("/map");
    await page.click("[data-tab=people]");
    await page.fill(".side input", "对象0000");
    await page.locator(".people button").first().click();
    const track = page.waitForResponse((r) => r.url().includes("/map/track"));
    await page.check("[data-part=card] [data-do=trail]");
    const { items } = await (await track).json();
    assert(items.length >= 5, `the trail has ${items.length} positions`);
    const purple = () =>
      page.waitForFunction(() =>
        [...document.querySelectorAll(".map canvas")].some((canvas) => {
          const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
          for (let i = 0; i < data.length; i += 4) if (data[i] === 0x7a && data[i + 1] === 0x3f && data[i + 2] === 0xa0) return true;
          return false;
        }),
      );
    await purple();
    await desk.shot("map-trail");
    await desk.leave();
  },

  async an_alarm_is_replayed_fix_by_fix(house) {
    const desk = await (await house.desk()).signIn(house.settings.staff);
    const { page } = desk;
    const row = (await open(desk)).find((one) => one.case.name === "对象0000");
    await desk.go(`/alarm/${row.id}`);
    await page.click("[data-do=replay]");
    await page.waitForSelector("[data-do=replay-slider]");
    const fixes = await page.locator("[data-fix]").count();
    assert(fixes >= 3, `${fixes} fixes are replayed`);
    assert((await page.locator("[data-fix=decides]").count()) === 1, "not one fix decided");
    const slider = page.locator("[data-do=replay-slider]");
    const moment = () => page.locator("[data-part=replay-moment]").textContent();
    await slider.focus();
    await page.keyboard.press("Home");
    const begin = await moment();
    await page.click("[data-do=replay-play]");
    await page.waitForFunction(() => Number(document.querySelector("[data-do=replay-slider]").value) >= 1);
    await page.click("[data-do=replay-play]");
    await slider.focus();
    await page.keyboard.press("End");
    assert((await moment()) !== begin, "the slider shows one moment only");
    await desk.shot("replay");
    const faults = await desk.axe();
    assert(faults.length === 0, faults.join("\n"));
    await desk.leave();
    return `${fixes} fixes`;
  },

  async a_replay_shows_the_verdict_of_each_fix_where_the_explanation_is_kept(house) {
    const desk = await (await house.desk()).signIn(house.settings.staff);
    const { page } = desk;
    const row = (await open(desk)).find((one) => one.case.name === "对象0000");
    const { evidence } = await desk.get(`/alarms/${row.id}`);
    const why = (i) => ({ zh: `在界外 ${300 + i} 米，计入越界`, en: `${300 + i} m outside, counts` });
    const explain = {
      id: row.id, kind: { code: "GEO_OUT", text: row.kind.label }, severity: 2, retrospective: false, raised_at: 1, time: 1, decided_at: 1,
      window: { from: 0, to: 1, whole: true }, fence: evidence.fence, permits: [{ from: NOW, to: NOW + 3_600_000, signed: NOW, revoked: null, fence: null, area: null, covers: 2 }],
      fixes: evidence.fixes.map((fix, i) => ({
        ...fix, grade: "fine", used: i > 0, unused: i > 0 ? null : "jump", bound: true, unbound: null, fence_version: 1, distance_mm: 300_000, beyond: false,
        verdict: "candidate", counts: i > 0, decides: fix.id === evidence.deciding_fix, why: why(i),
      })),
      decision: null, agrees: false, differs: [{ zh: "记载 09:00，核算 09:01", en: "said 09:00, found 09:01" }],
    };
    await page.route("**/api/v1/alarms/*/explain", (route) => route.fulfill({ json: explain }));
    await desk.go(`/alarm/${row.id}/replay`);
    await page.waitForSelector("[data-fix=unused]");
    const text = await page.textContent("main");
    for (const said of ["在界外 301 米", "核算结果不同", "核算 09:01", "准许了其中 2 个点"]) assert(text.includes(said), `the replay does not say ${said}`);
    await desk.shot("replay-explained");
    await desk.leave();
  },

  async the_wall_shows_numbers_with_their_time_and_never_a_name(house) {
    const desk = await (await house.desk()).signIn(house.settings.county);
    const { page } = desk;
    await page.goto(`${desk.url}#/wall`);
    await page.waitForSelector("[data-sum=watched]");
    const sum = (name) => page.locator(`[data-sum="${name}"] .n`).textContent();
    assert((await sum("watched")) === "6", `under watch: ${await sum("watched")}`);
    const grave = Number(await sum("open-2"));
    assert(grave >= 2, `${grave} open alarms of severity 2`);
    const missing = await page.locator("[data-missing]").allTextContents();
    assert(missing.some((text) => text.includes("集里司法所")), `missing offices: ${missing.join(" ")}`);
    assert((await page.locator("[data-tile][data-fresh=fresh]").count()) === 1, "only the own office is heard");
    assert(/\d\d:\d\d:\d\d/.test(await page.locator("[data-part=as-of]").textContent()), "the sums have no time");
    const before = await sum("unacknowledged");
    await escape(2);
    await page.waitForFunction((n) => document.querySelector("[data-sum=unacknowledged] .n").textContent !== n, before);
    const text = await page.textContent("body");
    assert(!/对象0|张三/.test(text), "the wall names somebody");
    const font = await page.$eval("[data-sum=watched] .n", (el) => parseFloat(getComputedStyle(el).fontSize));
    assert(font >= 60, `a number is ${font} px high`);
    const faults = await desk.axe();
    assert(faults.length === 0, faults.join("\n"));
    await desk.shot("wall");
    await page.setViewportSize({ width: 1920, height: 1080 });
    await desk.shot("wall-1920");
    await page.click("[data-do=pin]");
    await page.waitForSelector("[data-do=pin]", { state: "detached" });
    const status = await page.evaluate(async () => (await fetch("/api/v1/cases")).status);
    assert(status === 403, `a pinned wall reads cases: ${status}`);
    await page.goto(`${desk.url}#/cases`);
    await page.reload();
    await page.waitForSelector("[data-sum=watched]");
    // Nothing is heard any more: the wall says so instead of showing old numbers as new.
    await desk.context.setOffline(true);
    await page.evaluate(() => {
      const later = Date.now() + 60_000;
      Date.now = () => later;
    });
    await page.waitForSelector("[data-part=dead]");
    await desk.shot("wall-dead");
    await desk.leave();
  },
};
