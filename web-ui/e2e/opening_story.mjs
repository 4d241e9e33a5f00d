// A case is opened at the desk: faults stand at their fields, the signed case opens.
import { assert } from "./desk.mjs";

const WEIGHTS = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
const CHECKS = "10X98765432";

/** An identity number of an adult that no earlier run has used; test numbers only. */
export function idNumber() {
  const random = Math.floor(Math.random() * 28 * 12 * 1000);
  const two = (n) => String(n).padStart(2, "0");
  const birth = `${1970 + (random % 30)}${two(1 + (random % 12))}${two(1 + (random % 28))}`;
  const digits = `430181${birth}${String(random % 1000).padStart(3, "0")}`;
  const sum = [...digits].reduce((all, digit, i) => all + Number(digit) * WEIGHTS[i], 0);
  return digits + CHECKS[sum % 11];
}

/** Whoever of these people is offered to open a case. */
async function opener(house) {
  const { staff, head, county } = house.settings;
  for (const person of [staff, head, county].filter((one) => one !== null)) {
    const desk = await (await house.desk()).signIn(person);
    if ((await desk.get("/cases/new")).offer !== null) return desk;
    await desk.leave();
  }
  throw new Error("nobody of these people may open a case");
}

export const stories = {
  async a_case_is_opened_and_its_faults_stand_at_their_fields(house) {
    const desk = await opener(house);
    const { page } = desk;
    const { offer } = await desk.get("/cases/new");
    const before = (await desk.get("/cases?limit=1")).total;
    await desk.go("/cases");
    await page.click('main [data-event="open"]');
    await page.waitForSelector('[data-offer="open"]');
    const name = `赵演练${Date.now().toString(36)}`;
    const good = idNumber();
    const bad = good.slice(0, 17) + CHECKS[(CHECKS.indexOf(good[17]) + 1) % 11];
    const given = { name, id_number: bad, term_first: -30, term_last: 700 };
    await desk.fillForm(given);
    await page.fill("#offer-passphrase", desk.person.passphrase);
    await page.click("[data-offer] [data-do=sign]");
    const fault = page.locator('[data-offer] [data-field="id_number"] [role=alert]');
    await fault.waitFor();
    const said = await fault.textContent();
    assert(/[\u4e00-\u9fff]/.test(said) && said.includes(good[17]), `the fault says: ${said}`);
    await page.waitForFunction(() => document.activeElement?.id === "offer-id_number");
    const seen = await fault.evaluate((el) => el.getBoundingClientRect().top >= 0 && el.getBoundingClientRect().bottom <= innerHeight);
    assert(seen, "the field that is wrong is out of sight");
    await desk.shot("opening-fault");
    assert((await desk.get("/cases?limit=1")).total === before, "a refused form opened a case");
    await page.locator('[data-offer] [data-field="id_number"] input').fill(good);
    await desk.sign();
    await page.waitForSelector('main[data-path^="/case/"] h1');
    await page.waitForFunction((n) => document.querySelector("main").textContent.includes(n), name);
    await desk.shot("opening-done");
    assert((await desk.get("/cases?limit=1")).total === before + 1, "the case is not on the list");
    await desk.leave();
    return `${offer.fields.length} fields`;
  },
};
