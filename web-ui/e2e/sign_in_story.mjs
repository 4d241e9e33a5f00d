// The sign-in form: what a wrong passphrase costs, a desk that nobody touches, and the passphrase that is
// asked for anew when something is signed.
import { assert } from "./desk.mjs";
import { idNumber } from "./opening_story.mjs";

const WRONG = "不是这个口令的";
const TRIES_MAX = 400;
const WAIT_GROWN_S = 4;

/** Seconds that a refusal names; none in any other. */
const seconds = ({ status, said }) => (status === 429 ? Number(/\d+/.exec(said)[0]) : 0);

export const stories = {
  async a_wrong_passphrase_waits_longer_each_time_and_the_right_one_gets_in(house) {
    const { number, passphrase } = house.settings.staff;
    const desk = await house.desk();
    desk.url = house.settings.url;
    const waits = [];
    for (let i = 0; i < TRIES_MAX && !waits.includes(WAIT_GROWN_S); i += 1) {
      const answer = await desk.trySignIn(number, WRONG);
      assert(answer.status === 401 || answer.status === 429, `a wrong passphrase is answered ${answer.status}`);
      assert(/[\u4e00-\u9fff]/.test(answer.said), `the page says: ${answer.said}`);
      if (seconds(answer) > 0) waits.push(seconds(answer));
    }
    const shown = [...new Set(waits)].sort();
    assert(waits[0] === 1 && shown.includes(2) && shown.includes(WAIT_GROWN_S), `the waits shown were ${waits.join()}`);
    await desk.shot("sign-in-wait");
    const early = await desk.trySignIn(number, passphrase);
    assert(early.status === 429, `the right passphrase is answered ${early.status} while the wait lasts`);
    assert((await desk.page.inputValue("#passphrase")) === "", "a refused passphrase stays in the form");
    let last = early;
    for (let i = 0; i < TRIES_MAX && last.status !== 201; i += 1) last = await desk.trySignIn(number, passphrase);
    assert(last.status === 201, `the right passphrase never got in: ${last.said}`);
    await desk.leave();
    return `waits of ${shown.join(", ")} s`;
  },

  async an_unknown_number_is_answered_as_a_wrong_passphrase(house) {
    const desk = await house.desk();
    desk.url = house.settings.url;
    const unknown = await desk.trySignIn("X404", WRONG);
    const wrong = await desk.trySignIn(house.settings.head.number, WRONG);
    assert(unknown.status === 401 && wrong.status === 401, `${unknown.status} and ${wrong.status}`);
    assert(unknown.said === wrong.said, `"${unknown.said}" and "${wrong.said}"`);
    await desk.leave();
  },

  async a_desk_that_nobody_touches_closes_itself(house) {
    const desk = await house.desk();
    const { page } = desk;
    await page.clock.install();
    await desk.signIn(house.settings.staff);
    const { idle_s } = await desk.get("/session");
    await page.clock.fastForward((idle_s - 60) * 1_000);
    assert((await page.$("[data-nav]")) !== null, "the desk closed before its time");
    await page.clock.fastForward(120_000);
    await page.waitForSelector("#staff-number");
    const said = await page.locator("[role=alert]").first().textContent();
    assert(said.includes("长时间未操作"), `the page says: ${said}`);
    const status = await page.evaluate(async () => (await fetch("/api/v1/session")).status);
    assert(status === 401, `the session is still open: ${status}`);
    await desk.shot("sign-in-idle");
    await desk.leave();
    return `${idle_s} s`;
  },

  async what_is_signed_asks_for_the_passphrase_anew(house) {
    const desk = await (await house.desk()).signIn(house.settings.staff);
    const { page } = desk;
    const before = (await desk.get("/cases?limit=1")).total;
    await desk.go("/cases");
    await page.click('main [data-event="open"]');
    await page.waitForSelector('[data-offer="open"]');
    await desk.fillForm({ name: "赵演练", id_number: idNumber(), term_first: -30, term_last: 700 });
    const refused = async (passphrase) => {
      await page.fill("#offer-passphrase", passphrase);
      await page.click("[data-offer] [data-do=sign]");
      const alert = page.locator("[data-offer] [role=alert]").first();
      await alert.waitFor();
      return alert.textContent();
    };
    const empty = await refused("");
    const wrong = await refused(WRONG);
    assert(/口令/.test(empty) && /口令/.test(wrong), `the form says "${empty}" and "${wrong}"`);
    await desk.shot("sign-again");
    assert((await desk.get("/cases?limit=1")).total === before, "a refused signature opened a case");
    await desk.sign();
    await page.waitForSelector('main[data-path^="/case/"] h1');
    assert((await desk.get("/cases?limit=1")).total === before + 1, "the signed case is not on the list");
    await desk.leave();
  },
};
