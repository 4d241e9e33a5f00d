// Whole counties as a home: chosen by name, by code and on the map, joined by the node, seen before anybody signs.
import { assert } from "./desk.mjs";

const CASE = process.env.JIAOLIAN_CASE;
const SIX = ["430102", "430103", "430104", "430105", "430111", "430112"];

async function editor(house) {
  const desk = await (await house.desk()).signIn(house.settings.head);
  await desk.go(`/case/${CASE}/fence`);
  await desk.page.waitForSelector("[data-part=fence-map] canvas");
  await desk.page.click("[data-tool=county]");
  return desk;
}

const judged = (page, state) => page.waitForSelector(`[data-part=notices][data-state=${state}]`);
const chosen = (page) => page.$$eval("[data-chosen]", (all) => all.map((one) => one.dataset.chosen).sort());
const found = (page) => page.$$eval("[data-county]", (all) => all.map((one) => one.dataset.county));
async function type(page, text, count) {
  await page.fill("[data-do=county-search]", text);
  await page.waitForFunction((n) => document.querySelectorAll("[data-county]").length === n, count);
}

export const stories = {
  async six_districts_become_one_home(house) {
    const desk = await editor(house);
    const { page } = desk;
    await type(page, "4301", 9);
    assert((await found(page)).every((code) => code.startsWith("4301")), "a code finds what begins with it");
    await type(page, "芙蓉", 1);
    await page.click("[data-county='430102']");
    await type(page, "天心、岳麓", 2);
    await page.click("[data-do=county-all]");
    await type(page, "430105 望城 雨花", 3);
    await page.press("[data-do=county-search]", "Enter");
    assert((await chosen(page)).join() === SIX.join(), `chosen: ${await chosen(page)}`);
    assert((await page.inputValue("[data-field=name]")).includes("岳麓区"), "the counties name the area until somebody does");
    await page.fill("[data-field=name]", "长沙六区");
    await page.selectOption("[data-field=role]", "home");
    await judged(page, "good");
    const tag = await page.locator("[data-part=county-datum]").textContent();
    assert(tag.includes("CGCS2000"), `the datum of counties: ${tag}`);
    await page.waitForSelector("[data-part=converted]");
    assert((await page.locator("[data-field=datum]").count()) === 0, "a datum is asked for though it is known");

    // On the map: the view is brought to what was chosen, and a click there leaves a district out and takes it in again.
    const box = await page.locator("[data-part=fence-map]").boundingBox();
    const middle = [box.x + box.width / 2, box.y + box.height / 2];
    await page.mouse.click(...middle);
    await page.waitForFunction(() => document.querySelectorAll("[data-chosen]").length === 5);
    await page.mouse.click(...middle);
    await page.waitForFunction(() => document.querySelectorAll("[data-chosen]").length === 6);
    assert((await chosen(page)).join() === SIX.join(), `chosen on the map: ${await chosen(page)}`);
    assert((await page.inputValue("[data-field=name]")) === "长沙六区", "a name that was given is kept");

    // The rules of fences are the node's: a home can't be a place to keep out of.
    await page.selectOption("[data-field=kind]", "keep_out");
    await page.waitForSelector("[data-notice=kind]");
    await page.selectOption("[data-field=kind]", "keep_in");
    await judged(page, "good");
    const faults = await desk.axe();
    assert(faults.length === 0, faults.join("\n"));
    await desk.shot("fence-counties");
    await desk.onPhone("fence-counties");
    await page.fill("#fence-passphrase", house.settings.head.passphrase);
    await page.click("[data-do=sign]");
    await page.waitForSelector(`main[data-path="/case/${CASE}"] h1`);
    await desk.leave();
  },

  async joined_counties_can_be_mended_point_by_point(house) {
    const desk = await editor(house);
    const { page } = desk;
    await type(page, "芙蓉 雨花", 2);
    await page.click("[data-do=county-all]");
    await page.fill("[data-field=name]", "两区");
    await judged(page, "good");
    await page.click("[data-do=loosen]");
    await page.waitForSelector("[data-vertex='10']");
    assert((await page.inputValue("[data-field=datum]")) === "wgs84", "the joined boundary is as the node keeps it");
    assert((await chosen(page)).length === 0, "what is moved by hand is no county any more");
    await judged(page, "good");
    // A corner dragged across the area crosses its boundary.
    for (const [axis, value] of [[0, 113.3], [1, 28.6]]) {
      const input = page.locator(`[data-vertex="5"] [data-axis="${axis}"]`);
      await input.fill(String(value));
      await input.press("Tab");
    }
    await page.waitForSelector("[data-notice=area]");
    const said = await page.locator("[data-notice=area]").textContent();
    assert(said.includes("交叉"), `a boundary that crosses itself: ${said}`);
    await desk.leave();
  },
};
