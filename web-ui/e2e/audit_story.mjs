// The procurator at the county: sees who did what, who looked at a case, and changes nothing.
import { assert } from "./desk.mjs";

export const stories = {
  async the_procurator_reads_the_log_and_changes_nothing(house) {
    const { procurator } = house.settings;
    if (procurator === null) return "no procurator was named";
    const officer = await (await house.desk()).signIn(house.settings.county);
    const kase = (await officer.get("/cases")).items[0];
    await officer.go(`/case/${kase.id}`);
    const desk = await (await house.desk()).signIn(procurator);
    await desk.page.click("[data-nav=audit]");
    await desk.page.waitForSelector("[data-part=whole], [data-part=findings]");
    assert((await desk.page.locator("[data-part=findings]").count()) === 0, "nobody touched a log, yet something is found in one");
    await desk.page.fill("[data-do=person] input, input[data-do=person]", house.settings.county.number);
    await desk.page.keyboard.press("Enter");
    await desk.page.waitForSelector("[data-row=case]");
    // The officer may have looked at another case meanwhile, by the terminals on an alarm's page.
    const row = desk.page.locator("[data-row=case]", { hasText: kase.name }).first();
    await row.waitFor();
    assert((await row.innerText()).includes("查看案件"), `the look at the case is not told: ${await row.innerText()}`);
    await desk.shot("audit");
    await row.locator("a").first().click();
    await desk.page.click("[data-tab=looks]");
    await desk.page.waitForSelector("[data-part=looks] tbody tr");
    await desk.shot("looks");
    const written = await desk.page.evaluate(async (id) => {
      const body = JSON.stringify({ event: "record:visit", fields: {}, section_id: null, sign: null, dry_run: false });
      const headers = { "X-Jiaolian": "1", "Content-Type": "application/json" };
      return (await fetch(`/api/v1/cases/${id}/events`, { method: "POST", headers, body })).status;
    }, kase.id);
    assert(written === 403, `a write by the procurator answered ${written}`);
    const faults = await desk.axe();
    assert(faults.length === 0, `the page has serious faults: ${faults.join("; ")}`);
    await desk.context.close();
    await officer.context.close();
  },
};
