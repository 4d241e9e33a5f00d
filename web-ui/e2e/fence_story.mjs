// The fence editor: the datum is asked for, the node judges while it is drawn, and what is kept lies where it is.
import { assert } from "./desk.mjs";

const CASE = process.env.JIAOLIAN_CASE;
const POINTS = 60_000;
const RING = JSON.parse(process.env.JIAOLIAN_RING ?? "[]");

async function editor(house) {
  const desk = await (await house.desk()).signIn(house.settings.head);
  await desk.go(`/case/${CASE}/fence`);
  await desk.page.waitForSelector("[data-part=fence-map] canvas");
  return desk;
}

async function bring(page, ring, properties = {}) {
  const feature = { type: "Feature", properties, geometry: { type: "Polygon", coordinates: [ring] } };
  await page.setInputFiles("[data-do=import]", { name: "area.geojson", mimeType: "application/geo+json", buffer: Buffer.from(JSON.stringify(feature)) });
  await page.waitForSelector("[data-vertex='2']");
}

const judged = (page, state) => page.waitForSelector(`[data-part=notices][data-state=${state}]`);
const said = (page, field) => page.locator(`[data-notice="${field}"]`).textContent();

export const stories = {
  async scenario_22_a_home_drawn_on_a_gcj_02_map_needs_its_datum_and_is_converted(house) {
    const desk = await editor(house);
    const { page } = desk;
    await bring(page, RING);
    await page.fill("[data-field=name]", "住所");
    await page.waitForSelector("[data-notice=area]");
    assert((await said(page, "area")).includes("坐标基准"), `without a datum: ${await said(page, "area")}`);
    await page.fill("#fence-passphrase", house.settings.head.passphrase);
    let signed = 0;
    page.on("request", (r) => (signed += r.url().endsWith("/events") && r.method() === "POST" ? 1 : 0));
    await page.click("[data-do=sign]");
    await judged(page, "open");
    assert(signed === 0, "it was signed without a datum");
    const refused = await page.evaluate(async ([id, ring]) => {
      const { person } = await (await fetch("/api/v1/session")).json();
      const area = { type: "Feature", properties: { name: "x", adcodes: [] }, geometry: { type: "Polygon", coordinates: [ring] } };
      const body = JSON.stringify({ event: "fence_set", fields: { name: "x", kind: "keep_in", buffer_m: 100, area }, section_id: null, sign: null, dry_run: true });
      const headers = { "Content-Type": "application/json", "X-Jiaolian": "1", "X-Jiaolian-Person": person.id };
      const answer = await fetch(`/api/v1/cases/${id}/events`, { method: "POST", headers, body });
      return { status: answer.status, error: (await answer.json()).error };
    }, [CASE, RING]);
    assert(refused.status === 422 && refused.error.fields.area.message_zh.includes("坐标基准"), `the node's own door: ${JSON.stringify(refused)}`);

    await page.selectOption("[data-field=datum]", "gcj02");
    await judged(page, "good");
    await page.waitForSelector("[data-part=converted]");
    await desk.shot("fence-gcj02");
    await page.click("[data-do=sign]");
    await page.waitForSelector(`main[data-path="/case/${CASE}"] h1`);
    await desk.leave();
  },

  async what_is_wrong_is_said_while_it_is_drawn_and_can_be_mended(house) {
    const desk = await editor(house);
    const { page } = desk;
    await bring(page, [[113.6, 28.1], [113.61, 28.11], [113.61, 28.1], [113.6, 28.11], [113.6, 28.1]], { datum: "cgcs2000", name: "试画" });
    await page.waitForSelector("[data-notice=area]");
    assert((await said(page, "area")).includes("交叉"), `crossing: ${await said(page, "area")}`);
    await desk.shot("fence-crossing");
    // Mended by number: the second and third points change places.
    const set = async (vertex, axis, value) => {
      const input = page.locator(`[data-vertex="${vertex}"] [data-axis="${axis}"]`);
      await input.fill(String(value));
      await input.press("Tab");
    };
    await set(1, 1, 28.1);
    await set(2, 1, 28.11);
    await judged(page, "good");
    await page.fill("[data-field=buffer_m]", "3000");
    await page.waitForSelector("[data-do=use-largest]");
    const largest = await page.locator("[data-do=use-largest]").textContent();
    await page.click("[data-do=use-largest]");
    await judged(page, "good");
    assert(largest.includes(await page.inputValue("[data-field=buffer_m]")), `the largest buffer was ${largest}`);
    await page.fill("[data-field=buffer_m]", "9000");
    await page.waitForSelector("[data-notice=buffer_m]");
    assert((await said(page, "buffer_m")).includes("5"), await said(page, "buffer_m"));
    await page.fill("[data-field=buffer_m]", "100");
    await judged(page, "good");
    const points = () => page.locator("[data-vertex]").count();
    await page.click("[data-vertex='0'] [data-do=insert]");
    assert((await points()) === 5, `${await points()} points after one was put in`);
    await page.click("[data-vertex='1'] [data-do=delete]");
    assert((await points()) === 4, `${await points()} points after one was taken away`);
    await page.click("[data-do=add-hours]");
    await page.locator(".time").first().fill("25:00");
    await page.locator(".time").first().press("Tab");
    await page.waitForSelector("[data-notice=schedule]");
    await page.locator(".time").first().fill("21:30");
    await page.locator(".time").first().press("Tab");
    await judged(page, "good");
    const faults = await desk.axe();
    assert(faults.length === 0, faults.join("\n"));
    await desk.leave();
  },

  async too_many_points_are_refused_in_the_page(house) {
    const desk = await editor(house);
    const { page } = desk;
    const ring = Array.from({ length: POINTS }, (_, i) => {
      const angle = (i * 2 * Math.PI) / POINTS;
      return [113.6 + 0.5 * Math.cos(angle), 28.1 + 0.5 * Math.sin(angle)].map((d) => Number(d.toFixed(7)));
    });
    await bring(page, [...ring, ring[0]], { datum: "wgs84" });
    await page.waitForSelector("[data-notice=area]");
    const text = await said(page, "area");
    assert(/\d{6}/.test(text), `too many points: ${text}`);
    await desk.leave();
    return text.trim();
  },

  async an_area_is_drawn_moved_and_cut_with_the_mouse_and_a_circle_by_its_radius(house) {
    const desk = await editor(house);
    const { page } = desk;
    await page.selectOption("[data-field=datum]", "cgcs2000");
    const box = await page.locator("[data-part=fence-map]").boundingBox();
    const at = (x, y) => [box.x + box.width * x, box.y + box.height * y];
    await page.click("[data-tool=draw]");
    for (const [x, y] of [[0.4, 0.4], [0.6, 0.4], [0.6, 0.6]]) await page.mouse.click(...at(x, y), { delay: 20 });
    await page.mouse.dblclick(...at(0.4, 0.6));
    await page.waitForSelector("[data-vertex='3']");
    const points = () => page.locator("[data-vertex]").count();
    const drawn = await points();
    await judged(page, "open").catch(() => undefined);
    const first = await page.inputValue("[data-vertex='0'] [data-axis='0']");
    await page.mouse.move(...at(0.4, 0.4));
    await page.mouse.down();
    await page.mouse.move(...at(0.35, 0.35), { steps: 5 });
    await page.mouse.up();
    await page.waitForFunction((old) => document.querySelector("[data-vertex='0'] [data-axis='0']").value !== old, first);
    // An edge that is dragged gets a point.
    await page.mouse.move(...at(0.6, 0.5));
    await page.mouse.down();
    await page.mouse.move(...at(0.66, 0.5), { steps: 5 });
    await page.mouse.up();
    await page.waitForFunction((n) => document.querySelectorAll("[data-vertex]").length === n + 1, drawn);
    await page.keyboard.down("Alt");
    await page.mouse.click(...at(0.66, 0.5));
    await page.keyboard.up("Alt");
    await page.waitForFunction((n) => document.querySelectorAll("[data-vertex]").length === n, drawn);
    await desk.shot("fence-drawn");
    await page.click("[data-tool=circle]");
    await page.fill("[data-field=radius]", "800");
    await page.mouse.click(...at(0.5, 0.5));
    await page.waitForFunction(() => document.querySelectorAll("[data-vertex]").length === 64);
    await page.fill("[data-field=name]", "学校");
    await page.selectOption("[data-field=kind]", "keep_out");
    await page.fill("#fence-passphrase", house.settings.head.passphrase);
    await judged(page, "good");
    await page.click("[data-do=sign]");
    await page.waitForSelector(`main[data-path="/case/${CASE}"] h1`);
    const { features } = await desk.get("/map/fences");
    const school = features.find((one) => one.properties.name === "学校");
    assert(school !== undefined && school.properties.kind === "keep_out", "the circle was not kept");
    assert(school.geometry.coordinates[0][0].length === 65, "the circle lost points");
    await desk.leave();
  },

  async a_kept_fence_is_opened_again_with_its_datum_and_its_hours(house) {
    const desk = await (await house.desk()).signIn(house.settings.head);
    const { page } = desk;
    await desk.go("/map");
    await page.click("[data-tab=people]");
    await page.click(`#person-${CASE} button`);
    await page.waitForSelector("[data-part=card-fence]");
    await page.locator("[data-part=card-fence] a").first().click();
    await page.waitForSelector("[data-vertex='3']");
    assert((await page.inputValue("[data-field=datum]")) === "wgs84", "a kept fence is in WGS-84");
    await judged(page, "good");
    await desk.shot("fence-kept");
    await desk.leave();
  },
};
