// A forgotten passphrase: the code on the officer's screen, read over the telephone, typed at the county.
import { assert } from "./desk.mjs";

const NEW = "换过的口令要记牢";
const TRIES_MAX = 200;

async function ask(desk, { number, passphrase, again }) {
  const { page } = desk;
  await page.fill("#forgot-number", number);
  await page.fill("#forgot-new", passphrase);
  await page.fill("#forgot-again", again);
  await page.click("[data-do=reenrol]");
}

export const stories = {
  async a_new_key_is_asked_for_here_and_given_there_by_a_code_that_was_heard(house) {
    const { staff, county } = house.settings;
    const desk = await house.desk();
    desk.url = house.settings.url;
    const { page } = desk;
    await page.goto(desk.url);
    await page.click("[data-do=forgot]");
    const refused = async (form) => {
      await ask(desk, form);
      const alert = page.locator("form [role=alert]");
      await alert.waitFor();
      return alert.textContent();
    };
    const differ = await refused({ number: staff.number, passphrase: NEW, again: `${NEW}了` });
    assert(differ.includes("不一样"), `two that differ: ${differ}`);
    const short = await refused({ number: staff.number, passphrase: "太短", again: "太短" });
    assert(/8/.test(short), `one that is short: ${short}`);
    await ask(desk, { number: staff.number, passphrase: NEW, again: NEW });
    await page.waitForSelector("[data-mark=code]");
    const code = await page.locator("[data-mark=code]").textContent();
    assert(code.replace(/\D/g, "").length === 13, `the code is ${code}`);
    assert((await page.locator("[data-mark=reenrol] img").getAttribute("src")).startsWith("data:image/"), "no picture");
    await desk.shot("reenrol-code");

    const above = await (await house.desk()).signIn(county);
    await above.until("/reenrol/requests");
    await above.go("/network");
    await above.page.waitForSelector(`[data-waits="${staff.number}"]`);
    assert(!(await above.page.content()).includes(code), "the code is shown at the county");
    const approve = async (typed, passphrase) => {
      await above.page.fill('[data-field=code] input, input[data-field=code]', typed);
      await above.page.fill('[data-field=passphrase] input, input[data-field=passphrase]', passphrase);
      const answered = above.page.waitForResponse((r) => r.url().endsWith("/reenrol/approvals"));
      await above.page.click("[data-do=approve]");
      return (await answered).status();
    };
    const digits = code.replace(/\D/g, "");
    const other = digits.slice(0, 12) + ((Number(digits[12]) + 1) % 10);
    assert((await approve(other, county.passphrase)) === 422, "a code that was misheard is taken");
    assert((await approve(code, "不是这个口令的")) === 401, "a wrong passphrase appoints");
    await above.shot("reenrol-list");
    assert((await approve(code, county.passphrase)) === 201, "the code that was heard is refused");
    await above.page.waitForSelector("[role=status]");
    await above.leave();

    await page.click("[data-do=back]");
    let last = { status: 0, said: "" };
    for (let i = 0; i < TRIES_MAX && last.status !== 201; i += 1) last = await desk.trySignIn(staff.number, NEW);
    assert(last.status === 201, `the new passphrase: ${last.said}`);
    await desk.leave();
    const old = await house.desk();
    old.url = house.settings.url;
    const before = await old.trySignIn(staff.number, staff.passphrase);
    assert(before.status === 401, `the old passphrase: ${before.status}`);
    await old.leave();
  },
};
