// Who is at the desk. Nothing about a person outlives the session: no name is remembered.
import { computed, ref, shallowRef } from "vue";
import { actAs, api, ApiError, whenSignedOut } from "../data/api";
import type { NodeInfo, Session, Status } from "../data/contract";
import { startAlarms, stopAlarms } from "./alarm";
import { setNodeTime } from "./clock";
import { abandonDrafts, flushDrafts } from "./draft";
import { stopIdle, watchIdle } from "./idle";
import { followWall, listen, startLive, stopLive } from "./live";

export const session = shallowRef<Session | null>(null);
export const node = shallowRef<NodeInfo | null>(null);
export const status = shallowRef<Status | null>(null);
export const signedOutBy = ref<"" | "expired" | "replaced" | "revoked">("");
export const demo = computed(() => (session.value ?? node.value)?.demo ?? false);

const STATUS_INTERVAL_MS = 30_000;
let polling: ReturnType<typeof setInterval> | null = null;

async function refreshStatus(): Promise<void> {
  if (session.value === null) return;
  try {
    take(await api.status());
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
  }
}

function take(next: Status): void {
  status.value = next;
  setNodeTime(next.now);
}

/** A session that was left nothing but the wall. */
export function isAtWall(of: Session | null): boolean {
  return of !== null && of.views.length === 1 && of.views[0] === "wall";
}

function begin(next: Session): void {
  actAs(next.person.id);
  session.value = next;
  signedOutBy.value = "";
  setNodeTime(next.now);
  if (isAtWall(next)) {
    // Nobody sits there: no idleness, no alarms with names, no strip.
    followWall(true);
    startLive();
    return;
  }
  startLive();
  startAlarms();
  void refreshStatus();
  watchIdle(next.idle_s, () => void leaveIdle());
  polling ??= setInterval(() => void refreshStatus(), STATUS_INTERVAL_MS);
}

function end(): void {
  abandonDrafts();
  actAs(null);
  session.value = null;
  status.value = null;
  stopAlarms();
  stopLive();
  stopIdle();
  if (polling !== null) clearInterval(polling);
  polling = null;
}

listen("network_changed", take);
listen("hello", ({ now }) => setNodeTime(now));
listen("reset", () => void (isAtWall(session.value) || refreshStatus()));
listen("signed_out", ({ reason }) => {
  signedOutBy.value = reason === "idle" ? "expired" : reason;
  end();
});
whenSignedOut(() => {
  if (session.value === null) return;
  if (signedOutBy.value === "") signedOutBy.value = "expired";
  end();
});

/** How the node stands, as anybody may know; an answer that fails changes nothing. */
export async function refreshNode(): Promise<void> {
  try {
    node.value = await api.node();
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
  }
}

/** Leaves this session nothing but the wall, whose screen nobody sits at. */
export async function pinToWall(): Promise<void> {
  await flushDrafts();
  await api.pinWall();
  const next = await api.session();
  end();
  begin(next);
}

/** At start: the node's name, and the session the cookie still opens, if any. */
export async function resume(): Promise<void> {
  node.value = await api.node();
  setNodeTime(node.value.now);
  try {
    begin(await api.session());
  } catch (error) {
    if (!(error instanceof ApiError && error.status === 401)) throw error;
  }
}

/** Also replaces the person at the desk: their unfinished work is kept first. */
export async function signIn(staffNumber: string, passphrase: string, pin: string | null = null): Promise<void> {
  if (session.value !== null) await flushDrafts();
  const next = await api.signIn(staffNumber, passphrase, pin);
  if (session.value !== null) end();
  begin(next);
}

/** The same person in another capacity: a stand-in took a place or gave it back. */
export function takeSeat(next: Session): void {
  session.value = next;
  // What the node tells a page is what its person may see.
  stopLive();
  startLive();
  void refreshStatus();
}

async function leaveIdle(): Promise<void> {
  signedOutBy.value = "expired";
  try {
    await signOut();
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    end(); // the node is away; the desk closes all the same
  }
}

export async function signOut(): Promise<void> {
  await flushDrafts();
  // The node tells every page of this session that it ended; this page knows why.
  stopLive();
  try {
    await api.signOut();
  } catch (error) {
    startLive();
    throw error;
  }
  end();
}
