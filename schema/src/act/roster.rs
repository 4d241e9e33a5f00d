//! Acts of the roster: who may do what, since when, and what superiors say about a key.

use crate::envelope::Duty;
use crate::id::{AuthorId, EnvelopeId, OfficeId, PersonId, sha256};
use minicbor::{Decode, Encode};

/// Founds an office and opens its Roster dossier. Signed by a keeper of the parent office; the root
/// founds itself.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Found {
    /// The office.
    #[n(0)]
    pub office: OfficeId,
    /// The office above; none for the root.
    #[n(1)]
    pub parent: Option<OfficeId>,
    /// Tier: 1 township, 2 county, 3 city, 4 province, 5 ministry.
    #[n(2)]
    pub tier: u8,
    /// GB/T 2260 code and suffix, as of the founding.
    #[n(3)]
    pub code: String,
    /// Name, as of the founding.
    #[n(4)]
    pub name: String,
    /// 1 where the office exists for a drill (演练) and can't be joined to a live roster.
    #[n(5)]
    pub drill: u8,
    /// What the office's id was made of beside its parent's; absent at the root and where the id
    /// is bound to nobody.
    #[cbor(n(6), with = "minicbor::bytes")]
    pub nonce: Option<[u8; 16]>,
}

impl Found {
    /// Whether the id is made of this very parent, so that no other office can have minted it.
    pub fn is_bound(&self) -> bool {
        let made = self.parent.zip(self.nonce);
        made.is_some_and(|(parent, nonce)| bound_office_id(parent, nonce) == self.office)
    }
}

/// The id that an office founded under `parent` takes: the first 16 bytes of
/// SHA-256("office/1" ‖ parent ‖ nonce). The nonce is the new office's own random number.
pub fn bound_office_id(parent: OfficeId, nonce: [u8; 16]) -> OfficeId {
    let digest = sha256(&[BOUND_OFFICE, &parent.0, &nonce]);
    OfficeId::from_slice(&digest[..OfficeId::BYTES]).expect("a digest is longer than an id")
}

const BOUND_OFFICE: &[u8] = b"office/1";

/// Appoints a person's key to an office and a duty. Signed by a judge of the author that it makes.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Appoint {
    /// The officer; a node is a person of its own.
    #[n(0)]
    pub person: PersonId,
    /// The officer's name as shown beside a signature.
    #[n(1)]
    pub name: String,
    /// Staff number for signing in; empty for nodes.
    #[n(2)]
    pub staff_number: String,
    /// Suite of the key.
    #[n(3)]
    pub suite: u8,
    /// Public key.
    #[cbor(n(4), with = "minicbor::bytes")]
    pub key: Vec<u8>,
    /// The office, for ever part of the author's id.
    #[n(5)]
    pub office: OfficeId,
    /// The duty, for ever part of the author's id.
    #[n(6)]
    pub duty: Duty,
    /// Role ids of the rules (`OFF_HEAD`, `CTY_CASE`, `NODE` …), ascending, each once.
    #[n(7)]
    pub roles: Vec<String>,
    /// Kinds of case: 1 adult, 2 minor; ascending.
    #[n(8)]
    pub kinds: Vec<u8>,
    /// First instant of the interval, ms UTC.
    #[n(9)]
    pub not_before: i64,
    /// Last instant of the interval, ms UTC.
    #[n(10)]
    pub not_after: i64,
    /// How many tiers below may still be appointed by those whom this key appoints.
    #[n(11)]
    pub depth: u8,
    /// Transport key, where the author is a node.
    #[cbor(n(12), with = "minicbor::bytes")]
    pub endpoint: Option<[u8; 32]>,
    /// Document number of the appointment.
    #[n(13)]
    pub document: String,
    /// Where it is a stand-in's (AB岗): it gives no capacity until its holder signs a `StandIn`.
    #[n(14)]
    pub acting: Option<Acting>,
}

/// For whom somebody stands in, and when.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Acting {
    /// The person whose place it is.
    #[n(0)]
    pub person: PersonId,
    /// The condition in words.
    #[n(1)]
    pub condition: String,
}

impl Appoint {
    /// The author that the appointment makes.
    pub fn author(&self) -> AuthorId {
        crate::envelope::author_id(self.suite, &self.key, self.office, self.duty)
    }
}

/// A position on an author's chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
#[cbor(map)]
pub struct At {
    /// Position from 1.
    #[n(0)]
    pub n: u64,
    /// The envelope there.
    #[n(1)]
    pub id: EnvelopeId,
}

/// Says no to an author's chain after a position.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Revoke {
    /// Whose chain.
    #[n(0)]
    pub author: AuthorId,
    /// The last position that stays; none says no to all.
    #[n(1)]
    pub at: Option<At>,
    /// Earlier statements of the same office that this one takes the place of, ascending.
    #[n(2)]
    pub replaces: Vec<EnvelopeId>,
    /// Reason in words.
    #[n(3)]
    pub reason: String,
    /// Since when the key may have been in other hands, ms UTC.
    #[n(4)]
    pub compromised_since: Option<i64>,
}

/// Says yes to an author's chain up to a position.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Endorse {
    /// Whose chain.
    #[n(0)]
    pub author: AuthorId,
    /// Up to here.
    #[n(1)]
    pub at: At,
    /// Earlier statements of the same office that this one takes the place of, ascending.
    #[n(2)]
    pub replaces: Vec<EnvelopeId>,
}

/// Numbers that an office sets for itself and all below.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Policy {
    /// After how many days without word from above decisions are refused; also C of the conflict
    /// rules.
    #[n(0)]
    pub stale_days: u16,
    /// The fold version in force.
    #[n(1)]
    pub fold_version: u16,
    /// SHA-256 of the rule pack in force.
    #[cbor(n(2), with = "minicbor::bytes")]
    pub rule_pack: [u8; 32],
}

/// Entrusts actions to an office below (社区矫正法 Art. 9). A signature outside it is void.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Entrust {
    /// To which office.
    #[n(0)]
    pub office: OfficeId,
    /// Names of actions in the rules, ascending, each once.
    #[n(1)]
    pub actions: Vec<String>,
    /// First instant, ms UTC.
    #[n(2)]
    pub from: i64,
    /// Last instant, ms UTC.
    #[n(3)]
    pub to: i64,
    /// Document number.
    #[n(4)]
    pub document: String,
    /// Earlier entrustments that end where this one begins, ascending, each once.
    #[n(5)]
    pub ends: Option<Vec<EnvelopeId>>,
}

/// Gives an office another name or code from a civil day on. Signed by a keeper of an office above;
/// the root's keeper for the root office.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Restyle {
    /// Which office.
    #[n(0)]
    pub office: OfficeId,
    /// First day, days since 1970-01-01 in Asia/Shanghai.
    #[n(1)]
    pub from_day: i32,
    /// The name from then on; none leaves it.
    #[n(2)]
    pub name: Option<String>,
    /// GB/T 2260 code and suffix from then on; none leaves it.
    #[n(3)]
    pub code: Option<String>,
}

/// The holder of a stand-in's appointment takes the place, or gives it back. Signed by the holder's
/// staff key in the roster of its office.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct StandIn {
    /// The stand-in's appointment.
    #[n(0)]
    pub appointment: EnvelopeId,
    /// Why, in words: the condition that came about.
    #[n(1)]
    pub reason: String,
    /// 1 where the place is given back.
    #[n(2)]
    pub back: u8,
}

/// One head that a receipt lists.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
#[cbor(map)]
pub struct Receipted {
    /// Whose head.
    #[n(0)]
    pub author: AuthorId,
    /// Its position.
    #[n(1)]
    pub n: u64,
    /// Its id.
    #[n(2)]
    pub id: EnvelopeId,
    /// 1 where the body and all its deps are stored at the witness: the head is then filed, not
    /// only covered.
    #[n(3)]
    pub whole: u8,
}

/// The payload of a `receipt/1` body: what a superior's witness has seen, and when.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Receipt {
    /// The witness's time, ms UTC; never before that of its previous receipt or of the receipt it
    /// cites.
    #[n(0)]
    pub time: i64,
    /// Merkle root over `heads` in their order.
    #[cbor(n(1), with = "minicbor::bytes")]
    pub root: [u8; 32],
    /// Ascending, each once.
    #[n(2)]
    pub heads: Vec<Receipted>,
}

/// Most heads in one receipt.
pub const RECEIPT_HEADS_MAX: usize = 1_000;

impl Receipt {
    /// A receipt over heads, sorted here, for a witness whose key is of the suite.
    pub fn new(suite: u8, time: i64, mut heads: Vec<Receipted>) -> Self {
        heads.sort_unstable();
        heads.dedup();
        let root = crate::merkle::root(suite, heads.iter().map(crate::canon::encode));
        Self { time, root, heads }
    }

    /// Whether the root is that of the heads in the witness's suite and they are in order.
    pub fn is_sound(&self, suite: u8) -> bool {
        self.heads.len() <= RECEIPT_HEADS_MAX
            && self.heads.is_sorted_by(|a, b| a < b)
            && self.root == crate::merkle::root(suite, self.heads.iter().map(crate::canon::encode))
    }
}
