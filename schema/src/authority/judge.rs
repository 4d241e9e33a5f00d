//! The good path of one author: what is covered, what superiors said, and which branch of a fork
//! stands (rules 8–20).

use super::Authority;
use super::chain::{Chain, Heads};
use super::statement::{AT_ONCE, NEVER, Says, Statement, Statements, Told, Voice};
use crate::act::{Act, At, Receipt};
use crate::hold::Moment;
use crate::id::{AuthorId, EnvelopeId, OfficeId};
use std::collections::{BTreeMap, BTreeSet};

/// A good act of a keeper or a witness, as others feel it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Effect {
    /// Rule 26; `NEVER` while it is not filed.
    pub(super) filed: i64,
    /// The latest endorsement without which it would not count; `AT_ONCE` without any.
    pub(super) delay: i64,
    /// Rule 10, for receipts.
    pub(super) counts: bool,
    /// When it was said.
    pub(super) moment: Moment,
}

/// What superiors and receipts make of one author's chain.
#[derive(Debug, Clone, Default)]
pub(super) struct Judged {
    /// The good path; position n at index n − 1.
    pub(super) path: Vec<EnvelopeId>,
    /// From position n on, the newest time of a counting superior receipt cited so far.
    pub(super) lower: BTreeMap<u64, i64>,
    /// From position n on, the latest endorsement that the path rests on.
    pub(super) delay: BTreeMap<u64, i64>,
    pub(super) covered: BTreeMap<EnvelopeId, i64>,
    pub(super) filed: BTreeMap<EnvelopeId, i64>,
    /// Ids that a counting receipt lists and whose heads are not here.
    pub(super) unplaced: BTreeSet<EnvelopeId>,
    /// What statements say of each head; empty where there is no statement.
    pub(super) told: BTreeMap<EnvelopeId, Told>,
    /// Whether a revocation bars whatever comes next.
    pub(super) barred: bool,
    /// The highest head that is chained to position 1.
    pub(super) tip: Option<At>,
    /// Good acts, for keepers and witnesses.
    pub(super) effects: BTreeMap<EnvelopeId, Effect>,
    /// Newest time of the good receipts on the path.
    pub(super) newest: Option<i64>,
}

impl Judged {
    pub(super) fn is_on_path(&self, n: u64, id: EnvelopeId) -> bool {
        n > 0 && self.path.get(n as usize - 1) == Some(&id)
    }

    pub(super) fn lower_at(&self, n: u64) -> Option<i64> {
        self.lower.range(..=n).next_back().map(|(_, time)| *time)
    }

    pub(super) fn delay_at(&self, n: u64) -> i64 {
        let last = self.delay.range(..=n).next_back();
        last.map_or(AT_ONCE, |(_, time)| *time)
    }

    pub(super) fn told(&self, id: EnvelopeId) -> Told {
        self.told.get(&id).copied().unwrap_or(Told::NOTHING)
    }

    pub(super) fn raise_lower(&mut self, n: u64, time: Option<i64>) {
        if let Some(time) = time
            && self.lower_at(n).is_none_or(|lower| time > lower)
        {
            self.lower.insert(n, time);
        }
    }

    /// Rules 8 and 9: covering by `back` of whatever a counting receipt lists, filing by the very
    /// id.
    pub(super) fn take_receipt(&mut self, heads: &Heads, author: AuthorId, receipt: &Receipt) {
        for listed in listed_for(receipt, author) {
            if listed.whole == 1 {
                let filed = self.filed.entry(listed.id).or_insert(receipt.time);
                *filed = (*filed).min(receipt.time);
            }
            match heads.get(listed.id) {
                None => {
                    self.unplaced.insert(listed.id);
                }
                Some(row) if row.author == author => {
                    let covered = &mut self.covered;
                    cover(heads, author, row.n, listed.id, receipt.time, covered);
                }
                Some(_) => {}
            }
        }
    }

    fn raise_delay(&mut self, n: u64, time: i64) {
        if time > self.delay_at(n) {
            self.delay.insert(n, time);
        }
    }
}

impl Authority {
    /// Everything about one author's chain except the effects of its acts.
    pub(super) fn judge(&self, author: AuthorId, chain: &Chain) -> Judged {
        let mut judged = Judged::default();
        self.take_listings(author, &mut judged);
        let statements = Statements::new(&self.heads, author, self.statements_about(author));
        if !statements.is_empty() {
            judged.barred = statements.bars_the_future();
            judged.told = chain
                .all_heads()
                .map(|(n, id)| (id, statements.told(n, id)))
                .collect();
        }
        self.walk(author, chain, &mut judged);
        judged.tip = self.chained_tip(author, chain, &judged.path);
        judged
    }

    /// What keepers of an office say of an author and did not replace, by id.
    pub fn said_by(
        &self,
        office: OfficeId,
        author: AuthorId,
    ) -> impl Iterator<Item = (EnvelopeId, &Act)> {
        let said = self.statements_about(author);
        let own = said
            .into_iter()
            .filter(move |one| one.voice.office == office);
        let own: Vec<Statement> = own.collect();
        let replaced: BTreeSet<EnvelopeId> = own
            .iter()
            .flat_map(|one| one.replaces.iter().copied())
            .collect();
        let left = own
            .into_iter()
            .filter(move |one| !replaced.contains(&one.id));
        left.filter_map(|one| Some((one.id, self.acts.get(&one.id)?.act()?)))
    }

    fn take_listings(&self, author: AuthorId, judged: &mut Judged) {
        let mut receipts: Vec<&Receipt> = self.counting_receipts(author).collect();
        // The earliest first: then no head is covered anew by an earlier one, and each is met once.
        receipts.sort_by_key(|receipt| receipt.time);
        for receipt in receipts {
            judged.take_receipt(&self.heads, author, receipt);
        }
    }

    /// Receipts of witnesses of this author that count and list one of its heads.
    fn counting_receipts(&self, author: AuthorId) -> impl Iterator<Item = &Receipt> {
        let receipts = self.index.listed_by.get(&author).into_iter().flatten();
        receipts.filter_map(move |id| {
            self.superior_receipt(*id, author)
                .map(|(receipt, _)| receipt)
        })
    }

    /// The receipt, if it is here, counts and is by a witness of `author`.
    pub(super) fn superior_receipt(
        &self,
        id: EnvelopeId,
        author: AuthorId,
    ) -> Option<(&Receipt, AuthorId)> {
        let (receipt, witness) = self.receipt(id)?;
        // Who never was a witness of the author may be of no smaller rank (rule 4).
        let (by, of) = self.as_witness(witness, author)?;
        let effect = self.effect(witness, id).filter(|effect| effect.counts)?;
        // Who ever stood above always did where nothing was moved.
        let spoke = !self.offices.has_moves() || self.offices.stood_above(by, of, effect.moment);
        spoke.then_some((receipt, witness))
    }

    fn statements_about(&self, author: AuthorId) -> Vec<Statement> {
        let ids = self.index.said_about.get(&author).into_iter().flatten();
        ids.filter_map(|id| self.statement(*id, author))
            .chain(self.root_cut(author))
            .collect()
    }

    fn statement(&self, id: EnvelopeId, about: AuthorId) -> Option<Statement> {
        let signed = self.acts.get(&id)?;
        if !self.may_judge(signed.author, about) {
            return None;
        }
        let effect = self.effect(signed.author, id)?;
        if !self.judged_when(signed.author, about, effect.moment) {
            return None;
        }
        let (says, replaces) = match signed.act()? {
            Act::Revoke(revoke) => (Says::No(revoke.at), &revoke.replaces),
            Act::Endorse(endorse) => (Says::Yes(endorse.at), &endorse.replaces),
            _ => return None,
        };
        Some(Statement {
            id,
            voice: self.voice(signed.author, about, effect.moment)?,
            says,
            replaces: replaces.clone(),
            filed: effect.filed,
        })
    }

    /// Which office speaks, and when it is asked.
    fn voice(&self, judge: AuthorId, about: AuthorId, moment: Moment) -> Option<Voice> {
        let office = self.seat(judge)?.office;
        let of = self.seat(about)?.office;
        let since = self.offices.since(office, of, moment.said);
        Some(Voice {
            depth: self.offices.depth(office).unwrap_or(0),
            later: std::cmp::Reverse(since),
            office,
        })
    }

    /// Rules 16–19, from position 1 upward.
    fn walk(&self, author: AuthorId, chain: &Chain, judged: &mut Judged) {
        let fork = chain.fork().unwrap_or(u64::MAX);
        let mut last: Option<EnvelopeId> = None;
        for n in 1.. {
            let left: Vec<EnvelopeId> = chain
                .heads(n)
                .filter(|id| self.heads.get(*id).is_some_and(|row| row.prev == last))
                .filter(|id| !judged.told(*id).is_no())
                .collect();
            let picked = if n < fork {
                left.first().map(|id| (*id, false))
            } else {
                pick_frozen(judged, &left)
            };
            let Some((id, by_endorsement)) = picked else {
                return;
            };
            let told = judged.told(id);
            if by_endorsement || told.cut_without_yes {
                judged.raise_delay(n, told.yes_filed);
            }
            judged.raise_lower(n, self.cited_time(author, id));
            judged.path.push(id);
            last = Some(id);
        }
    }

    /// The time of the receipt that a head cites, if it is a counting one of a superior.
    pub(super) fn cited_time(&self, author: AuthorId, id: EnvelopeId) -> Option<i64> {
        let cited = self.heads.get(id)?.receipt?;
        self.superior_receipt(cited, author)
            .map(|(receipt, _)| receipt.time)
    }

    fn chained_tip(&self, author: AuthorId, chain: &Chain, path: &[EnvelopeId]) -> Option<At> {
        if chain.fork().is_none() {
            return chain.lone_tip();
        }
        let mut tip = path.last().map(|id| At {
            n: path.len() as u64,
            id: *id,
        });
        let mut below: BTreeSet<Option<EnvelopeId>> = BTreeSet::from([None]);
        for n in 1.. {
            let here: BTreeSet<_> = chain
                .heads(n)
                .filter(|id| {
                    let row = self.heads.at(author, n, *id);
                    row.is_some_and(|row| below.contains(&row.prev))
                })
                .collect();
            let Some(first) = here.first() else {
                return tip;
            };
            if n > path.len() as u64 {
                tip = Some(At { n, id: *first });
            }
            below = here.into_iter().map(Some).collect();
        }
        tip
    }
}

/// Rule 18: covered first; where nothing is covered, told yes by the highest office. True where it
/// was told yes.
fn pick_frozen(judged: &Judged, left: &[EnvelopeId]) -> Option<(EnvelopeId, bool)> {
    let covered = left
        .iter()
        .filter_map(|id| judged.covered.get(id).map(|time| (*time, *id)));
    let told_yes = left
        .iter()
        .filter_map(|id| judged.told(*id).yes_voice().map(|voice| (voice, *id)));
    let covered: Vec<(i64, EnvelopeId)> = covered.collect();
    if covered.is_empty() {
        only_least(told_yes.collect()).map(|id| (id, true))
    } else {
        only_least(covered).map(|id| (id, false))
    }
}

/// The one with the least rank, or none where two share it.
fn only_least<R: Ord>(mut ranked: Vec<(R, EnvelopeId)>) -> Option<EnvelopeId> {
    ranked.sort_unstable();
    match ranked.as_slice() {
        [(least, _), (other, _), ..] if least == other => None,
        [(_, id), ..] => Some(*id),
        [] => None,
    }
}

/// Whatever is covered already by then is so with all below it.
fn cover(
    heads: &Heads,
    author: AuthorId,
    n: u64,
    id: EnvelopeId,
    time: i64,
    covered: &mut BTreeMap<EnvelopeId, i64>,
) {
    for (_, below) in heads.back(author, n, id) {
        if covered.get(&below).is_some_and(|before| *before <= time) {
            return;
        }
        covered.insert(below, time);
    }
}

/// The entries of a receipt for one author; a receipt's heads ascend by author.
pub(super) fn listed_for(receipt: &Receipt, author: AuthorId) -> &[crate::act::Receipted] {
    let from = receipt.heads.partition_point(|head| head.author < author);
    let to = receipt.heads.partition_point(|head| head.author <= author);
    &receipt.heads[from..to.max(from)]
}

/// The time of filing as others see it.
pub(super) fn filed_time(filed: Option<i64>, delay: i64) -> i64 {
    filed.map_or(NEVER, |time| time.max(delay))
}
