//! Figures of peers and limits that do not run in this process, each with where it comes from.
//!
//! Peers were measured on 2026-11-23 on two shared cores of an AMD EPYC (ext4, Linux 6.18): `PouchDB`
//! 9.0.0 with express-pouchdb 4.2.0 and HTTP keep-alive, automerge-repo 2.5.6 with automerge 3.5.0,
//! iroh-docs 0.101 over iroh 1.4.1, GEOS 3.14.1 (shapely 2.2), `PostgreSQL` 15.18. Limits are goals
//! that the design sets.

/// A peer's figure and its name in the table.
#[derive(Debug, Clone, Copy)]
pub(super) struct Peer {
    pub(super) name: &'static str,
    pub(super) figure: f64,
}

const fn peer(name: &'static str, figure: f64) -> Peer {
    Peer { name, figure }
}

/// Payload of an unchanged reconnect, bytes a document: 167,003 B at 1,000 documents, linear in them.
pub(super) const AUTOMERGE_NOOP_BYTES_PER_DOCUMENT: f64 = 167.0;
/// Messages of an unchanged reconnect, a document: 1,002 at 1,000.
pub(super) const AUTOMERGE_NOOP_MESSAGES_PER_DOCUMENT: f64 = 1.0;
/// Payload of an unchanged reconnect, bytes, at 1,000 and at 10,000 documents alike.
pub(super) const POUCHDB_NOOP: Peer = peer("PouchDB 9 payload", 5_407.0);
/// Wire bytes of an unchanged reconnect, QUIC handshake and probes included.
pub(super) const IROH_DOCS_NOOP: Peer = peer("iroh-docs 0.101 wire", 63_800.0);
/// Payload with one field of 10 of 1,000 documents changed on each side.
pub(super) const POUCHDB_DELTA: Peer = peer("PouchDB 9 payload, 10+10 of 1,000", 67_116.0);
/// Payload of the same.
pub(super) const AUTOMERGE_DELTA: Peer = peer("automerge-repo payload, 10+10 of 1,000", 210_435.0);
/// Wire bytes of the same.
pub(super) const IROH_DOCS_DELTA: Peer = peer("iroh-docs wire, 10+10 of 1,000", 233_000.0);
/// One-way flights of the same: 9.2 round trips with delay alone.
pub(super) const POUCHDB_DELTA_FLIGHTS: Peer = peer("PouchDB 9, 10+10 of 1,000", 18.4);
/// Payload of a first copy, bytes a document of 4,076 B of JSON.
pub(super) const POUCHDB_COPY_BYTES: Peer = peer("PouchDB 9 payload, 4 KB JSON", 4_294.5);
/// Documents a second of a first copy of 1,000 on a LAN (0.99 s).
pub(super) const POUCHDB_COPY_RATE: Peer = peer("PouchDB 9 on a LAN", 1_010.0);

/// Payload of an unchanged reconnect, bytes.
pub(super) const LIMIT_NOOP_BYTES: Peer = peer("limit", 100.0);
/// One round trip, as one-way flights.
pub(super) const LIMIT_NOOP_FLIGHTS: Peer = peer("limit: 1 round trip", 2.0);
/// CPU of an unchanged reconnect, both sides, ms.
pub(super) const LIMIT_NOOP_MS: Peer = peer("limit", 5.0);
/// Bytes around the envelopes that are missing, for each changed dossier.
pub(super) const LIMIT_DELTA_BYTES_PER_CHANGE: f64 = 60.0;
/// Start of a province's node of 300,000 dossiers, ms.
pub(super) const LIMIT_PROVINCE_START_MS: f64 = 2_000.0;
/// What a late revocation may cost for one case, ms.
pub(super) const LIMIT_REBUILD_MS: f64 = 200.0;
/// Dossiers of a province.
pub(super) const PROVINCE_DOSSIERS: f64 = 300_000.0;

/// Containments of a bare county, a second and core.
pub(super) const TG_CONTAINMENT: Peer = peer("tidwall/tg containment", 12e6);
/// Points a second against 10,001 fences, one by one.
pub(super) const GEOS_SINGLE: Peer = peer("GEOS 3.14 one by one, 10,001 fences", 27_700.0);
/// The same, grouped by fence.
pub(super) const GEOS_GROUPED: Peer = peer("GEOS 3.14 grouped, 10,001 fences", 253_000.0);
/// Points a second as a client of its own.
pub(super) const POSTGIS_SINGLE: Peer = peer("PostGIS 3.3, a client", 7_100.0);
/// Moving objects a second against 23,000 round fences, as its users report (issue 491).
pub(super) const TILE38_FENCES: Peer = peer("Tile38, 23,000 fences (users)", 6_000.0);
/// Steps a second and core of a person with 10 fences.
pub(super) const LIMIT_STEPS: Peer = peer("limit", 1e6);

/// Rows a second of single inserts by 32 clients.
pub(super) const POSTGRES_INSERT_32: Peer = peer("PostgreSQL INSERT, 32 clients", 6_920.0);
/// Rows a second by COPY of 100.
pub(super) const POSTGRES_COPY_100: Peer = peer("PostgreSQL COPY of 100", 23_900.0);
/// Durable appends of 4 KiB a second, on the machine of the peers.
pub(super) const DISK_SYNCS: Peer = peer("same disk, 2026-11-23", 240.0);
/// Bytes of a report with time and accuracy as plain JSON.
pub(super) const JSON_REPORT_BYTES: Peer = peer("a report as JSON", 56.5);

/// Wire bytes of an unchanged reconnect, headers in, no TLS; its payload apart.
pub(super) const POUCHDB_NOOP_WIRE: Peer = peer("PouchDB 9 wire, no TLS", 7_237.0);
/// Wire bytes with one field of 10 of 1,000 documents changed on each side: 74 to 84 KB.
pub(super) const POUCHDB_DELTA_WIRE: Peer = peer("PouchDB 9 wire, 10+10 of 1,000", 74_000.0);
/// Seconds of an unchanged reconnect at 64 kbit/s and 600 ms with 2 % loss, as ms.
pub(super) const POUCHDB_EDGE_NOOP: Peer = peer("PouchDB 9, edge line", 4_470.0);
/// Seconds of 10 + 10 changed there, as ms.
pub(super) const POUCHDB_EDGE_DELTA: Peer = peer("PouchDB 9, edge line, 10+10", 13_100.0);
/// Longest way of an alarm to the page of the office that raises it, ms.
pub(super) const LIMIT_ALARM_MS: Peer = peer("limit", 2_000.0);
/// Bytes a second of a line on which nothing happens.
pub(super) const LIMIT_IDLE_BYTES: Peer = peer("limit", 100.0);

/// Bare `verify_strict` a second where nothing else runs (36 µs): how busy the machine is now.
pub(super) const QUIET_VERIFY: Peer = peer("a quiet machine, 2026-11-23", 27_800.0);

/// Checks a second of the SM2 library on the same machine.
pub(super) const QUIET_SM2_VERIFY: Peer = peer("a quiet machine, 2026-11-23", 2_100.0);

/// Start of a township's node, ms.
pub(super) const LIMIT_TOWNSHIP_START_MS: Peer = peer("limit", 500.0);
/// Its memory, MiB.
pub(super) const LIMIT_TOWNSHIP_MIB: Peer = peer("limit", 96.0);
