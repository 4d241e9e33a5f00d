// Runs the stories one after another against a node that is up. Exit status 1 if one fails.
//   JIAOLIAN_URL=http://127.0.0.1:8600/ JIAOLIAN_STAFF=number:passphrase JIAOLIAN_HEAD=number:passphrase \
//   JIAOLIAN_SHOTS=/tmp/shots JIAOLIAN_ONLY=alarm npm run e2e
import * as alarm from "./alarm_story.mjs";
import * as audit from "./audit_story.mjs";
import * as county from "./county_story.mjs";
import * as crowd from "./crowd_story.mjs";
import * as kase from "./case_story.mjs";
import { House, settings } from "./desk.mjs";
import * as desk from "./desk_story.mjs";
import * as device from "./device_story.mjs";
import * as duty from "./duty_story.mjs";
import * as fence from "./fence_story.mjs";
import * as leave from "./leave_story.mjs";
import * as opening from "./opening_story.mjs";
import * as page from "./page_story.mjs";
import * as quarrel from "./quarrel_story.mjs";
import * as queue from "./queue_story.mjs";
import * as reenrol from "./reenrol_story.mjs";
import * as sign_in from "./sign_in_story.mjs";
import * as stand_in from "./stand_in_story.mjs";
import * as ukey from "./ukey_story.mjs";

const ERROR_LINES_MAX = 12;
const chosen = settings();
const house = await House.open(chosen);
let failed = 0;
let ran = 0;
// Some stories need a world of their own, and are named by whoever made it.
const apart = { county, crowd, device, duty, fence, queue, quarrel, reenrol, sign_in, stand_in, ukey };
const named = process.env.JIAOLIAN_THEME ?? (process.env.JIAOLIAN_QUARREL === undefined ? "" : "quarrel");
const themes = named === "" ? { desk, page, case: kase, opening, leave, alarm, audit } : { [named]: apart[named] };
for (const [theme, { stories }] of Object.entries(themes)) {
  for (const [name, story] of Object.entries(stories)) {
    if (chosen.only !== "" && !`${theme}.${name}`.includes(chosen.only)) continue;
    const started = Date.now();
    ran += 1;
    try {
      const note = await story(house);
      process.stdout.write(`ok   ${theme}.${name} ${Date.now() - started} ms${note === undefined ? "" : ` (${note})`}\n`);
    } catch (error) {
      failed += 1;
      process.stdout.write(`FAIL ${theme}.${name}\n    ${error.message.split("\n").slice(0, ERROR_LINES_MAX).join("\n    ")}\n`);
      for (const context of house.browser.contexts()) await context.close();
    }
  }
}
for (const fault of house.faults) process.stdout.write(`FAIL ${fault}\n`);
for (const host of house.foreign) process.stdout.write(`FAIL the pages asked another host: ${host}\n`);
await house.close();
const bad = failed + house.faults.length + house.foreign.size;
process.stdout.write(`${ran - failed} of ${ran} stories hold\n`);
process.exitCode = bad === 0 && ran > 0 ? 0 : 1;
