// A leave from the paper on the desk to the decision, by two people.
import { assert } from "./desk.mjs";

const STEPS_MAX = 6;
const GRANTED = ["GRANTED", "OUT"];

async function state(desk, id) {
  return (await desk.get(`/matters/${id}`)).matter.state.code;
}

export const stories = {
  async a_leave_goes_from_application_to_decision(house) {
    const staff = await (await house.desk()).signIn(house.settings.staff);
    await staff.go("/leave");
    await staff.page.click("[data-do=apply]");
    await staff.page.waitForSelector("[data-pick]");
    const picks = await staff.page.$$eval("[data-pick]", (all) => all.map((one) => one.getAttribute("data-pick")));
    for (const pick of picks) {
      await staff.page.click(`[data-pick="${pick}"]`);
      const opened = await staff.page.waitForSelector("[data-offer]", { timeout: 1_500 }).catch(() => null);
      if (opened !== null) break;
    }
    await staff.fillForm({ from: 4, to: 6, destination: "浏阳" });
    await staff.page.click("[data-offer] [data-do=compute]");
    await staff.page.waitForSelector("[data-offer] .section[role=status]");
    await staff.shot("leave-apply");
    await staff.sign();
    await staff.page.waitForSelector("main [data-part=state]");
    const id = /\/matter\/([0-9a-f]+)/.exec(staff.page.url())?.[1];
    assert(id !== undefined, `after applying the page is ${staff.page.url()}`);

    const head = await (await house.desk()).signIn(house.settings.head);
    const done = [];
    for (let step = 0; step < STEPS_MAX && !GRANTED.includes(await state(staff, id)); step += 1) {
      for (const [desk, events] of [[staff, ["verify", "opine"]], [head, ["verify", "opine", "approve"]]]) {
        if (GRANTED.includes(await state(staff, id))) break;
        await desk.go(`/matter/${id}`);
        const event = await desk.doFirst(events, {});
        if (event !== null) done.push(event);
      }
    }
    const last = await state(staff, id);
    assert(GRANTED.includes(last), `after ${done.join(", ")} the leave is ${last}`);
    await head.go(`/matter/${id}`);
    await head.page.waitForSelector("[data-slot]");
    await head.shot("leave-decided");
    await staff.leave();
    await head.leave();
    return done.join(" → ");
  },

  async a_form_names_every_field_that_is_missing_and_signs_nothing(house) {
    const desk = await (await house.desk()).signIn(house.settings.staff);
    await desk.go("/leave");
    const before = (await desk.get("/matters?workflow=leave&state=all")).total;
    await desk.page.click("[data-do=apply]");
    await desk.page.waitForSelector("[data-pick]");
    for (const pick of await desk.page.$$("[data-pick]")) {
      await pick.click();
      if ((await desk.page.waitForSelector("[data-offer]", { timeout: 1_500 }).catch(() => null)) !== null) break;
    }
    await desk.page.click("[data-offer] [data-do=sign]");
    await desk.page.waitForSelector("[data-offer] .field [role=alert]");
    await desk.shot("leave-missing");
    const after = (await desk.get("/matters?workflow=leave&state=all")).total;
    assert(after === before, "an empty application was accepted");
    await desk.leave();
  },
};
