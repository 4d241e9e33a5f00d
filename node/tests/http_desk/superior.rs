//! What other offices do to this one's papers: a city's receipt, a keeper's word, and a desk that was
//! cut off and comes back.

use crate::office::{Office, key};
use jiaolian_node::owner::Node;
use jiaolian_schema::act::{Act, At, Endorse, Receipt, Receipted, Revoke};
use jiaolian_schema::envelope::Duty;
use jiaolian_schema::hold::DossierKind;
use jiaolian_schema::id::{AuthorId, DossierId, EnvelopeId, OfficeId, sha256};
use jiaolian_schema::suite::ED25519;
use jiaolian_sync::{Draft, Payload, Seat};

/// The seat of an office's keeper or witness.
fn seat(node: &Node, office: OfficeId, duty: Duty) -> Seat {
    let authority = node.authority();
    let mut seats = authority.appointments();
    let found = seats.find(|(_, appoint, _)| appoint.office == office && appoint.duty == duty);
    let (id, appoint, _) = found.unwrap();
    Seat {
        author: appoint.author(),
        appointment: Some(id),
    }
}

fn roster(node: &Node, office: OfficeId) -> DossierId {
    let mut all = node.replica.dossiers();
    let found = all.find(|(_, row)| row.kind == DossierKind::Roster && row.place == office);
    found.unwrap().0
}

fn author(node: &Node, staff_number: &str) -> AuthorId {
    let authority = node.authority();
    let mut seats = authority.appointments();
    let found = seats.find(|(_, appoint, _)| appoint.staff_number == staff_number);
    found.unwrap().1.author()
}

fn sign(node: &mut Node, by: (&str, Seat), at: &str, payload: Payload) {
    let draft = Draft {
        dossier: Some(roster(node, crate::office::office(at))),
        payload,
    };
    let now = node.now();
    let tip = node.replica.local_tip(by.1.author).unwrap();
    let n = tip.map_or(0, |tip| tip.n);
    let salt = sha256(&[&n.to_be_bytes(), &by.1.author.0])[..16]
        .try_into()
        .unwrap();
    node.replica
        .sign(&key(by.0), by.1, draft, now, salt)
        .unwrap();
}

impl Office {
    /// The city's witness has seen acts of a case whole, now.
    pub(crate) async fn receipted_by_city(&self, case: DossierId, ids: Vec<String>) {
        let job = move |node: &mut Node| {
            let heads = ids.iter().map(|id| {
                let id = EnvelopeId::from_hex(id).unwrap();
                let fact = node.replica.fact(case, id).unwrap();
                Receipted {
                    author: fact.author,
                    n: fact.n,
                    id,
                    whole: 1,
                }
            });
            let receipt = Receipt::new(ED25519, node.now(), heads.collect());
            let seat = seat(node, crate::office::office("city"), Duty::Witness);
            let by = ("city witness", seat);
            sign(node, by, "county", Payload::Receipt(receipt));
        };
        self.owner.call(job).await.unwrap();
    }

    /// The county's keeper says no to all that somebody of the township signed.
    pub(crate) async fn stopped(&self, staff_number: &'static str) {
        let job = move |node: &mut Node| {
            let revoke = Revoke {
                author: author(node, staff_number),
                at: None,
                replaces: Vec::new(),
                reason: "钥匙遗失".into(),
                compromised_since: None,
            };
            let seat = seat(node, crate::office::office("county"), Duty::Keeper);
            let act: Act = revoke.into();
            sign(node, ("county", seat), "township", Payload::Act(act));
        };
        self.owner.call(job).await.unwrap();
    }

    /// The city's keeper says yes to all that somebody of the township signed in a case.
    pub(crate) async fn endorsed(&self, staff_number: &'static str, case: DossierId) {
        let job = move |node: &mut Node| {
            let author = author(node, staff_number);
            let facts = node.replica.facts(case).unwrap();
            let own = facts.values().filter(|fact| fact.author == author);
            let last = own.max_by_key(|fact| fact.n).unwrap();
            let endorse = Endorse {
                author,
                at: At {
                    n: last.n,
                    id: last.id,
                },
                replaces: Vec::new(),
            };
            let seat = seat(node, crate::office::office("city"), Duty::Keeper);
            let act: Act = endorse.into();
            sign(node, ("city", seat), "township", Payload::Act(act));
        };
        self.owner.call(job).await.unwrap();
    }

    /// Everything that this office has of a case comes to another, as over a line that is whole again.
    pub(crate) async fn reaches(&self, other: &Self, case: DossierId) {
        let take = move |node: &mut Node| {
            let ids = node.replica.ordered(case).unwrap();
            let envelopes = ids.into_iter();
            envelopes
                .map(|id| node.replica.envelope(id).unwrap().unwrap())
                .collect::<Vec<_>>()
        };
        let envelopes = self.owner.call(take).await.unwrap();
        let give = move |node: &mut Node| {
            let now = node.now();
            let outcome = node.replica.import(envelopes, now);
            assert!(outcome.refused.is_empty() && outcome.parked == 0);
        };
        other.owner.call(give).await.unwrap();
    }

    /// How many decisions an act takes the place of.
    pub(crate) async fn replaced_by(&self, case: DossierId, id: String) -> usize {
        let job = move |node: &mut Node| {
            let id = EnvelopeId::from_hex(&id).unwrap();
            match node.replica.fact(case, id).unwrap().what {
                jiaolian_schema::fact::What::Step { replaces, .. }
                | jiaolian_schema::fact::What::Amend { replaces, .. } => replaces.len(),
                other => panic!("{other:?} replaces nothing"),
            }
        };
        self.owner.call(job).await.unwrap()
    }
}
