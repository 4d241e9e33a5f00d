//! What is left of an act once every word about a person is taken out.

use super::{LogFact, OPS_FIELDS, What};
use crate::act::Act;
use crate::canon;
use crate::id::sha256;

impl What {
    pub(super) fn of_act(at: i64, act: Act) -> Self {
        match act {
            Act::Found(_)
            | Act::Appoint(_)
            | Act::Revoke(_)
            | Act::Endorse(_)
            | Act::Policy(_)
            | Act::Entrust(_)
            | Act::Vouch(_)
            | Act::Ask(_)
            | Act::Root(_)
            | Act::Restyle(_)
            | Act::Replant(_)
            | Act::StandIn(_)
            | Act::Shred(_) => Self::Roster(
                canon::decode("an act", &act.to_payload(at)).expect("a payload made here decodes"),
            ),
            Act::Open(open) => Self::Open {
                office: open.office,
                person: open.person,
                minor: open.minor,
            },
            Act::Assign(assign) => Self::Assign {
                office: assign.office,
                replaces: assign.replaces,
            },
            Act::Amend(amend) => {
                let ops = OPS_FIELDS
                    .iter()
                    .any(|prefix| amend.field.starts_with(prefix));
                Self::Amend {
                    value: sha256(&[&amend.value]),
                    open: ops.then_some(amend.value),
                    field: amend.field,
                    replaces: amend.replaces,
                }
            }
            Act::Apply(apply) => Self::Apply {
                workflow: apply.workflow,
                version: apply.version,
                on_behalf: apply.on_behalf,
                span: apply.span,
                area: apply.area,
            },
            Act::Step(step) => Self::Step {
                matter: step.matter,
                event: step.event,
                replaces: step.replaces,
                section: step.section.map(|section| sha256(&[&section])),
                span: step.span,
            },
            Act::Serve(serve) => Self::Serve {
                decision: serve.decision,
            },
            Act::Withdraw(withdraw) => Self::Withdraw { act: withdraw.act },
            Act::Correct(correct) => Self::Correct {
                act: correct.act,
                reasoned: u8::from(!correct.reason.trim().is_empty()),
            },
            Act::Raise(raise) => Self::Raise(raise),
            Act::Shredded(done) => Self::Shredded {
                shred: done.shred,
                dossier: done.dossier,
            },
            Act::Parted(parted) => Self::Parted {
                dossier: parted.dossier,
                to: parted.to,
            },
            Act::Seal(seal) => Self::Seal {
                sealed: seal.sealed,
                ground: seal.ground,
                replaces: seal.replaces,
            },
            Act::Consult(consult) => Self::Consult {
                reasoned: u8::from(consult.is_reasoned()),
                person: consult.person,
                ground: consult.ground,
                from: consult.from,
                to: consult.to,
            },
            Act::Rota(rota) => Self::Rota(rota),
            Act::HandOver(hand) => Self::HandOver(hand),
            Act::Ledger(ledger) => Self::Ledger {
                office: ledger.office,
                after: ledger.after,
            },
            Act::Log(log) => Self::Log(LogFact::of(&log)),
            Act::Damage(damage) => Self::Damage {
                flaws: damage.flaws,
            },
            Act::Purge(purge) => Self::Purge {
                log: purge.log,
                last: purge.last,
                top: purge.top,
                hash: purge.hash,
            },
            Act::Unknown { kind, .. } => Self::Unknown { kind },
        }
    }
}
