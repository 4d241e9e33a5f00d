//! Who is there: one province, one city, two counties, eight townships, their people and keys.

use super::signature::{SimSigner, Suites};
use jiaolian_schema::act::{Appoint, Entrust, Found};
use jiaolian_schema::admit::Introduction;
use jiaolian_schema::authority::RootKey;
use jiaolian_schema::envelope::Duty;
use jiaolian_schema::id::{OfficeId, PersonId, sha256};
use jiaolian_schema::suite::Sign as _;

/// Milliseconds of a day.
pub(crate) const DAY_MS: i64 = 24 * 3_600_000;
/// First instant of every simulation: 2026-02-16T00:00Z.
pub(crate) const START: i64 = 20_500 * DAY_MS;

/// An office: name, place of the office above in this list, tier.
pub(crate) const OFFICES: [(&str, Option<usize>, u8); 12] = [
    ("p", None, 4),
    ("m", Some(0), 3),
    ("a", Some(1), 2),
    ("b", Some(1), 2),
    ("a1", Some(2), 1),
    ("a2", Some(2), 1),
    ("a3", Some(2), 1),
    ("a4", Some(2), 1),
    ("b1", Some(3), 1),
    ("b2", Some(3), 1),
    ("b3", Some(3), 1),
    ("b4", Some(3), 1),
];

/// Who works at an office of a tier: suffix of the name, duty, roles of the rules. The founder's key
/// lies at the province, the keeper's at the office: a key never has two places.
pub(crate) fn staff(tier: u8) -> &'static [(&'static str, Duty, &'static [&'static str])] {
    match tier {
        1 => &[
            ("node", Duty::Staff, &["NODE"]),
            ("head", Duty::Staff, &["OFF_HEAD", "OFF_STAFF"]),
            ("officer", Duty::Staff, &["OFF_STAFF"]),
            ("assistant", Duty::Staff, &["OFF_STAFF"]),
            ("clerk", Duty::Staff, &["OFF_STAFF"]),
        ],
        2 => &[
            ("node", Duty::Staff, &["NODE"]),
            ("witness", Duty::Witness, &["NODE_WITNESS"]),
            ("keeper", Duty::Keeper, &["KEEPER"]),
            ("founder", Duty::Keeper, &["KEEPER"]),
            ("head", Duty::Staff, &["CTY_HEAD"]),
            ("deputy", Duty::Staff, &["CTY_DEP"]),
            ("case", Duty::Staff, &["CTY_CASE"]),
            ("bureau", Duty::Staff, &["CTY_BUREAU"]),
            ("duty", Duty::Staff, &["CMD_DUTY"]),
        ],
        3 => &[
            ("node", Duty::Staff, &["NODE"]),
            ("witness", Duty::Witness, &["NODE_WITNESS"]),
            ("founder", Duty::Keeper, &["KEEPER"]),
            ("head", Duty::Staff, &["CIT_HEAD"]),
        ],
        _ => &[
            ("node", Duty::Staff, &["NODE"]),
            ("witness", Duty::Witness, &["NODE_WITNESS"]),
            ("head", Duty::Staff, &["PRO_HEAD"]),
        ],
    }
}

/// The names and keys of one seed's world.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Plan {
    pub(crate) seed: u64,
    pub(crate) suites: Suites,
}

/// The last word of the province's own key.
pub(crate) const ROOT: &str = "root";

impl Plan {
    pub(crate) fn signer(self, name: &str) -> SimSigner {
        SimSigner::named(self.seed, self.suites, name)
    }

    pub(crate) fn office(self, at: usize) -> OfficeId {
        OfficeId(self.short(b"office", OFFICES[at].0))
    }

    /// Which place of the list an office is.
    pub(crate) fn place(self, office: OfficeId) -> Option<usize> {
        (0..OFFICES.len()).find(|at| self.office(*at) == office)
    }

    /// The office and all above it, as places of the list.
    pub(crate) fn path(at: usize) -> Vec<usize> {
        std::iter::successors(Some(at), |at| OFFICES[*at].1).collect()
    }

    pub(crate) fn peer(self, at: usize) -> [u8; 32] {
        sha256(&[b"peer", &self.seed.to_be_bytes(), OFFICES[at].0.as_bytes()])
    }

    fn short(self, what: &[u8], name: &str) -> [u8; 16] {
        let digest = sha256(&[what, &self.seed.to_be_bytes(), name.as_bytes()]);
        let mut out = [0; 16];
        out.copy_from_slice(&digest[..16]);
        out
    }

    pub(crate) fn root(self) -> RootKey {
        let signer = self.signer(ROOT);
        RootKey {
            office: self.office(0),
            introduction: Introduction {
                suite: signer.suite(),
                key: signer.public_key(),
                office: self.office(0),
                duty: Duty::Keeper,
            },
        }
    }

    pub(crate) fn found(self, at: usize) -> Found {
        let (name, above, tier) = OFFICES[at];
        Found {
            office: self.office(at),
            parent: above.map(|above| self.office(above)),
            tier,
            code: format!("43{at:04}"),
            name: name.to_owned(),
            drill: 1,
            nonce: None,
        }
    }

    pub(crate) fn appoint(self, at: usize, suffix: &str, duty: Duty, roles: &[&str]) -> Appoint {
        let name = format!("{}-{suffix}", OFFICES[at].0);
        let mut roles: Vec<String> = roles.iter().map(|role| (*role).to_owned()).collect();
        roles.sort();
        let signer = self.signer(&name);
        Appoint {
            person: PersonId(self.short(b"person", &name)),
            staff_number: name.clone(),
            suite: signer.suite(),
            key: signer.public_key(),
            office: self.office(at),
            duty,
            kinds: vec![1, 2],
            not_before: START - DAY_MS,
            not_after: START + 700 * DAY_MS,
            depth: 3,
            endpoint: (suffix == "node").then(|| self.peer(at)),
            document: "1".to_owned(),
            acting: None,
            roles,
            name,
        }
    }

    /// Leaves are entrusted to every township (社区矫正法 Art. 9).
    pub(crate) fn entrust(self, at: usize) -> Entrust {
        Entrust {
            office: self.office(at),
            actions: vec!["leave".to_owned()],
            from: 0,
            to: START + 900 * DAY_MS,
            document: "1".to_owned(),
            ends: None,
        }
    }
}
