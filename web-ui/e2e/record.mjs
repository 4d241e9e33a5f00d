// Keeps what a node told a page, so that the page can be measured without a node: `bench.mjs` plays it back.
import { writeFileSync } from "node:fs";

const RECORDED_MS = 10_000;
const BEFORE = ["/api/v1/node", "/api/v1/session"]; // asked before anybody was signed in

export class Recording {
  answers = {};

  /** None unless `JIAOLIAN_RECORD` names a file. */
  static of(page, file = process.env.JIAOLIAN_RECORD) {
    if (file === undefined) return null;
    const recording = new Recording();
    recording.file = file;
    page.on("response", async (response) => {
      const { pathname } = new URL(response.url());
      const isAnswer = response.request().method() === "GET" && response.ok() && pathname.startsWith("/api/v1/");
      if (isAnswer && pathname !== "/api/v1/events") recording.answers[pathname] = await response.text().catch(() => "");
    });
    return recording;
  }

  /** Listens to the stream of positions as the page does, and writes all down. */
  async keep(page) {
    for (const path of BEFORE) this.answers[path] = await page.evaluate(async (at) => (await fetch(at)).text(), path);
    const stream = await page.evaluate(async (ms) => {
      const reader = (await fetch("/api/v1/events?positions=duty")).body.pipeThrough(new TextDecoderStream()).getReader();
      const until = performance.now() + ms;
      let text = "";
      while (performance.now() < until) text += (await reader.read()).value ?? "";
      await reader.cancel();
      return text;
    }, RECORDED_MS);
    writeFileSync(this.file, JSON.stringify({ answers: this.answers, stream }));
  }
}
