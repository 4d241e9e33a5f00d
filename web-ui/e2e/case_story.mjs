// A case page: edits by two people merge, drafts survive power loss, nobody else reads them.
import { assert } from "./desk.mjs";

const DRAFT_MS_MAX = 5_500;

async function openCase(house, person, desk) {
  await (desk ??= await house.desk()).signIn(person);
  const { items } = await desk.get("/cases?limit=1");
  assert(items.length === 1, "the story needs at least one case");
  await desk.go(`/case/${items[0].id}`);
  await desk.page.waitForSelector("[data-text]");
  return { desk, id: items[0].id };
}
const area = (name) => `[data-text="${name}"] textarea`;

async function textOf(desk, id) {
  const { items } = await desk.get(`/cases/${id}/texts`);
  const field = items.find((item) => item.editable && item.multiline);
  assert(field !== undefined, "the case has no editable text");
  return field;
}

export const stories = {
  async edits_of_two_officers_to_one_text_are_merged(house) {
    const a = await openCase(house, house.settings.staff);
    const field = await textOf(a.desk, a.id);
    const mark = Date.now().toString(36);
    await a.desk.page.fill(area(field.name), `甲方案${mark}\n\n乙部分${mark}`);
    await a.desk.page.click(`[data-text="${field.name}"] [data-do=save]`);
    await a.desk.page.waitForSelector(`[data-text="${field.name}"] [data-do=save]`, { state: "detached" });
    const b = await (await house.desk()).signIn(house.settings.head);
    await b.go(`/case/${a.id}`);
    await b.page.waitForFunction(([sel, m]) => document.querySelector(sel)?.value.includes(m), [area(field.name), mark]);
    const edit = async (desk, from, to) => {
      const old = await desk.page.inputValue(area(field.name));
      await desk.page.fill(area(field.name), old.replace(from, to));
    };
    await edit(a.desk, `甲方案${mark}`, `甲方案${mark}由所员补充`);
    await edit(b, `乙部分${mark}`, `乙部分${mark}由所长补充`);
    await a.desk.page.click(`[data-text="${field.name}"] [data-do=save]`);
    await a.desk.page.waitForSelector(`[data-text="${field.name}"] [data-do=save]`, { state: "detached" });
    await b.page.click(`[data-text="${field.name}"] [data-do=save]`);
    await b.page.waitForSelector(`[data-text="${field.name}"] [data-mark=merged]`);
    for (const desk of [a.desk, b]) {
      await desk.page.waitForFunction(
        ([sel]) => ["由所员补充", "由所长补充"].every((words) => document.querySelector(sel)?.value.includes(words)),
        [area(field.name)],
      );
    }
    await b.shot("case-merged");
    await a.desk.leave();
    await b.leave();
  },

  async a_draft_is_back_after_the_power_was_cut_and_only_for_its_author(house) {
    const a = await openCase(house, house.settings.staff, await house.fragileDesk());
    const field = await textOf(a.desk, a.id);
    const written = `${field.value}\n停电前写下的一句 ${Date.now().toString(36)}`;
    const started = Date.now();
    await a.desk.page.fill(area(field.name), written);
    await a.desk.page.waitForSelector(`[data-text="${field.name}"] [data-draft=saved]`);
    const took = Date.now() - started;
    assert(took <= DRAFT_MS_MAX, `the draft was kept only after ${took} ms`);
    await a.desk.shot("case-draft");
    await a.desk.cutPower();
    const other = await (await house.desk()).signIn(house.settings.head);
    await other.go(`/case/${a.id}`);
    await other.page.waitForSelector("[data-text]");
    assert(!(await other.page.inputValue(area(field.name))).includes("停电前"), "another officer sees the draft");
    await other.leave();
    const again = await (await house.desk()).signIn(house.settings.staff);
    await again.go(`/case/${a.id}`);
    await again.page.waitForSelector(`[data-text="${field.name}"] [data-mark=restored]`);
    assert((await again.page.inputValue(area(field.name))) === written, "the draft came back changed");
    await again.shot("case-restored");
    await again.page.click(`[data-text="${field.name}"] [data-do=save]`);
    await again.page.waitForSelector(`[data-text="${field.name}"] [data-do=save]`, { state: "detached" });
    await again.leave();
    return `kept after ${took} ms`;
  },

  async a_record_is_signed_and_stands_in_the_story_with_who_and_capacity(house) {
    const { desk, id } = await openCase(house, house.settings.staff);
    const before = (await desk.get(`/cases/${id}/timeline`)).total;
    await desk.page.click("[data-tab=records]");
    const event = await desk.page.locator("main [data-event^='record:']:not([disabled])").first().getAttribute("data-event");
    await desk.doFirst([event], { place: "里福村３组" });
    await desk.page.click("[data-tab=timeline]");
    const name = await desk.page.locator("[data-who=name]").textContent();
    await desk.page.waitForFunction((n) => document.querySelector("[data-part=timeline] li")?.textContent?.includes(n), name);
    const after = await desk.get(`/cases/${id}/timeline`);
    assert(after.total > before, "the record is not in the timeline");
    await desk.shot("case-timeline");
    await desk.leave();
  },
};
