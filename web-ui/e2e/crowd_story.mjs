// A full county on the map: everybody is shown, everybody moves, and the page keeps drawing.
import { assert } from "./desk.mjs";

const WAIT_MS = 240_000; // until every band has reported anew: the node works on the same machine
const MEASURED_MS = 10_000;

const counters = (page) => page.$eval(".map", ({ dataset: { dots, shown, draws, moved } }) => ({ dots: +dots, shown: +shown, draws: +draws, moved: +moved }));

export const stories = {
  async everybody_is_shown_and_frames_keep_coming_while_all_move(house) {
    const people = Number(process.env.JIAOLIAN_CROWD);
    const desk = await (await house.desk()).signIn(house.settings.staff);
    const { page } = desk;
    await desk.go("/map");
    await page.waitForFunction((n) => Number(document.querySelector(".map")?.dataset.dots) === n, people, { timeout: WAIT_MS });
    const before = await counters(page);
    const measured = await page.evaluate(
      (ms) =>
        new Promise((done) => {
          const started = performance.now();
          let last = started;
          let frames = 0;
          let longest = 0;
          const frame = (at) => {
            frames += 1;
            longest = Math.max(longest, at - last);
            last = at;
            if (at - started < ms) requestAnimationFrame(frame);
            else done({ frames, longest, span: at - started });
          };
          requestAnimationFrame(frame);
        }),
      MEASURED_MS,
    );
    const after = await counters(page);
    await page.waitForFunction((n) => Number(document.querySelector(".map").dataset.moved) === n, people, { timeout: WAIT_MS });
    const end = await counters(page);
    assert(end.dots === people && end.moved === people, `of ${people} people ${end.dots} are on the map and ${end.moved} moved`);
    assert(end.shown === people, `${end.shown} of ${people} dots are inside the map`);
    assert(measured.frames > 1 && after.draws > before.draws, "the page stopped drawing");
    await desk.shot("map-crowd");
    const list = await page.click("[data-tab=people]").then(() => page.locator("[data-tab=people]").textContent());
    assert(list.includes(String(people)), `the list says ${list}`);
    await desk.shot("map-crowd-people");
    await desk.leave();
    const rate = (n) => ((n * 1000) / measured.span).toFixed(1);
    return `${people} dots, ${rate(measured.frames)} frames a second, ${rate(after.draws - before.draws)} redraws of all dots a second, longest frame ${measured.longest.toFixed(0)} ms`;
  },
};
