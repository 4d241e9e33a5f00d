//! Acts as officers sign them at a desk of their own: a node reads them in as it reads what came over a
//! line, and so a bench of ten thousands of cases spends its time on what it measures.

use super::MeasureError;
use super::key::{bytes16, signer};
use super::node::Node;
use super::world::World;
use jiaolian_schema::act::{Act, At};
use jiaolian_schema::canon;
use jiaolian_schema::envelope::{Body, Envelope, Head, Kind, body_hash};
use jiaolian_schema::id::{DossierId, EnvelopeId};
use jiaolian_schema::suite::{Ed25519Signer, Sign as _};
use jiaolian_sync::Store;
use std::collections::BTreeMap;

/// Who signed how far, and what was signed and not yet read in.
#[derive(Default)]
pub(super) struct Pen {
    hands: BTreeMap<&'static str, Hand>,
    sheets: Vec<Envelope>,
    salt: u64,
}

/// One officer.
struct Hand {
    signer: Ed25519Signer,
    tip: Option<At>,
}

/// One dossier as it is written.
#[derive(Default)]
pub(super) struct Paper {
    dossier: Option<DossierId>,
    /// Each one's last act here.
    tips: BTreeMap<&'static str, At>,
    last: Option<(&'static str, EnvelopeId)>,
}

impl Pen {
    /// Signs the next act of a dossier; the first one opens it.
    pub(super) fn write(
        &mut self,
        world: &World,
        paper: &mut Paper,
        (who, act): (&'static str, impl Into<Act>),
    ) -> Result<EnvelopeId, MeasureError> {
        self.salt += 1;
        let hand = self.hands.entry(who).or_insert_with(|| Hand {
            signer: signer(who),
            tip: None,
        });
        let (seat, here) = (world.seat(who), paper.tips.get(who).copied());
        let of_others = paper.last.filter(|(other, _)| *other != who);
        let body = Body {
            salt: bytes16("pen", &self.salt.to_string()),
            dossier: paper.dossier,
            m: here.map_or(0, |here| here.n) + 1,
            prev_here: here.map(|here| here.id),
            deps: of_others.map(|(_, id)| id).into_iter().collect(),
            appointment: seat.appointment,
            payload: act.into().to_payload(world.now),
        };
        let bytes = canon::encode(&body);
        let suite = hand.signer.suite();
        let head = Head {
            suite,
            kind: Kind::Act,
            author: seat.author,
            n: hand.tip.map_or(0, |tip| tip.n) + 1,
            prev: hand.tip.map(|tip| tip.id),
            body_hash: body_hash(suite, &bytes),
            receipt: None,
        };
        let sheet = Envelope::seal(&hand.signer, &head, bytes);
        let sheet = sheet.map_err(|error| MeasureError::Wrong(error.to_string()))?;
        let id = sheet.id();
        hand.tip = Some(At { n: head.n, id });
        paper.tips.insert(who, At { n: body.m, id });
        paper.last = Some((who, id));
        paper.dossier.get_or_insert_with(|| id.into());
        self.sheets.push(sheet);
        Ok(id)
    }

    /// Reads in what was signed so far, in one commit.
    pub(super) fn hand_in<S: Store>(
        &mut self,
        world: &World,
        node: &mut Node<S>,
    ) -> Result<(), MeasureError> {
        let sheets = std::mem::take(&mut self.sheets);
        let count = sheets.len();
        let outcome = node.replica.import(sheets, world.now);
        if outcome.stored != count {
            let text = format!("of {count} acts {outcome:?}");
            return Err(MeasureError::Wrong(text));
        }
        node.settle()
    }
}
