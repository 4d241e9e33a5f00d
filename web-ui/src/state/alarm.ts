// Open alarms of this desk: one incident one row, kept current by events; drives the sound.
import { computed, shallowReactive } from "vue";
import { api, ApiError } from "../data/api";
import type { AlarmId, AlarmRow } from "../data/contract";
import { i18n, words } from "../locale";
import { listen } from "./live";
import { sayAlert } from "./notice";
import { setSounding } from "./sound";

const rows = shallowReactive(new Map<AlarmId, AlarmRow>());
let changes = 0; // what was heard while a list was on its way is newer than the list

/** Most severe first, then oldest: the order in which they should be taken. */
export const openAlarms = computed(() =>
  [...rows.values()].sort((a, b) => a.severity - b.severity || a.raised_at - b.raised_at),
);
export const unclaimed = computed(() => openAlarms.value.filter((row) => row.claimed === null));

export function keepAlarm(row: AlarmRow): void {
  changes += 1;
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
    sound();
  } catch (error) {
    if (!(error instanceof ApiError)) throw error; // no right to alarms, or the node is away
  }
}

listen("alarm", (row) => {
  keepAlarm(row);
  const named = { kind: words(row.kind.label), name: row.case?.name ?? words(row.place) };
  if (row.open) sayAlert(i18n.global.t("alarms.new", named));
});
listen("alarm_changed", keepAlarm);
listen("reset", () => void refetch());

export function startAlarms(): void {
  void refetch();
}

export function stopAlarms(): void {
  rows.clear();
  setSounding(null);
}
