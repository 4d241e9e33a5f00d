//! Every table of the node's disk, once: its name and version, key and value, domain, retention and growth.
//!
//! Growth is estimated in KiB a year for a township with 200 cases, twelve acts a case a month and bands on one
//! person in ten. A change of a table's key or value form takes a new version suffix and a migration.

use jiaolian_sync::Table;
use redb::TableDefinition;

/// Form of the whole disk. A store with a higher number is refused and not touched. 1: rows of the CASE
/// domain under its one key. 2: under the key of their dossier; those of form 1 are sealed anew once an
/// officer signs in. 3: positions under the key of their day; those of form 2 are packed, and so sealed
/// anew, within three days. 4: reports wait in a file beside the store; those of form 3 wait in the table
/// until the next act.
pub const SCHEMA_VERSION: u32 = 4;

/// The store's own few rows, in clear but for what is sealed: `schema`, `case-public`.
pub const META: TableDefinition<'static, &'static str, &'static [u8]> =
    TableDefinition::new("meta-1");

/// Which key seals a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Domain {
    /// Opens by itself: what keeps alarms running after a power cut at night.
    Ops,
    /// Opens with an officer's passphrase: everything that names or describes a person.
    Case,
}

/// How long rows stay.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Retention {
    /// As long as the node exists.
    Forever,
    /// As long as the node may hold the dossier; then the rows go, and their chain still verifies.
    Dossier,
    /// At most this many days.
    Days(u32),
    /// Until what they wait for has come, or they were dealt with.
    Settled,
    /// May be thrown away at any time and made again.
    Rebuildable,
}

/// One table's form on the disk.
#[derive(Debug, Clone, Copy)]
pub struct Form {
    /// Which table of the Replica or of the shell.
    pub table: Table,
    /// Its name in redb, with the version of its key and value form.
    pub name: &'static str,
    /// Which key seals its values.
    pub domain: Domain,
    /// How long rows stay.
    pub retention: Retention,
    /// Estimated growth in KiB a year, as sealed rows, at a township.
    pub growth_kib_year: u32,
}

impl Form {
    /// The handle that redb asks for.
    pub const fn definition(&self) -> TableDefinition<'static, &'static [u8], &'static [u8]> {
        TableDefinition::new(self.name)
    }
}

const fn table(
    table: Table,
    name: &'static str,
    domain: Domain,
    retention: Retention,
    growth_kib_year: u32,
) -> Form {
    Form {
        table,
        name,
        domain,
        retention,
        growth_kib_year,
    }
}

/// Signed heads. Key: envelope id (32). Value: head bytes, signature. 30,000 heads of 330 B a year.
pub const HEAD: Form = table(
    Table::Head,
    "head-1",
    Domain::Ops,
    Retention::Forever,
    10_000,
);
/// Bodies of Roster dossiers and of logs: offices, appointments and codes, no name of a case. Key:
/// envelope id (32). Value: body bytes.
pub const ROSTER_BODY: Form = table(
    Table::RosterBody,
    "roster-body-1",
    Domain::Ops,
    Retention::Forever,
    2_000,
);
/// Bodies of all other dossiers. Key: envelope id (32). Value: body bytes.
pub const CASE_BODY: Form = table(
    Table::CaseBody,
    "case-body-1",
    Domain::Case,
    Retention::Dossier,
    24_000,
);
/// What the fold needs of an act, without text about a person. Key: dossier (32), envelope id (32).
pub const FACT: Form = table(
    Table::Fact,
    "fact-1",
    Domain::Ops,
    Retention::Dossier,
    9_000,
);
/// One row a dossier. Key: dossier (32). Value: kind, responsible office, digest of the frontier.
pub const INDEX: Form = table(
    Table::Index,
    "index-1",
    Domain::Ops,
    Retention::Forever,
    400,
);
/// Frontiers. Key: dossier (32). Value: author, tips.
pub const FRONTIER: Form = table(
    Table::Frontier,
    "frontier-1",
    Domain::Ops,
    Retention::Forever,
    900,
);
/// Heads by chain. Key: author (32), n (8, big-endian), id (32). Value: empty.
pub const CHAIN: Form = table(
    Table::Chain,
    "chain-1",
    Domain::Ops,
    Retention::Forever,
    4_500,
);
/// Envelopes refused for good, bodies included. Key: receive number (8, big-endian). Value: reason, bytes.
pub const REFUSED: Form = table(
    Table::Refused,
    "refused-1",
    Domain::Case,
    Retention::Settled,
    100,
);
/// What each peer last agreed on. Key: peer (32).
pub const HINT: Form = table(
    Table::Hint,
    "hint-1",
    Domain::Ops,
    Retention::Rebuildable,
    1,
);
/// Position reports under the person's code, sealed under the key of their day. Key: person code (16),
/// device time ms (8, big-endian, sign flipped), fix id (32). Older ones are packed into `TRACK`.
pub const FIX: Form = table(Table::Fix, "fix-1", Domain::Ops, Retention::Days(3), 0);
/// The watch of one person. Key: person code (16).
pub const WATCH: Form = table(Table::Watch, "watch-1", Domain::Ops, Retention::Settled, 10);
/// The node's own few values. Key: a short name.
pub const LOCAL: Form = table(Table::Local, "local-1", Domain::Ops, Retention::Forever, 1);
/// Envelopes parked until what they name arrives, bodies included. Key: envelope id (32).
pub const PARKED: Form = table(
    Table::Parked,
    "parked-1",
    Domain::Case,
    Retention::Settled,
    10,
);
/// Change log for peers. Key: commit number (8, big-endian). Value: dossier (32).
pub const CHANGED: Form = table(
    Table::Changed,
    "changed-1",
    Domain::Ops,
    Retention::Rebuildable,
    100,
);
/// Cases that were destroyed; no name and no word of them. Key: dossier (32). Value: the order, which
/// offices had the case, whether this one has confirmed.
pub const SHRED: Form = table(Table::Shred, "shred-1", Domain::Ops, Retention::Forever, 20);
/// Cases that went to another office. Key: dossier (32). Value: from where to where, when, whether this
/// office has said that its key is gone.
pub const PARTED: Form = table(
    Table::Parted,
    "parted-1",
    Domain::Ops,
    Retention::Forever,
    5,
);
/// Logs of nodes that were let go of. Key: dossier (32). Value: whose, behind which act, number and hash
/// of the newest row.
pub const PURGED: Form = table(
    Table::Purged,
    "purged-1",
    Domain::Ops,
    Retention::Forever,
    1,
);
/// Staff key rings; sealed a second time under each officer's passphrase. Key: staff number.
pub const KEY_RING: Form = table(
    Table::KeyRing,
    "key-ring-1",
    Domain::Ops,
    Retention::Forever,
    1,
);
/// Drafts. Key: person (16), name of the form.
pub const DRAFT: Form = table(
    Table::Draft,
    "draft-1",
    Domain::Case,
    Retention::Days(180),
    200,
);
/// Merged content and read models. Key: dossier (32).
pub const VIEW: Form = table(
    Table::View,
    "view-1",
    Domain::Case,
    Retention::Rebuildable,
    2_500,
);
/// Reports of devices that are no position, without names; at most 1,000 a device. Key: terminal, a
/// zero byte, SHA-256 of the report (32). Value: time of receipt, broken rule, the report. Also a row a
/// terminal (key: terminal, byte 2) with its maker, and one a maker's platform with where it ended.
pub const DEVICE: Form = table(
    Table::Device,
    "device-1",
    Domain::Ops,
    Retention::Settled,
    10,
);

/// The node's own log: who looked at what, and why; what was signed, refused and shown; no names.
/// Key: number (8, big-endian). Value: the row with the hash of the row before. 180 B sealed and
/// 8,000 rows a year at a township; signed copies lie in the bodies of Audit dossiers, as much again
/// here and at each office above. At least six months are asked for (网络安全法 art. 21, policy
/// `access_log_months`); the chain is kept as long as the node is.
pub const ACCESS: Form = table(
    Table::Access,
    "access-1",
    Domain::Ops,
    Retention::Forever,
    1_500,
);

/// Keys that wait for their appointment, each under its officer's new passphrase. Key: staff number, a
/// zero byte, nonce (16). Value: the request and the ring.
pub const PENDING: Form = table(
    Table::Pending,
    "pending-1",
    Domain::Ops,
    Retention::Settled,
    10,
);

/// Who signed in, when, by which key: the person's own signature over a challenge. Key: time ms (8,
/// big-endian), nonce (8). Ten a day.
pub const SIGN_IN: Form = table(
    Table::SignIn,
    "sign-in-1",
    Domain::Ops,
    Retention::Forever,
    1_200,
);

/// Reports without a position under the person's code. Key: person code (16), device time ms (8,
/// big-endian, sign flipped), signal id (32).
pub const SIGNAL: Form = table(
    Table::Signal,
    "signal-1",
    Domain::Ops,
    Retention::Days(100),
    200,
);

/// Positions of a day and a person, packed column by column (`sync/src/track.rs`) and sealed under the key
/// of their day, which is destroyed when `track_keep_days` of the rules are over. Key: person code (16),
/// first instant ms (8, big-endian, sign flipped). 20 bands at one report a minute.
pub const TRACK: Form = table(
    Table::Track,
    "track-1",
    Domain::Ops,
    Retention::Days(183),
    13_000,
);

/// When the node ran, and who was told of which alarm. Key: kind (1), time ms (8, big-endian, sign flipped), name.
pub const DUTY: Form = table(
    Table::Duty,
    "duty-1",
    Domain::Ops,
    Retention::Days(400),
    300,
);

/// Key `taken`: the first number in the file of the journal whose rows are not in their tables yet. Key:
/// number (8, big-endian): a record of a store that was laid down from a backup, sealed as in the file.
pub const JOURNAL: Form = table(
    Table::Journal,
    "journal-1",
    Domain::Ops,
    Retention::Settled,
    0,
);

/// Check-ins of phones, each a single point. Key: person code (16), device time ms (8, big-endian, sign
/// flipped), check-in id (32). Half a year of one a day by 180 people.
pub const CHECK_IN: Form = table(
    Table::CheckIn,
    "check-in-1",
    Domain::Ops,
    Retention::Days(183),
    6_000,
);

/// What is or will be late of one person by acts and the clock. Key: person code (16).
pub const LATE: Form = table(Table::Late, "late-1", Domain::Ops, Retention::Settled, 1);

/// Every table, in the order of its number.
pub const FORMS: [Form; 30] = [
    HEAD,
    ROSTER_BODY,
    CASE_BODY,
    FACT,
    INDEX,
    FRONTIER,
    CHAIN,
    REFUSED,
    HINT,
    FIX,
    WATCH,
    LOCAL,
    PARKED,
    CHANGED,
    KEY_RING,
    DRAFT,
    VIEW,
    DEVICE,
    ACCESS,
    SHRED,
    PARTED,
    PURGED,
    PENDING,
    SIGN_IN,
    SIGNAL,
    TRACK,
    DUTY,
    JOURNAL,
    CHECK_IN,
    LATE,
];

/// The form of one table.
pub const fn form(table: Table) -> &'static Form {
    match table {
        Table::Head => &HEAD,
        Table::RosterBody => &ROSTER_BODY,
        Table::CaseBody => &CASE_BODY,
        Table::Fact => &FACT,
        Table::Index => &INDEX,
        Table::Frontier => &FRONTIER,
        Table::Chain => &CHAIN,
        Table::Refused => &REFUSED,
        Table::Hint => &HINT,
        Table::Fix => &FIX,
        Table::Watch => &WATCH,
        Table::Local => &LOCAL,
        Table::Parked => &PARKED,
        Table::Changed => &CHANGED,
        Table::KeyRing => &KEY_RING,
        Table::Draft => &DRAFT,
        Table::View => &VIEW,
        Table::Device => &DEVICE,
        Table::Access => &ACCESS,
        Table::Shred => &SHRED,
        Table::Parted => &PARTED,
        Table::Purged => &PURGED,
        Table::Pending => &PENDING,
        Table::SignIn => &SIGN_IN,
        Table::Signal => &SIGNAL,
        Table::Track => &TRACK,
        Table::Duty => &DUTY,
        Table::Journal => &JOURNAL,
        Table::CheckIn => &CHECK_IN,
        Table::Late => &LATE,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_table_has_one_form_and_a_name_with_a_version() {
        for listed in &FORMS {
            assert_eq!(form(listed.table).name, listed.name);
            let (_, version) = listed.name.rsplit_once('-').unwrap();
            assert!(version.parse::<u32>().unwrap() >= 1, "{}", listed.name);
        }
        let names: BTreeSet<_> = FORMS.iter().map(|form| form.name).collect();
        let tables: BTreeSet<_> = FORMS.iter().map(|form| form.table).collect();
        assert_eq!((names.len(), tables.len()), (FORMS.len(), FORMS.len()));
    }

    #[test]
    fn a_township_grows_by_less_than_eighty_mib_a_year() {
        let total: u32 = FORMS.iter().map(|form| form.growth_kib_year).sum();
        assert!(total < 80 * 1024, "{total} KiB");
    }
}
