// The head sets the duty list, and the duty is handed over by one person and taken by another.
import { assert } from "./desk.mjs";

export const stories = {
  async the_head_sets_the_list_and_the_red_notice_goes(house) {
    const { head } = house.settings;
    const desk = await (await house.desk()).signIn(head);
    const { page } = desk;
    await page.click("[data-nav=duty]");
    await page.waitForSelector("[data-part=unlisted]");
    await page.click("[data-do=edit-duty]");
    await page.click("[data-do=add-shift]");
    const shift = page.locator("[data-part=shift]");
    await shift.locator("select").selectOption({ index: 0 });
    const times = shift.locator("input[type=datetime-local]");
    const before = await times.nth(0).inputValue();
    const early = new Date(Date.parse(`${before}:00Z`) - 86_400_000).toISOString().slice(0, 16);
    await times.nth(0).fill(early);
    const person = await shift.locator("select option:checked").textContent();
    await page.fill(`[data-phone="${person}"]`, "138-0000");
    await page.fill("#duty-proof", head.passphrase);
    await page.click("[data-do=sign-duty]");
    await page.waitForFunction(() => document.querySelector("[data-form=duty] [role=alert]")?.textContent.includes("138-0000"));
    await page.fill(`[data-phone="${person}"]`, "13800000003");
    await page.fill("#duty-proof", head.passphrase);
    await desk.shot("duty-form");
    const faults = await desk.axe();
    assert(faults.length === 0, faults.join("; "));
    await page.click("[data-do=sign-duty]");
    await page.waitForSelector("[data-part=listed]");
    await page.waitForSelector("[data-part=unlisted]", { state: "detached" });
    const row = await page.locator("[data-part=on-duty]").first().textContent();
    assert(row.includes(person) && row.includes("13800000003"), `on duty is ${row}`);
    await desk.shot("duty");
    await desk.leave();
    return person;
  },

  async the_one_who_leaves_signs_and_another_takes_it(house) {
    const { head, staff } = house.settings;
    const leaves = await (await house.desk()).signIn(head);
    await leaves.page.click("[data-nav=duty]");
    await leaves.page.click("[data-do=hand-over]");
    await leaves.page.waitForSelector("[data-part=alarms]");
    await leaves.page.click("[data-do=give]");
    await leaves.page.waitForSelector("[role=alert]");
    await leaves.page.fill("#hand-proof", head.passphrase);
    await leaves.page.click("[data-do=give]");
    await leaves.page.waitForSelector("[data-given=open]");
    assert((await leaves.page.$("[data-given=open] [data-do=take]")) === null, "who leaves may take it too");
    await leaves.leave();

    const comes = await (await house.desk()).signIn(staff);
    await comes.go("/duty/hand-over");
    await comes.page.click("[data-do=show-list]");
    await comes.page.waitForSelector("[data-do=show-now]");
    await comes.page.fill("#hand-proof", staff.passphrase);
    await comes.page.click("[data-given=open] [data-do=take]");
    await comes.page.waitForSelector("[data-given=taken]");
    await comes.shot("hand-over");
    const faults = await comes.axe();
    assert(faults.length === 0, faults.join("; "));
    const given = (await comes.get("/duty/hand-overs")).given[0];
    assert(given.taken_by !== null && given.taken_by !== given.by, "nobody else took it");
    await comes.leave();
    return given.taken_by;
  },
};
