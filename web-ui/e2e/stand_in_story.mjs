// A stand-in (AB岗) steps in and steps back at the page; the office above sees it.
import { assert } from "./desk.mjs";

const REASON = "所长赴省参会五日";

export const stories = {
  async a_stand_in_takes_the_place_and_gives_it_back_and_the_office_above_sees_it(house) {
    const { staff, county } = house.settings;
    const desk = await (await house.desk()).signIn(staff);
    const { page } = desk;
    const above = await (await house.desk()).signIn(county);
    const row = `[data-stand-in="${staff.number}"]`;
    await above.go("/network");
    await above.page.waitForSelector(`${row}[data-taken=false]`);
    assert((await above.page.$(`${row} [data-do=stand-in]`)) === null, "somebody else may take the place");

    await desk.go("/network");
    const own = (await desk.get("/session")).capacity.zh;
    await page.click(`${row} [data-do=stand-in]`);
    await page.click("[data-do=sign-stand-in]");
    const alert = page.locator("[data-form=stand-in] [role=alert]");
    assert((await alert.textContent()).includes("事由"), "no reason is asked for");
    await page.fill("#stand-in-reason", REASON);
    await page.fill("#stand-in-proof", "不是这个口令的");
    const answered = page.waitForResponse((r) => r.url().endsWith("/stand-ins") && r.request().method() === "POST");
    await page.click("[data-do=sign-stand-in]");
    assert((await answered).status() === 401, "a wrong passphrase signs");
    await page.waitForFunction(() => document.querySelector("[data-form=stand-in] [role=alert]")?.textContent.includes("口令"));
    await page.fill("#stand-in-proof", staff.passphrase);
    await desk.shot("stand-in-form");
    await page.click("[data-do=sign-stand-in]");
    await page.waitForSelector(`${row}[data-taken=true]`);
    assert((await page.locator(row).textContent()).includes(REASON), "the reason is not on the list");
    const acting = (await desk.get("/session")).capacity.zh;
    assert(acting.startsWith("代") && acting !== own, `the capacity is ${acting}`);
    await page.waitForFunction((words) => document.body.textContent.includes(words), acting);
    await desk.shot("stand-in-taken");
    const faults = await desk.axe();
    assert(faults.length === 0, faults.join("; "));

    await above.page.waitForSelector(`${row}[data-taken=true]`);
    await above.shot("stand-in-above");

    await page.click(`${row} [data-do=stand-in]`);
    await page.fill("#stand-in-reason", "所长已回所");
    await page.fill("#stand-in-proof", staff.passphrase);
    await page.click("[data-do=sign-stand-in]");
    await page.waitForSelector(`${row}[data-taken=false]`);
    assert((await desk.get("/session")).capacity.zh === own, "the place was not given back");
    await above.page.waitForSelector(`${row}[data-taken=false]`);
    await above.leave();
    await desk.leave();
    return acting;
  },
};
