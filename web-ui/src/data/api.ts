// The one door to the node: every route of the contract as a typed function, errors as `ApiError`.
import type {
  AlarmId, AlarmPage, AlarmRow, Act, Approved, AuditFinding, AuditRow, Begun, CaseDevices, CaseId, CaseLooks, CasePage, CaseRow,
  CountyProperties, Draft, DryRun, DutyList, DutyPage, Explain, FeatureCollection, FenceCheck, FenceProperties, HandList, HandOverPage,
  Json, LocateReason, LookReason, MatterId, MatterPage, MatterRow, Ms, Network, NodeInfo, Offer, OrderAnswer, Page, PersonCard, PersonId, Proof,
  Refused, Session, SignRequest, Signed, StandInRow, Status,
  Tally, TextField, TextSaved, Today, Track, Version, Waiting,
} from "./contract";

export interface FieldError {
  code: string;
  message_zh: string;
  message_en: string;
}

/** A refusal by the node, or `unreachable` when the local service itself does not answer. */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    readonly zh: string,
    readonly en: string,
    readonly fields: Record<string, FieldError> = {},
  ) {
    super(`${status} ${code}: ${en}`);
    this.name = "ApiError";
  }
}

type Query = Record<string, string | number | boolean | null | undefined>;

export function queryString(query: Query): string {
  const pairs = Object.entries(query)
    .filter(([, v]) => v !== null && v !== undefined && v !== "")
    .map(([k, v]) => `${encodeURIComponent(k)}=${encodeURIComponent(String(v))}`);
  return pairs.length === 0 ? "" : `?${pairs.join("&")}`;
}

/** The error the body describes; anything else that answers is reported by its status alone. */
export function errorOf(status: number, body: unknown): ApiError {
  const error = (body as { error?: Partial<Record<string, unknown>> } | null)?.error;
  if (error === undefined || error === null || typeof error["code"] !== "string") {
    return new ApiError(status, "unknown", `本机服务返回异常 (${status})`, `Unexpected answer (${status})`);
  }
  const text = (key: string): string => (typeof error[key] === "string" ? error[key] : "");
  const fields = (error["fields"] ?? {}) as Record<string, FieldError>;
  return new ApiError(status, error["code"], text("message_zh"), text("message_en"), fields);
}

const ROOT = "/api/v1";
let actor: PersonId | null = null;

/** Whose page this is. Sent along, so that a page left open can't write in the next person's name. */
export function actAs(person: PersonId | null): void {
  actor = person;
}

let onSignedOut: () => void = () => undefined;

/** Called whenever the node says that there is no session any more. */
export function whenSignedOut(listener: () => void): void {
  onSignedOut = listener;
}

async function send<T>(method: string, path: string, body?: unknown, key?: string): Promise<T> {
  const headers: Record<string, string> = { Accept: "application/json" };
  if (method !== "GET") headers["X-Jiaolian"] = "1";
  if (method !== "GET" && actor !== null) headers["X-Jiaolian-Person"] = actor;
  const file = body instanceof Blob;
  if (body !== undefined) headers["Content-Type"] = file ? "application/octet-stream" : "application/json";
  if (key !== undefined) headers["Idempotency-Key"] = key;
  const init: RequestInit = { method, headers, credentials: "same-origin" };
  if (body !== undefined) init.body = file ? body : JSON.stringify(body);
  let response: Response;
  try {
    response = await fetch(path, init);
  } catch {
    throw new ApiError(0, "unreachable", "本机服务没有应答", "The local service does not answer");
  }
  const text = await response.text();
  let parsed: unknown = null;
  try {
    parsed = text === "" ? null : JSON.parse(text);
  } catch {
    parsed = null;
  }
  if (!response.ok) {
    const error = errorOf(response.status, parsed);
    if (error.code === "not_signed_in") onSignedOut();
    throw error;
  }
  return parsed as T;
}

const get = <T>(path: string, query: Query = {}): Promise<T> =>
  send<T>("GET", `${ROOT}${path}${queryString(query)}`);

/** 32 hex digits; the same key repeats the first answer, so a double click signs once. */
export function idempotencyKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (b) => b.toString(16).padStart(2, "0")).join("");
}

export const api = {
  node: () => get<NodeInfo>("/node"),
  session: () => get<Session>("/session"),
  signIn: (staff_number: string, passphrase: string, pin: string | null) =>
    send<Session>("POST", `${ROOT}/session`, { staff_number, passphrase, pin }),
  standIns: () => get<{ items: StandInRow[] }>("/stand-ins"),
  standIn: (appointment: string, back: boolean, reason: string, sign: { passphrase: string } | { pin: string }) =>
    send<Session>("POST", `${ROOT}/stand-ins`, { appointment, back, reason, sign }),
  signOut: () => send<null>("DELETE", `${ROOT}/session`),
  reenrol: (staff_number: string, passphrase: string) =>
    send<Begun>("POST", `${ROOT}/reenrol`, { staff_number, passphrase }),
  reenrolRequests: () => get<{ items: Waiting[] }>("/reenrol/requests"),
  approveReenrol: (code: string, line: string, passphrase: string) =>
    send<Approved>("POST", `${ROOT}/reenrol/approvals`, { code, line: line === "" ? null : line, sign: { passphrase } }),
  bringReply: (file: Blob) => send<null>("POST", `${ROOT}/reenrol/replies`, file),
  status: () => get<Status>("/status"),
  today: () => get<Today>("/today"),

  cases: (query: Query) => get<Page<CaseRow>>("/cases", query),
  newCase: () => get<{ offer: Offer | null }>("/cases/new"),
  casePage: (id: CaseId, reason: LookReason | null = null) => get<CasePage>(`/cases/${id}`, { reason }),
  looks: (id: CaseId) => get<CaseLooks>(`/cases/${id}/looks`),
  texts: (id: CaseId) => get<{ items: TextField[] }>(`/cases/${id}/texts`),
  saveText: (id: CaseId, name: string, base: Version, value: string) =>
    send<TextSaved>("PUT", `${ROOT}/cases/${id}/texts/${encodeURIComponent(name)}`, { base, value }),
  records: (id: CaseId, query: Query = {}) => get<Page<Act>>(`/cases/${id}/records`, query),
  timeline: (id: CaseId, query: Query = {}) => get<Page<Act>>(`/cases/${id}/timeline`, query),

  matters: (query: Query) => get<Page<MatterRow>>("/matters", query),
  matter: (id: MatterId) => get<MatterPage>(`/matters/${id}`),

  alarms: (query: Query) => get<Page<AlarmRow>>("/alarms", query),
  alarm: (id: AlarmId) => get<AlarmPage>(`/alarms/${id}`),
  explain: (id: AlarmId) => get<Explain>(`/alarms/${id}/explain`),

  duty: () => get<DutyPage>("/duty"),
  setDuty: (list: Omit<DutyList, "contested"> & { sign: Proof }) => send<DutyPage>("POST", `${ROOT}/duty`, list),
  handOvers: () => get<HandOverPage>("/duty/hand-overs"),
  handOverList: (id: string) => get<HandList>(`/duty/hand-overs/${id}`),
  handOver: (at: Ms, list_id: string, sign: Proof) => send<HandOverPage>("POST", `${ROOT}/duty/hand-overs`, { at, list_id, sign }),
  takeOver: (id: string, sign: Proof) => send<HandOverPage>("POST", `${ROOT}/duty/hand-overs/${id}`, { sign }),

  counties: () => get<FeatureCollection<CountyProperties>>("/map/counties"),
  fences: () => get<FeatureCollection<FenceProperties>>("/map/fences"),
  person: (id: CaseId, reason: LocateReason) => get<PersonCard>(`/map/people/${id}`, { reason }),
  checkFence: (fields: Record<string, Json>) => send<FenceCheck>("POST", `${ROOT}/fences/check`, { fields }),

  track: (id: CaseId, from: Ms, to: Ms, reason: LocateReason) =>
    get<Track>("/map/track", { case: id, from, to, reason }),

  devices: (id: CaseId) => get<CaseDevices>(`/cases/${id}/devices`),
  locate: (terminal: string, reason: LocateReason) =>
    send<OrderAnswer>("POST", `${ROOT}/devices/${encodeURIComponent(terminal)}/locate`, { reason }),
  showText: (terminal: string, text: { text: string; urgent: boolean; aloud: boolean }) =>
    send<OrderAnswer>("POST", `${ROOT}/devices/${encodeURIComponent(terminal)}/text`, text),
  /** The person's code comes with the terminals. */
  tally: (person: string, day: string, reason: LocateReason) => get<Tally>(`/people/${person}/tally`, { day, reason }),

  /** From now on this session reads the wall and nothing else. */
  pinWall: () => send<null>("POST", `${ROOT}/wall`),
  network: () => get<Network>("/network"),
  refused: (query: Query = {}) => get<Page<Refused>>("/network/refused", query),

  /** Where the browser fetches the material that was not accepted, as a file. */
  refusedFile: `${ROOT}/network/refused/export`,

  /** Where the browser fetches a case, a matter or an alarm as a file of evidence. */
  bundleFile: (of: "cases" | "matters" | "alarms", id: CaseId | MatterId | AlarmId) => `${ROOT}/${of}/${id}/bundle`,

  audit: (query: Query) => get<Page<AuditRow>>("/audit", query),
  auditFindings: () => get<{ items: AuditFinding[] }>("/audit/findings"),

  drafts: (query: Query) => get<Page<{ key: string; title: string; saved_at: Ms }>>("/drafts", query),
  draft: (key: string) => get<Draft>(`/drafts/${encodeURIComponent(key)}`),
  saveDraft: (key: string, title: string, body: Json) =>
    send<null>("PUT", `${ROOT}/drafts/${encodeURIComponent(key)}`, { title, body }),
  dropDraft: (key: string) => send<null>("DELETE", `${ROOT}/drafts/${encodeURIComponent(key)}`),

  sign: (offer: Offer, request: SignRequest, key: string) =>
    send<Signed>("POST", offer.post, request, key),
  dryRun: (offer: Offer, fields: Record<string, Json>) =>
    send<DryRun>("POST", offer.post, {
      event: offer.event,
      fields,
      section_id: offer.section?.id ?? null,
      sign: null,
      dry_run: true,
    } satisfies SignRequest),
};
