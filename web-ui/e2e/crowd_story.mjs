// A full county on the map: everybody is shown, everybody moves, and the page keeps drawing.
import { assert } from "./desk.mjs";

const WAIT_MS = 240_000; // until every band has reported anew: the node works on the same machine
const MEASURED_MS = 10_000;

const counters = (page) => page.$eval(".map", ({ dataset: { dots, shown, draws, moved } }) => ({ dots: +dots, shown: +shown, draws: +draws, moved: +moved }));

async function measure(page) {
  const before = await counters(page);
  const { frames, longest, span } = await page.evaluate(
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
  const draws = (await counters(page)).draws - before.draws;
  assert(frames > 1 && draws > 0, "the page stopped drawing");
  const rate = (n) => ((n * 1000) / span).toFixed(1);
  return `${rate(frames)} frames and ${rate(draws)} redraws of all dots a second, longest frame ${longest.toFixed(0)} ms`;
}

export const stories = {
  async everybody_is_shown_and_frames_keep_coming_while_all_move(house) {
    const people = Number(process.env.JIAOLIAN_CROWD);
    const desk = await (await house.desk()).signIn(house.settings.staff);
    const { page } = desk;
    await desk.go("/map");
    await page.waitForFunction((n) => Number(document.querySelector(".map")?.dataset.dots) === n, people, { timeout: WAIT_MS });
    const still = await measure(page);
    // Dragged, the map draws all dots in every frame.
    const box = await page.locator(".map").boundingBox();
    const [x, y] = [box.x + box.width / 2, box.y + box.height / 2];
    await page.mouse.move(x, y);
    await page.mouse.down();
    let dragging = true;
    const drag = (async () => {
      for (let step = 0; dragging; step += 1) await page.mouse.move(x + 60 * Math.sin(step / 8), y + 40 * Math.cos(step / 8));
    })();
    const dragged = await measure(page);
    dragging = false;
    await drag;
    await page.mouse.move(x, y);
    await page.mouse.up();
    await page.getByText("本辖区").click();
    await page.waitForFunction((n) => Number(document.querySelector(".map").dataset.moved) === n, people, { timeout: WAIT_MS });
    const end = await counters(page);
    assert(end.dots === people && end.moved === people, `of ${people} people ${end.dots} are on the map and ${end.moved} moved`);
    assert(end.shown === people, `${end.shown} of ${people} dots are inside the map`);
    await desk.shot("map-crowd");
    const list = await page.click("[data-tab=people]").then(() => page.locator("[data-tab=people]").textContent());
    assert(list.includes(String(people)), `the list says ${list}`);
    await desk.shot("map-crowd-people");
    await desk.leave();
    return `${people} dots: ${still}; dragged: ${dragged}`;
  },
};
