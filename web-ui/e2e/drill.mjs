// Drives the control page of a drill: one office loses its power and its line, a person walks out,
// the alarm waits there and comes to the county once when the line is whole again.
//   JIAOLIAN_DRILL=http://127.0.0.1:7100/ JIAOLIAN_SHOTS=/tmp/shots node e2e/drill.mjs
import { assert, House } from "./desk.mjs";

const OFFICE = { key: "heqing", name: "禾青司法所" };
const ABOVE = "lengshuijiang";
const SPEED = "600"; // a report every 50 ms
const CHANGE_MS_MAX = 60_000;
const COLUMN = { program: 1, line: 2, waiting: 3, alarms: 5 };

const cell = (key, column) => `tr[data-key=${key}] td:nth-child(${COLUMN[column] + 1})`;
const press = (page, key, label) => page.locator(`tr[data-key=${key}] button`, { hasText: label }).click();
const read = (page, key, column) => page.textContent(cell(key, column));

async function until(page, key, column, wanted) {
  const selector = cell(key, column);
  await page
    .waitForFunction(([s, text]) => document.querySelector(s)?.textContent === text, [selector, wanted], { timeout: CHANGE_MS_MAX })
    .catch(async () => {
      throw new Error(`${column} of ${key} is "${await page.textContent(selector)}", not "${wanted}"`);
    });
}

async function alarms(page, key) {
  const [raised, held] = (await read(page, key, "alarms")).split(" / ").map(Number);
  return { raised, held };
}

async function story(page) {
  await until(page, OFFICE.key, "line", "已接通");
  const before = { here: await alarms(page, OFFICE.key), above: await alarms(page, ABOVE) };

  await press(page, OFFICE.key, "断电");
  await until(page, OFFICE.key, "program", "停止");
  await until(page, OFFICE.key, "alarms", "—");
  await press(page, OFFICE.key, "上电");
  await until(page, OFFICE.key, "program", "运行");
  await until(page, OFFICE.key, "line", "已接通");

  await press(page, OFFICE.key, "断开线路");
  await until(page, OFFICE.key, "line", "已断开");
  const person = await page.locator("#person option", { hasText: OFFICE.name }).first().getAttribute("value");
  await page.selectOption("#person", person);
  await page.fill("#speed", SPEED);
  await page.click("#walk button");
  const { raised, held } = before.here;
  await until(page, OFFICE.key, "alarms", `${raised + 1} / ${held + 1}`);
  await until(page, OFFICE.key, "waiting", "1 / 0 / 0");
  const apart = await alarms(page, ABOVE);
  assert(apart.held === before.above.held, "the county has an alarm that could not reach it");
  return before.above;
}

async function heal(page, above) {
  await press(page, OFFICE.key, "接通线路");
  await until(page, OFFICE.key, "line", "已接通");
  await until(page, OFFICE.key, "waiting", "0 / 0 / 0");
  await until(page, ABOVE, "alarms", `${above.raised} / ${above.held + 1}`);
}

const url = process.env.JIAOLIAN_DRILL ?? "http://127.0.0.1:7100/";
const chromium = process.env.JIAOLIAN_CHROMIUM ?? "/usr/bin/chromium";
const house = await House.open({ url, county: null, shots: process.env.JIAOLIAN_SHOTS ?? null, chromium, only: "" });
const desk = await house.desk();
try {
  await desk.page.setViewportSize({ width: 1366, height: 920 }); // the whole table and the walk in one picture
  await desk.page.goto(url);
  const above = await story(desk.page);
  await desk.page.evaluate(() => window.scrollTo(0, 0));
  await desk.shot("drill");
  await heal(desk.page, above);
  await desk.shot("drill-healed");
  assert(house.faults.length === 0, house.faults.join("\n"));
  assert(house.foreign.size === 0, `the page asked another host: ${[...house.foreign]}`);
  process.stdout.write("the control page holds\n");
} catch (error) {
  process.stdout.write(`FAIL ${error.message}\n`);
  process.exitCode = 1;
}
await house.close();
