// A full county on the map: everybody is shown, everybody moves, and the page keeps drawing.
import { assert } from "./desk.mjs";
import { Recording } from "./record.mjs";

const WAIT_MS = 240_000; // until every band has reported anew: the node works on the same machine
const MEASURED_MS = 10_000;

const counters = (page) => page.$eval(".map", ({ dataset: { dots, shown, draws, fresh, moved } }) => ({ dots: +dots, shown: +shown, draws: +draws, fresh: +fresh, moved: +moved }));

async function measure(page, moving = false) {
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
  const after = await counters(page);
  const [draws, fresh] = [after.draws - before.draws, after.fresh - before.fresh];
  assert(frames > 1 && draws > 0 && fresh > 0, "the page stopped drawing");
  // Only a map that moves is drawn without anybody having moved.
  if (moving) assert(draws > fresh, "the map did not follow the hand");
  const rate = (n) => ((n * 1000) / span).toFixed(1);
  return `${rate(frames)} frames a second, in ${rate(draws)} all dots drawn, in ${rate(fresh)} one at least that had moved; longest frame ${longest.toFixed(0)} ms`;
}

/** Whether the chosen dot's colour is on the canvas about the middle of the map, where it was brought. */
const isDrawnInTheMiddle = (page) =>
  page.waitForFunction(() => {
    const canvas = document.querySelector(".dots canvas");
    const [size, x, y] = [60, canvas.width / 2 - 30, canvas.height / 2 - 30];
    const { data } = canvas.getContext("2d").getImageData(x, y, size, size);
    for (let i = 0; i < data.length; i += 4) {
      if (data[i] === 0xe0 && data[i + 1] === 0x8a && data[i + 2] === 0x00 && data[i + 3] === 255) return true;
    }
    return false;
  });

export const stories = {
  async everybody_is_shown_and_frames_keep_coming_while_all_move(house) {
    const people = Number(process.env.JIAOLIAN_CROWD);
    const desk = await (await house.desk()).signIn(house.settings.staff);
    const { page } = desk;
    const recording = Recording.of(page);
    await desk.go("/map");
    await page.waitForFunction((n) => Number(document.querySelector(".map")?.dataset.dots) === n, people, { timeout: WAIT_MS });
    const still = await measure(page);
    await recording?.keep(page);
    // Dragged, the map draws all dots in every frame.
    const box = await page.locator(".map").boundingBox();
    const [x, y] = [box.x + box.width / 2, box.y + box.height / 2];
    await page.mouse.move(x, y);
    await page.mouse.down();
    let dragging = true;
    const drag = (async () => {
      for (let step = 0; dragging; step += 1) await page.mouse.move(x + 60 * Math.sin(step / 8), y + 40 * Math.cos(step / 8));
    })();
    const dragged = await measure(page, true);
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
    await desk.onPhone("map-crowd");
    const list = await page.click("[data-tab=people]").then(() => page.locator("[data-tab=people]").textContent());
    assert(list.includes(String(people)), `the list says ${list}`);
    await desk.shot("map-crowd-people");
    await page.locator("[id^=person-] button").first().click();
    await isDrawnInTheMiddle(page);
    await desk.leave();
    return `${people} dots: ${still}; dragged: ${dragged}`;
  },
};
