// Two who contradict one another, and what waits for a superior: at a node on which both already stand.
// Only played where JIAOLIAN_QUARREL names such a case and its matter ("case:matter").
import { assert } from "./desk.mjs";

const [caseId, matterId] = (process.env.JIAOLIAN_QUARREL ?? ":").split(":");

async function text(desk, selector) {
  return (await desk.page.locator(selector).allTextContents()).join(" ");
}

export const stories = {
  async a_contested_fact_is_settled_by_choosing_one_of_two_that_are_both_shown(house) {
    const head = await (await house.desk()).signIn(house.settings.county);
    await head.go(`/case/${caseId}`);
    const row = head.page.locator("[data-fact=term_last]");
    await row.waitFor();
    await head.shot("quarrel-fact");
    await row.locator("button").click();
    await head.page.waitForSelector("[data-offer] [data-side]");
    const sides = head.page.locator("[data-offer] [data-side]");
    assert((await sides.count()) === 2, `${await sides.count()} sides are shown`);
    const meanwhile = await text(head, "[data-offer] [data-part=meanwhile]");
    assert(meanwhile.includes("核定前沿用"), `what holds until then is not said: ${meanwhile}`);
    assert((await text(head, "[data-offer] [data-end=undelivered]")).includes("待送达"), "no time of evidence is shown");
    await sides.nth(1).locator("[data-do=choose]").click();
    await head.shot("quarrel-fact-form");
    const chosen = (await sides.nth(1).locator(".strong").first().textContent()).trim();
    await head.sign();
    await head.page.waitForFunction(() => document.querySelector("[data-fact=term_last].rivals") === null);
    const shown = await text(head, "[data-fact=term_last]");
    assert(shown.includes(chosen), `the row shows ${shown}, chosen was ${chosen}`);
    await head.leave();
  },

  async a_ruling_shows_both_decisions_with_their_reasons_and_what_holds_meanwhile(house) {
    const head = await (await house.desk()).signIn(house.settings.county);
    await head.go(`/matter/${matterId}`);
    await head.page.waitForSelector("[data-slot] [data-part=meanwhile]");
    const holds = await text(head, "[data-slot] [data-part=meanwhile]");
    assert(holds.includes("维持原状"), `the page says ${holds}`);
    await head.shot("quarrel-matter");
    const faults = await head.axe();
    assert(faults.length === 0, `the page is not for everybody: ${faults.join("; ")}`);
    await head.page.click("main [data-event=refuse]");
    await head.page.waitForSelector("[data-offer=refuse] [data-side]");
    assert((await head.page.locator("[data-offer] [data-side]").count()) === 2, "both sides are shown");
    await head.fillForm({ reason: "情况属实, 暂不批准" });
    await head.shot("quarrel-ruling");
    await head.sign();
    await head.page.waitForFunction(() => document.querySelector("[data-slot] [data-part=meanwhile]") === null);
    const state = (await head.get(`/matters/${matterId}`)).matter.state.code;
    assert(state === "REFUSED", `after the ruling the leave is ${state}`);
    await head.leave();
  },

  async papers_of_a_stopped_signature_are_listed_with_what_mends_them(house) {
    const head = await (await house.desk()).signIn(house.settings.county);
    await head.go("/today");
    await head.page.waitForSelector("[data-part=waiting] [data-part=heal]");
    const heal = await text(head, "[data-part=heal]");
    assert(heal.includes("补认"), `the list says ${heal}`);
    await head.shot("quarrel-waiting");
    await head.leave();
  },

  async an_author_takes_back_a_step_and_corrects_an_earlier_one(house) {
    const staff = await (await house.desk()).signIn(house.settings.staff);
    await staff.go(`/matter/${matterId}`);
    const apply = staff.page.locator("[data-act='apply:leave']");
    await apply.locator("button[data-event^='correct:']").click();
    await staff.page.waitForSelector("[data-offer^='correct:']");
    await staff.fillForm({ destination: "长沙市天心区", reason: "医院写错了" });
    await staff.shot("quarrel-correct");
    await staff.sign();
    await staff.page.waitForSelector("[data-act='apply:leave'] [data-part=correction]");
    const shown = await text(staff, "[data-act='apply:leave'] [data-part=correction]");
    assert(shown.includes("岳麓区") && shown.includes("天心区"), `the correction shows ${shown}`);
    await staff.shot("quarrel-corrected");
    await staff.leave();
  },
};
