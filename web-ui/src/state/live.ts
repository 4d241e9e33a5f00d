// One stream of events from the node for the whole page; views subscribe while they are shown.
import { onScopeDispose, ref } from "vue";
import type { LiveEvents, LocateReason } from "../data/contract";
import { queryString } from "../data/api";

type Name = keyof LiveEvents;
type Listener<N extends Name> = (data: LiveEvents[N]) => void;

const RETRY_MS = 2_000;
const NAMES: Name[] = [
  "hello", "reset", "alarm", "alarm_changed", "case_changed", "matter_changed", "network_changed",
  "positions", "wall", "signed_out",
];

const listeners = new Map<Name, Set<Listener<Name>>>();
let source: EventSource | null = null;
let positions: LocateReason | null = null;
let wall = false;
let retry: ReturnType<typeof setTimeout> | null = null;

/** False while the stream is down: what is on the screen may then be old. */
export const streaming = ref(true);

function dispatch<N extends Name>(name: N, data: LiveEvents[N]): void {
  for (const listener of [...(listeners.get(name) ?? [])]) (listener as Listener<N>)(data);
}

function open(): void {
  const stream = new EventSource(`/api/v1/events${queryString(wall ? { wall } : { positions })}`);
  source = stream;
  for (const name of NAMES) {
    stream.addEventListener(name, (event) => {
      dispatch(name, JSON.parse((event as MessageEvent<string>).data) as LiveEvents[typeof name]);
    });
  }
  stream.onopen = () => {
    streaming.value = true;
    // Something may have happened since the lists were read, the first time too.
    dispatch("reset", {});
  };
  stream.onerror = () => {
    streaming.value = false;
    if (stream.readyState !== EventSource.CLOSED) return;
    if (source === stream) retry = setTimeout(open, RETRY_MS);
  };
}

export function startLive(): void {
  stopLive();
  open();
}

/** One stream holds all that a page follows: browsers allow few connections to one host. */
export function follow(reason: LocateReason | null): void {
  if (positions === reason) return;
  positions = reason;
  if (source !== null) startLive();
}

/** The wall's stream tells its numbers and nothing else: anybody may stand before that screen. */
export function followWall(on: boolean): void {
  if (wall === on) return;
  wall = on;
  if (source !== null) startLive();
}

export function stopLive(): void {
  if (retry !== null) clearTimeout(retry);
  retry = null;
  source?.close();
  source = null;
  streaming.value = true;
}

/** Listens until the calling component goes away. */
export function onLive<N extends Name>(name: N, listener: Listener<N>): void {
  const stop = listen(name, listener);
  onScopeDispose(stop);
}

export function listen<N extends Name>(name: N, listener: Listener<N>): () => void {
  const set = listeners.get(name) ?? new Set();
  listeners.set(name, set);
  set.add(listener as Listener<Name>);
  return () => void set.delete(listener as Listener<Name>);
}
