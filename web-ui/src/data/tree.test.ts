import { describe, expect, it } from "vitest";
import type { NetworkOffice } from "./contract";
import { arrange } from "./tree";

const office = (code: string, parent: string | null): NetworkOffice =>
  ({ office: { id: code, code, name: code, tier: 1 }, parent_id: parent }) as unknown as NetworkOffice;
const shown = (offices: NetworkOffice[]): string[] =>
  arrange(offices).map(({ item, depth }) => `${"-".repeat(depth)}${item.office.code}`);

describe("offices", () => {
  it("stand_below_their_superior_by_code", () => {
    const list = [office("431381101", "431381"), office("431300", null), office("431381", "431300"), office("431381100", "431381")];
    expect(shown(list)).toEqual(["431300", "-431381", "--431381100", "--431381101"]);
  });

  it("stand_at_the_top_when_their_superior_is_not_listed", () => {
    expect(shown([office("430181", "430100")])).toEqual(["430181"]);
  });

  it("are_never_lost_even_if_parents_form_a_circle", () => {
    expect(shown([office("a", "b"), office("b", "a")]).length).toBe(2);
  });
});
