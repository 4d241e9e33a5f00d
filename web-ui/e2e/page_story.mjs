// Every page as it stands: drawn, reachable by keyboard, free of serious faults, on an old browser.
import { assert } from "./desk.mjs";

const FORMS_MAX = 5;

async function paths(desk) {
  const first = async (path) => (await desk.get(path)).items[0]?.id ?? null;
  const [kase, matter, alarm] = [await first("/cases"), await first("/matters?workflow=leave&state=all"), await first("/alarms?state=all")];
  return [
    ["today", "/today"],
    ["cases", "/cases"],
    ...(kase === null ? [] : [["case", `/case/${kase}`]]),
    ["leave", "/leave"],
    ...(matter === null ? [] : [["matter", `/matter/${matter}`]]),
    ["alarms", "/alarms"],
    ...(alarm === null ? [] : [["alarm", `/alarm/${alarm}`]]),
    ...(alarm === null ? [] : [["replay", `/alarm/${alarm}/replay`]]),
    ...(kase === null ? [] : [["fence", `/case/${kase}/fence`]]),
    ["map", "/map"],
    ["network", "/network"],
  ];
}

const drawn = (page) =>
  page.waitForFunction(() => {
    const canvas = document.querySelector(".map canvas");
    if (canvas === null || canvas.width === 0) return false;
    const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
    const colours = new Set();
    for (let i = 0; i < data.length; i += 4 * 37) colours.add((data[i] << 16) | (data[i + 1] << 8) | data[i + 2]);
    return colours.size >= 6;
  });

/** What Chrome 86 did not have yet, taken away before the page runs. */
const OLD_BROWSER = () => {
  for (const [target, names] of [
    [Array.prototype, ["at", "findLast", "findLastIndex", "toSorted", "toReversed", "toSpliced", "with", "group"]],
    [String.prototype, ["at", "isWellFormed"]],
    [Object, ["hasOwn", "groupBy"]],
    [Promise, ["withResolvers"]],
    [AbortSignal, ["timeout", "any"]],
    [globalThis, ["structuredClone", "Temporal", "Iterator"]],
    [Crypto.prototype, ["randomUUID"]],
    [Set.prototype, ["union", "difference", "intersection"]],
    [CSS, ["registerProperty"]],
    [Intl, ["Segmenter"]],
    [document.constructor.prototype, ["startViewTransition"]],
  ]) {
    for (const name of names) delete target[name];
  }
};

export const stories = {
  async no_page_has_a_serious_fault_of_accessibility(house) {
    const desk = await (await house.desk()).signIn(house.settings.staff);
    const found = [];
    for (const [name, path] of await paths(desk)) {
      await desk.go(path);
      await desk.page.waitForSelector("main .sheet, main .map, main .banner");
      await desk.page.waitForLoadState("networkidle").catch(() => undefined);
      await desk.shot(name);
      found.push(...(await desk.axe()).map((fault) => `${name}: ${fault}`));
    }
    assert(found.length === 0, `${found.length} serious faults:\n    ${found.join("\n    ")}`);
    await desk.leave();
  },

  async no_open_form_has_a_serious_fault_of_accessibility(house) {
    const desk = await (await house.desk()).signIn(house.settings.staff);
    const found = [];
    const look = async (name) => {
      await desk.page.waitForFunction(() => document.getAnimations().every((a) => a.playState !== "running"));
      await desk.shot(`form-${name}`);
      found.push(...(await desk.axe()).map((fault) => `${name}: ${fault}`));
    };
    await desk.page.click("[data-do=switch]");
    await desk.page.waitForSelector("[data-dialog=switch]");
    await desk.page.waitForFunction(() => document.activeElement?.id === "staff-number");
    await look("switch");
    const { items } = await desk.get("/cases?limit=1");
    await desk.page.reload();
    await desk.page.waitForSelector("main h1");
    await desk.go(`/case/${items[0].id}`);
    const events = await desk.page.$$eval("main [data-event]:not([disabled])", (all) => [...new Set(all.map((b) => b.getAttribute("data-event")))]);
    const forms = events.filter((event) => event !== "fence_set"); // drawn on a page of its own
    for (const event of forms.slice(0, FORMS_MAX)) {
      await desk.page.locator(`main [data-event="${event}"]:not([disabled])`).first().click();
      await desk.page.waitForSelector(`[data-offer="${event}"]`);
      await look(event.replace(":", "-"));
      await desk.page.locator("[data-offer] .el-dialog__headerbtn").click();
      await desk.page.waitForSelector("[data-offer]", { state: "detached" });
    }
    assert(found.length === 0, `${found.length} serious faults:\n    ${found.join("\n    ")}`);
    await desk.leave();
  },

  async the_map_is_drawn_from_the_nodes_own_data(house) {
    const desk = await (await house.desk()).signIn(house.settings.staff);
    await desk.go("/map");
    await drawn(desk.page);
    await desk.page.click("[data-tab=people]");
    const first = desk.page.locator(".people button").first();
    if ((await first.count()) > 0) await first.click();
    await desk.shot("map-person");
    await desk.leave();
  },

  async a_track_is_replayed_point_by_point(house) {
    const desk = await (await house.desk()).signIn(house.settings.staff);
    const { page } = desk;
    const known = (await desk.get("/map/people?reason=duty")).items.find((person) => person.fix !== null);
    if (known === undefined) return "nobody has a position";
    await desk.go("/map");
    await page.click("[data-tab=people]");
    await page.click(`#person-${known.case.id} button`);
    await page.click("[data-part=card] [data-do=track]");
    await page.waitForSelector("[data-part=track-count]");
    const slider = page.locator("[data-do=track-slider]");
    if ((await slider.count()) === 0) return "no position was kept";
    const last = Number(await slider.getAttribute("max"));
    const moment = () => page.locator("[data-part=track-moment]").textContent();
    const end = await moment();
    await slider.focus();
    await page.keyboard.press("Home");
    await desk.shot("map-track-begin");
    assert(last === 0 || (await moment()) !== end, "the slider shows the same moment at both ends");
    if (last > 0) {
      await page.click("[data-do=track-play]");
      await page.waitForFunction(() => Number(document.querySelector("[data-do=track-slider]").value) >= 1);
      await page.click("[data-do=track-play]");
    }
    await slider.focus();
    await page.keyboard.press("End");
    await drawn(page);
    await desk.shot("map-track");
    const faults = await desk.axe();
    assert(faults.length === 0, faults.join("\n"));
    await page.click("[data-do=track-close]");
    await page.waitForSelector("[data-part=track]", { state: "detached" });
    await desk.leave();
    return `${last + 1} positions`;
  },

  async the_network_page_shows_this_office_and_what_waits(house) {
    const desk = await (await house.desk()).signIn(house.settings.staff);
    await desk.go("/network");
    await desk.page.waitForSelector("[data-office]");
    const { self, links } = await desk.get("/network");
    assert((await desk.page.locator(`[data-office="${self.code}"]`).count()) === 1, "this office is not listed once");
    assert((await desk.page.locator("[data-link-office]").count()) === links.length, "not every link is shown");
    const text = await desk.page.textContent("main");
    assert(links.length === 0 || text.includes("已发"), "what went over the lanes is not shown");
    assert(!/NaN|undefined|null/.test(text), "something is shown that is no value");
    await desk.shot("network-lanes");
    await desk.leave();
  },

  async every_page_is_reached_by_keyboard_alone(house) {
    const desk = await (await house.desk()).signIn(house.settings.staff);
    const { page } = desk;
    const views = await page.$$eval("[data-nav]", (all) => all.map((one) => one.getAttribute("data-nav")));
    for (const view of views) {
      await page.focus(`[data-nav=${view}]`);
      await page.keyboard.press("Enter");
      await page.waitForFunction((v) => document.querySelector(`[data-nav=${v}]`)?.getAttribute("aria-current") === "page", view);
      const visible = await page.$eval(`[data-nav=${view}]`, (el) => getComputedStyle(el).outlineStyle !== "none");
      assert(visible, `the focus on ${view} can't be seen`);
    }
    await desk.leave();
  },

  async an_old_browser_shows_every_page(house) {
    const before = house.faults.length;
    const desk = await (await house.desk(OLD_BROWSER)).signIn(house.settings.staff);
    for (const [, path] of await paths(desk)) {
      await desk.go(path);
      await desk.page.waitForSelector("main .sheet, main .map, main .banner");
    }
    await desk.go("/map");
    await drawn(desk.page);
    assert(house.faults.length === before, house.faults.slice(before).join("\n"));
    await desk.leave();
  },

  async exercise_data_carry_a_watermark(house) {
    const desk = await (await house.desk()).signIn(house.settings.staff);
    const { demo } = await desk.get("/session");
    const shown = (await desk.page.locator("[data-mark=watermark]").count()) === 1;
    assert(shown === demo, `demo is ${demo}, watermark is ${shown ? "shown" : "absent"}`);
    await desk.leave();
  },

  async both_languages_fill_every_page(house) {
    const desk = await (await house.desk()).signIn(house.settings.staff);
    await desk.page.click("button.plain");
    for (const [name, path] of await paths(desk)) {
      await desk.go(path);
      const text = await desk.page.textContent("body");
      assert(!/\b(nav|common|today|cases|case|leave|alarms|alarm|map|network|offer|link|queue|fence|replay|wall)\.[a-z_]+\b/.test(text), `${name} shows a bare key`);
    }
    await desk.shot("network-en");
    await desk.leave();
  },
};
