import { describe, expect, it } from "vitest";
import type { AlarmId, AlarmRow, Ms, Severity } from "./contract";
import { isOver, nextOf, spanClock, Unseen } from "./queue";

const row = (id: string, severity: Severity, claimed = false, open = true): AlarmRow =>
  ({ id, severity, open, claimed: claimed ? { name: "王" } : null }) as unknown as AlarmRow;
const ids = (...names: string[]) => names as AlarmId[];

describe("the clock of a deadline", () => {
  it("counts in minutes and seconds, hours only when there are any", () => {
    expect(spanClock(252_000)).toBe("04:12");
    expect(spanClock(-252_999)).toBe("04:12");
    expect(spanClock(3_852_000)).toBe("1:04:12");
  });

  it("is over only after its instant", () => {
    expect(isOver(5 as Ms, 5 as Ms)).toBe(false);
    expect(isOver(5 as Ms, 6 as Ms)).toBe(true);
  });
});

describe("the next alarm", () => {
  const rows = [row("a", 1), row("b", 2), row("c", 3)];
  it("goes round in the order of the queue and begins at its head", () => {
    expect(nextOf(rows, null)).toBe("a");
    expect(nextOf(rows, "c" as AlarmId)).toBe("a");
    expect(nextOf(rows, "a" as AlarmId, true)).toBe("c");
    expect(nextOf(rows, "gone" as AlarmId)).toBe("a");
    expect(nextOf([], null)).toBeNull();
  });
});

describe("the badge", () => {
  it("counts new grave alarms until they were seen", () => {
    const unseen = new Unseen();
    unseen.take(row("a", 1), true);
    unseen.take(row("b", 2), true);
    unseen.take(row("c", 3), true);
    expect(unseen.count).toBe(2);
    expect(unseen.see(ids("a", "c"))).toBe(true);
    expect(unseen.see(ids("a"))).toBe(false);
    expect(unseen.count).toBe(1);
  });

  it("takes a seen one back only when it is new again, and drops what another desk took or closed", () => {
    const unseen = new Unseen();
    unseen.take(row("a", 1), true);
    unseen.see(ids("a"));
    unseen.take(row("a", 1), false);
    expect(unseen.count).toBe(0);
    unseen.take(row("b", 1), true);
    unseen.take(row("b", 1, true), false);
    unseen.take(row("c", 2), true);
    unseen.take(row("c", 2, false, false), false);
    expect(unseen.count).toBe(0);
  });

  it("forgets alarms that are in no queue any more", () => {
    const unseen = new Unseen();
    unseen.take(row("a", 1), true);
    expect(unseen.keep(ids("b"))).toBe(true);
    expect(unseen.count).toBe(0);
  });
});
