// Taking an alarm on: one signature that needs no passphrase, the same from the list and the queue.
import { api, idempotencyKey } from "../data/api";
import type { AlarmRow, Offer } from "../data/contract";
import { i18n } from "../locale";
import { sayDone, sayRefused } from "./notice";

function claimOf(row: AlarmRow): Offer {
  return {
    event: "acknowledge", label: { zh: "接警", en: "Take" }, tone: "primary", post: `/api/v1/alarms/${row.id}/events`,
    decision: false, passphrase: false, blocked: null, notice: null, rivals: [], fields: [], section: null,
  };
}

/** Says what came of it over the page. */
export async function takeAlarm(row: AlarmRow): Promise<void> {
  try {
    const request = { event: "acknowledge", fields: {}, section_id: null, sign: null, dry_run: false };
    await api.sign(claimOf(row), request, idempotencyKey());
    const { t } = i18n.global;
    sayDone(t("offer.signed", { what: t("alarms.claim") }));
  } catch (error) {
    sayRefused(error);
  }
}
