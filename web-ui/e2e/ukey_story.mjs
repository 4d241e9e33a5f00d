// An officer with a UKey: its PIN at the sign-in form and in the form of what is signed.
import { assert } from "./desk.mjs";
import { idNumber } from "./opening_story.mjs";

const PIN = process.env.JIAOLIAN_PIN ?? "";
const WRONG = "135791";

export const stories = {
  async a_ukey_asks_for_its_pin_at_the_sign_in_and_at_each_signature(house) {
    const { staff } = house.settings;
    const desk = await house.desk();
    desk.url = house.settings.url;
    desk.person = staff;
    const { page } = desk;
    await page.goto(desk.url);
    assert((await page.$("#pin")) === null, "everybody is asked for a PIN");
    const first = await desk.trySignIn(staff.number, staff.passphrase);
    assert(first.status === 401 && first.said.includes("PIN"), `the page says: ${first.said}`);
    await page.waitForSelector("#pin");
    await desk.shot("ukey-sign-in");
    const wrong = await desk.trySignIn(staff.number, staff.passphrase, WRONG);
    assert(wrong.status === 401 && wrong.said.includes("5"), `the page says: ${wrong.said}`);
    const right = await desk.trySignIn(staff.number, staff.passphrase, PIN);
    assert(right.status === 201, `the page says: ${right.said}`);

    await desk.go("/cases");
    await page.click('main [data-event="open"]');
    await page.waitForSelector('[data-offer="open"]');
    await desk.fillForm({ name: "钱演练", id_number: idNumber(), term_first: -30, term_last: 700 });
    const label = await page.locator('label[for="offer-passphrase"]').textContent();
    assert(label.includes("PIN"), `the form asks for ${label}`);
    const refused = async (pin) => {
      await page.fill("#offer-passphrase", pin);
      await page.click("[data-offer] [data-do=sign]");
      const alert = page.locator("[data-offer] [role=alert]").first();
      await alert.waitFor();
      return alert.textContent();
    };
    assert((await refused("")).includes("PIN"), "a form without a PIN is sent");
    const said = await refused(WRONG);
    assert(said.includes("PIN"), `a wrong PIN: ${said}`);
    assert((await desk.get("/cases?limit=1")).total === 0, "a refused signature opened a case");
    await desk.shot("ukey-pin");
    desk.person = { ...staff, passphrase: PIN };
    await desk.sign();
    await page.waitForSelector('main[data-path^="/case/"] h1');
    assert((await desk.get("/cases?limit=1")).total === 1, "the signed case is not on the list");
    await desk.leave();
  },
};
