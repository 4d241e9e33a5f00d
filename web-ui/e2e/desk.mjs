// A desk for the stories: a browser, people who sign in, forms that get filled whatever they ask.
import { mkdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { chromium } from "playwright-core";

const AXE = createRequire(import.meta.url).resolve("axe-core/axe.min.js");
const FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--autoplay-policy=no-user-gesture-required"];
const WAIT_MS = 30_000;
const DESK = { width: 1366, height: 768 };
const PHONE = { width: 390, height: 844 };

/** What the stories need to know; every value comes from the environment. */
export function settings(env = process.env) {
  const url = env.JIAOLIAN_URL ?? "http://127.0.0.1:8600/";
  const person = (name) => {
    const value = env[name];
    if (value === undefined || !value.includes(":")) throw new Error(`${name} must be "staff number:passphrase"`);
    const cut = value.indexOf(":");
    return { number: value.slice(0, cut), passphrase: value.slice(cut + 1) };
  };
  return {
    url: url.endsWith("/") ? url : `${url}/`,
    // Who closes grave alarms: a head of the county, perhaps at the county's own node.
    county: env.JIAOLIAN_COUNTY === undefined ? null : { ...person("JIAOLIAN_COUNTY"), url: env.JIAOLIAN_COUNTY_URL ?? url },
    // Who oversees at the county's own node, where there is such a person.
    procurator: env.JIAOLIAN_PROC === undefined ? null : { ...person("JIAOLIAN_PROC"), url: env.JIAOLIAN_COUNTY_URL ?? url },
    staff: person("JIAOLIAN_STAFF"),
    head: person("JIAOLIAN_HEAD"),
    shots: env.JIAOLIAN_SHOTS ?? null,
    chromium: env.JIAOLIAN_CHROMIUM ?? "/usr/bin/chromium",
    only: env.JIAOLIAN_ONLY ?? "",
  };
}

export function assert(ok, sentence) {
  if (!ok) throw new Error(sentence);
}

/** One browser for all stories; every desk in it is a person with cookies of their own. */
export class House {
  constructor(settings, browser) {
    this.settings = settings;
    this.browser = browser;
    this.faults = [];
    this.foreign = new Set();
    if (settings.shots !== null) mkdirSync(settings.shots, { recursive: true });
  }

  static async open(settings) {
    return new House(settings, await chromium.launch({ executablePath: settings.chromium, args: FLAGS }));
  }

  /** A desk on a browser of its own, whose process can be killed as a power cut would. */
  async fragileDesk() {
    const server = await chromium.launchServer({ executablePath: this.settings.chromium, args: FLAGS });
    const browser = await chromium.connect(server.wsEndpoint());
    const desk = await this.desk(undefined, browser);
    desk.cutPower = () => server.kill();
    return desk;
  }

  async desk(script, browser = this.browser) {
    const context = await browser.newContext({ viewport: DESK, locale: "zh-CN", timezoneId: "UTC" });
    context.setDefaultTimeout(WAIT_MS);
    if (script !== undefined) await context.addInitScript(script);
    const page = await context.newPage();
    const homes = [this.settings.url, this.settings.county?.url ?? this.settings.url].map((url) => new URL(url).host);
    page.on("pageerror", (error) => this.faults.push(`page error: ${error.stack ?? error}`));
    page.on("console", (message) => {
      if (/Content.Security.Policy/i.test(message.text())) this.faults.push(message.text());
    });
    page.on("request", (request) => {
      const host = new URL(request.url()).host;
      if (host !== "" && !homes.includes(host)) this.foreign.add(host);
    });
    return new Desk(this, context, page);
  }

  async close() {
    await this.browser.close();
  }
}

export class Desk {
  constructor(house, context, page) {
    Object.assign(this, { house, context, page });
  }

  async signIn(person) {
    this.url = person.url ?? this.house.settings.url;
    await this.page.goto(this.url);
    await this.page.fill("#staff-number", person.number);
    await this.page.fill("#passphrase", person.passphrase);
    await this.page.press("#passphrase", "Enter");
    await this.page.waitForSelector("[data-nav]");
    this.person = person;
    return this;
  }

  /** Fills the sign-in form and sends it; what the node answered and what the page says of it. */
  async trySignIn(number, passphrase, pin) {
    const { page } = this;
    if ((await page.$("#staff-number")) === null) await page.goto(this.url);
    await page.fill("#staff-number", number);
    await page.fill("#passphrase", passphrase);
    if (pin !== undefined) await page.fill("#pin", pin);
    const answered = page.waitForResponse((r) => r.url().endsWith("/api/v1/session") && r.request().method() === "POST");
    await page.press(pin === undefined ? "#passphrase" : "#pin", "Enter");
    const status = (await answered).status();
    if (status === 201) {
      await page.waitForSelector("[data-nav]");
      return { status, said: "" };
    }
    await page.waitForSelector("[data-do=sign-in]:not(.is-loading)");
    return { status, said: await page.locator("form [role=alert]").textContent() };
  }

  async go(hash) {
    await this.page.goto(`${this.url}#${hash}`);
    await this.page.waitForSelector(`main[data-path="${hash.split("?")[0]}"] h1`);
  }

  /** Asks the node as the page would, with its cookie. */
  async get(path) {
    const answer = await this.page.evaluate(async (p) => {
      const response = await fetch(`/api/v1${p}`);
      return { status: response.status, body: await response.json() };
    }, path);
    assert(answer.status === 200, `GET ${path} answered ${answer.status} ${JSON.stringify(answer.body)}`);
    return answer.body;
  }

  /** Waits until the node has this too: what another office did arrives over the link. */
  async until(path) {
    await this.page.waitForFunction(async (p) => (await fetch(`/api/v1${p}`)).ok, path, { polling: 250, timeout: 30_000 });
  }

  async shot(name) {
    if (this.house.settings.shots === null) return;
    await this.page.screenshot({ path: join(this.house.settings.shots, `${name}.png`) });
  }

  /** The same page on a phone in the hand of whoever is on call; nothing of it may lie beyond its right edge. */
  async onPhone(name) {
    const { page } = this;
    await page.setViewportSize(PHONE);
    const wide = await page.evaluate(() => document.querySelector("main").scrollWidth - document.querySelector("main").clientWidth);
    if (this.house.settings.shots !== null) {
      // The page scrolls inside its frame: the frame is made as long as what it holds.
      const height = await page.evaluate(() => document.querySelector("main").scrollHeight + document.querySelector("main").getBoundingClientRect().top);
      await page.setViewportSize({ ...PHONE, height: Math.ceil(height) });
      await this.shot(`${name}-phone`);
    }
    await page.setViewportSize(DESK);
    assert(wide <= 0, `${name} is ${wide} pixels wider than a phone`);
  }

  /** Serious and critical faults of accessibility on the page as it stands. */
  async axe() {
    await this.page.evaluate(readFileSync(AXE, "utf8")); // not bound by the content policy, as a script tag would be
    const found = await this.page.evaluate(async () => (await window.axe.run(document, { resultTypes: ["violations"] })).violations);
    return found
      .filter((v) => v.impact === "serious" || v.impact === "critical")
      .map((v) => `${v.id}: ${v.nodes.map((n) => `${n.target.join(" ")} ${n.any[0]?.message ?? ""}`).slice(0, 4).join(" | ")}`);
  }

  /** Fills whatever the open form requires; `given` values come first. Dates: days from today. */
  async fillForm(given = {}) {
    const fields = await this.page.$$("[data-offer] [data-field]");
    for (const field of fields) {
      const name = await field.getAttribute("data-field");
      const value = given[name];
      const required = (await field.$(".bad")) !== null;
      if (value !== undefined || required) await this.fillField(field, value);
    }
  }

  async fillField(field, value) {
    const date = await field.$(".el-date-editor input");
    if (date !== null) return this.fillDate(date, value);
    const area = await field.$("[data-do=county-filter]");
    if (area !== null) {
      await (await field.$("input[data-do=county-filter], [data-do=county-filter] input")).fill(value ?? "浏阳");
      await (await field.waitForSelector("button.county")).click();
      return undefined;
    }
    const radio = await field.$(value === undefined ? "input[type=radio]" : `input[type=radio][value="${value}"]`);
    if (radio !== null) return radio.check();
    const check = await field.$("input[type=checkbox]");
    if (check !== null) return check.check();
    const select = await field.$(".el-select__wrapper");
    if (select !== null) {
      await select.click();
      return this.page.locator(".el-select-dropdown__item:visible").first().click();
    }
    const text = await field.$("textarea, input");
    return text.fill(value ?? ((await text.getAttribute("inputmode")) === "numeric" ? "100" : "已核实, 情况属实"));
  }

  async fillDate(input, value) {
    const wrapper = await input.evaluate((el) => el.closest(".el-date-editor").className);
    const day = new Date(Date.now() + 8 * 3_600_000 + (value ?? 0) * 86_400_000);
    const date = `${day.getUTCFullYear()}年${day.getUTCMonth() + 1}月${day.getUTCDate()}日`;
    const time = `${String(day.getUTCHours()).padStart(2, "0")}:${String(day.getUTCMinutes()).padStart(2, "0")}`;
    await input.click();
    await input.fill(wrapper.includes("datetime") ? `${date} ${time}` : date);
    await input.press("Enter");
    await input.press("Tab");
  }

  /** Signs the open form with the passphrase of the person at this desk. */
  async sign() {
    if ((await this.page.$("#offer-passphrase")) !== null) await this.page.fill("#offer-passphrase", this.person.passphrase);
    await this.page.click("[data-offer] [data-do=sign]");
    try {
      await this.page.waitForSelector("[data-offer]", { state: "detached" });
    } catch {
      const said = await this.page.locator("[data-offer] [role=alert]").allTextContents();
      await this.shot("refused");
      throw new Error(`the form was refused: ${said.join("; ")}`);
    }
  }

  /** Does the first of these events that is offered and open; null when none is. */
  async doFirst(events, given) {
    await this.page.waitForSelector("main .sheet");
    for (const event of events) {
      const button = this.page.locator(`main [data-event="${event}"]:not([disabled])`).first();
      if ((await button.count()) === 0) continue;
      await button.click();
      await this.page.waitForSelector(`[data-offer="${event}"]`);
      await this.fillForm(given);
      await this.sign();
      return event;
    }
    return null;
  }

  async leave() {
    await this.context.close();
  }
}
