// Open alarms of this desk: one incident one row, kept current by events; drives the sound.
import { computed, ref, shallowReactive } from "vue";
import { api, ApiError } from "../data/api";
import type { AlarmId, AlarmRow } from "../data/contract";
import { Unseen } from "../data/queue";
import { i18n, words } from "../locale";
import { listen } from "./live";
import { sayAlert } from "./notice";
import { mute, setSounding } from "./sound";

const rows = shallowReactive(new Map<AlarmId, AlarmRow>());
let changes = 0; // what was heard while a list was on its way is newer than the list

/** Most severe first, then oldest: the order in which they should be taken. */
export const openAlarms = computed(() =>
  [...rows.values()].sort((a, b) => a.severity - b.severity || a.raised_at - b.raised_at),
);
export const unclaimed = computed(() => openAlarms.value.filter((row) => row.claimed === null));

const unseen = new Unseen();
/** Grave alarms that came and that nobody at this desk has seen: on the tab until somebody has. */
export const unseenCount = ref(0);

/** Rows that were on the screen while the person did something. */
export function sawAlarms(ids: Iterable<AlarmId>): void {
  if (unseen.see(ids)) unseenCount.value = unseen.count;
}

export function keepAlarm(row: AlarmRow, isNew = false): void {
  changes += 1;
  if (unseen.take(row, isNew)) unseenCount.value = unseen.count;
  if (row.open) rows.set(row.id, row);
  else rows.delete(row.id);
  sound();
}

function sound(): void {
  const worst = openAlarms.value.find((row) => row.sounding);
  setSounding(worst?.severity ?? null);
}

const PAGE = 200;

async function refetch(): Promise<void> {
  const before = changes;
  try {
    const page = await api.alarms({ state: "open", limit: PAGE });
    if (changes !== before) return await refetch();
    rows.clear();
    for (const row of page.items) rows.set(row.id, row);
    if (unseen.keep(rows.keys())) unseenCount.value = unseen.count;
    sound();
  } catch (error) {
    if (!(error instanceof ApiError)) throw error; // no right to alarms, or the node is away
  }
}

listen("alarm", (row) => {
  keepAlarm(row, true);
  const named = { kind: words(row.kind.label), name: row.case?.name ?? words(row.place) };
  if (row.open) sayAlert(i18n.global.t("alarms.new", named));
});
listen("alarm_changed", (row) => keepAlarm(row));
listen("reset", () => void refetch());

export function startAlarms(): void {
  void refetch();
}

export function stopAlarms(): void {
  rows.clear();
  unseen.clear();
  unseenCount.value = 0;
  setSounding(null);
  mute(0); // the next person at this desk is not deaf
}
