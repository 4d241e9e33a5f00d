// How many redraws a second the map itself can do: a recorded stream, given to the page ever faster, without a node.
//   JIAOLIAN_RECORD=/tmp/crowd.json cargo test --workspace --test http_desk two_thousand
//   npm run bench -- /tmp/crowd.json [dist]
import { createServer } from "node:http";
import { readFileSync } from "node:fs";
import { extname, join, normalize } from "node:path";
import { chromium } from "playwright-core";

const [file, dist = "dist"] = process.argv.slice(2);
if (file === undefined) throw new Error("name a recording: npm run bench -- FILE [DIST]");
const WARM_MS = 3_000;
const MEASURED_MS = 6_000;
const PACES = [10, 20, 60]; // events a second
const SHARES = [0.1, 1]; // of all people move in each event
const TYPES = { ".html": "text/html", ".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml" };

const { answers, stream } = JSON.parse(readFileSync(file, "utf8"));
const told = stream.split("\n\n").flatMap((block) => {
  const line = (name) => block.split("\n").find((one) => one.startsWith(`${name}: `))?.slice(name.length + 2);
  return line("event") === "positions" ? [JSON.parse(line("data"))] : [];
});
const whole = told.find((one) => one.whole);
const moved = told.filter((one) => !one.whole).flatMap((one) => one.items);
const everybody = [...new Map([...whole.items, ...moved].map((person) => [person.case.id, person])).values()];

/** Positions as they were reported in turn; each goes a few metres about its place so that it moves every time. */
function* events(count) {
  for (let round = 0, next = 0; ; round += 1) {
    const items = [];
    for (let n = 0; n < count; n += 1, next += 1) {
      const person = everybody[next % everybody.length];
      const { fix } = person;
      items.push(fix === null ? person : { ...person, fix: { ...fix, lat_e7: fix.lat_e7 + 4_000 * ((round % 3) - 1) } });
    }
    yield JSON.stringify({ as_of: whole.as_of, whole: false, gone: [], items });
  }
}

let pace = { each: 10, share: 0.1 };
const server = createServer((request, response) => {
  const { pathname } = new URL(request.url, "http://page/");
  if (pathname === "/api/v1/events") return follow(request, response);
  if (pathname.startsWith("/api/v1/")) {
    const answer = answers[pathname];
    response.writeHead(answer === undefined ? 404 : 200, { "Content-Type": "application/json" });
    return response.end(answer ?? '{"error":{"code":"not_found","message_zh":"","message_en":""}}');
  }
  const name = normalize(pathname === "/" ? "/index.html" : pathname);
  response.writeHead(200, { "Content-Type": TYPES[extname(name)] ?? "application/octet-stream" });
  return response.end(readFileSync(join(dist, name)));
});

function follow(request, response) {
  response.writeHead(200, { "Content-Type": "text/event-stream" });
  const tell = (name, data) => response.write(`event: ${name}\ndata: ${data}\n\n`);
  tell("hello", JSON.stringify({ now: whole.as_of }));
  if (!request.url.includes("positions=")) return;
  tell("positions", JSON.stringify({ ...whole, items: everybody }));
  const news = events(Math.max(1, Math.round(everybody.length * pace.share)));
  // What the page has not read yet is not added to: then its pace is the page's own.
  const beat = setInterval(() => {
    if (!response.writableNeedDrain) tell("positions", news.next().value);
  }, 1000 / pace.each);
  response.on("close", () => clearInterval(beat));
}

async function measure(page, session) {
  const read = async () => {
    const { metrics } = await session.send("Performance.getMetrics");
    const of = (name) => metrics.find((one) => one.name === name).value;
    const counters = await page.$eval(".map", ({ dataset: { draws, fresh } }) => ({ draws: +draws, fresh: +fresh }));
    return { ...counters, script: of("ScriptDuration"), task: of("TaskDuration"), at: of("Timestamp"), heap: of("JSHeapUsedSize") };
  };
  await page.waitForTimeout(WARM_MS);
  const before = await read();
  await page.waitForTimeout(MEASURED_MS);
  const after = await read();
  const span = after.at - before.at;
  const draws = after.draws - before.draws;
  const fresh = Number.isNaN(after.fresh) ? "-" : ((after.fresh - before.fresh) / span).toFixed(1);
  const each = (seconds) => ((seconds * 1000) / draws).toFixed(1);
  return `${(draws / span).toFixed(1)} redraws a second, ${fresh} with a dot at its new place; script ${each(after.script - before.script)} ms, all work ${each(after.task - before.task)} ms a redraw; heap ${(after.heap / 1e6).toFixed(0)} MB`;
}

/** The map under a hand that drags it to and fro all the time. */
async function dragged(page, measured) {
  const box = await page.locator(".map").boundingBox();
  const [x, y] = [box.x + box.width / 2, box.y + box.height / 2];
  await page.mouse.move(x, y);
  await page.mouse.down();
  let dragging = true;
  const hand = (async () => {
    for (let step = 0; dragging; step += 1) await page.mouse.move(x + 60 * Math.sin(step / 8), y + 40 * Math.cos(step / 8));
  })();
  const said = await measured();
  dragging = false;
  await hand;
  await page.mouse.up();
  return said;
}

await new Promise((done) => server.listen(0, "127.0.0.1", done));
const url = `http://127.0.0.1:${server.address().port}/`;
const browser = await chromium.launch({
  executablePath: process.env.JIAOLIAN_CHROMIUM ?? "/usr/bin/chromium",
  args: ["--headless", "--no-sandbox", "--disable-gpu"],
});
process.stdout.write(`${everybody.length} people\n`);
for (const share of SHARES) {
  for (const each of PACES) {
    pace = { each, share };
    const context = await browser.newContext({ viewport: { width: 1366, height: 768 }, locale: "zh-CN" });
    const page = await context.newPage();
    const session = await context.newCDPSession(page);
    await session.send("Performance.enable");
    await page.goto(`${url}#/map`);
    await page.waitForFunction((n) => Number(document.querySelector(".map")?.dataset.shown) === n, everybody.filter((p) => p.fix !== null).length);
    const what = `${each} events a second of ${Math.round(share * everybody.length)} people`;
    process.stdout.write(`${what}: ${await measure(page, session)}\n`);
    if (each === PACES[0]) process.stdout.write(`${what}, dragged: ${await dragged(page, () => measure(page, session))}\n`);
    await context.close();
  }
}
await browser.close();
server.close();
