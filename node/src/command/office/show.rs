//! What is on file about an office: names by date, entrustments, policy, the root, stand-ins, and
//! administrators who hold another seat.

use super::super::desk::Desk;
use super::super::work::Work;
use super::super::{Done, EXIT_IO, Refusal};
use super::find;
use crate::store::StoreReader;
use crate::view::label::day_number;
use clap::Args;
use jiaolian_schema::act::Restyle;
use jiaolian_schema::authority::{Authority, Entrustment, StoodIn};
use jiaolian_schema::calendar::civil_of;
use jiaolian_schema::hold::{EVER, Moment, Stay};
use jiaolian_schema::id::{EnvelopeId, OfficeId, hex};
use jiaolian_sync::Replica;
use jiff::Span;
use jiff::civil::Date;
use serde_json::{Value as Json, json};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

/// `jiaolian office show`.
#[derive(Debug, Args)]
pub(super) struct Show {
    /// The data directory of a node that knows the office.
    #[arg(long)]
    dir: PathBuf,
    /// The office, its id or its code; without it the node's own.
    #[arg(long)]
    office: Option<String>,
    /// Answer in JSON.
    #[arg(long)]
    pub(super) json: bool,
}

impl Work for Show {
    fn dir(&self) -> &Path {
        &self.dir
    }

    fn work(&self, desk: &mut Desk<'_>, _input: &[u8]) -> Result<Done, Refusal> {
        let authority = desk.authority();
        let own = desk.home.identity.office_id().to_hex();
        let (office, row) = find(authority, self.office.as_deref().unwrap_or(&own))?;
        let today = day_number(civil_of(desk.now).date());
        let named = authority.name_at(office, today);
        let (name, code) = named.map_or((row.name.as_str(), row.code.as_str()), |named| {
            (named.name, named.code)
        });
        let restyles = authority.restyles_of(office);
        let entrusted: Vec<Json> = authority
            .entrustments_of(office)
            .map(|one| entrustment(&one))
            .collect();
        let stand_ins = stand_ins(desk.replica, office, Moment::at(desk.now))?;
        let clashes = clashes(authority, office, Moment::at(desk.now));
        let mut line = format!("{name}({code}), 层级 {}", row.tier);
        for (_, act) in &restyles {
            let _ = write!(line, "\n  {} 起: {}", date_of(act.from_day), words(act));
        }
        for stay in authority.offices().stays(office) {
            let under = authority.name_at(stay.parent, today);
            let under = under.map_or("", |named| named.name);
            let _ = match first_day(stay) {
                None => write!(line, "\n  设立时隶属 {under}"),
                Some(day) => write!(line, "\n  自 {day} 起隶属 {under}"),
            };
        }
        let _ = write!(
            line,
            "\n  委托 {} 件, 代行 {} 次, 三员分立冲突 {} 处",
            entrusted.len(),
            stand_ins.len(),
            clashes.len()
        );
        let data = json!({
            "office": office.to_hex(), "name": name, "code": code, "tier": row.tier,
            "founded_as": row.name, "superiors": superiors(authority, office),
            "names": restyles.iter().map(restyle).collect::<Vec<_>>(),
            "entrustments": entrusted, "policy": policy(authority, office), "root": root(authority),
            "stand_ins": stand_ins, "clashes": clashes,
        });
        Ok(Done { line, data })
    }
}

/// Under whom it stands, from its founding on.
fn superiors(authority: &Authority, office: OfficeId) -> Vec<Json> {
    let offices = authority.offices();
    let stays = offices.stays(office);
    if stays.is_empty() {
        let parent = offices.get(office).and_then(|row| row.parent);
        let only = parent.map(|parent| json!({ "office": parent.to_hex(), "from": null }));
        return only.into_iter().collect();
    }
    let told = |stay: &Stay| {
        json!({
            "office": stay.parent.to_hex(), "from": first_day(stay),
            "act": stay.act.map(|id| id.to_hex()),
        })
    };
    stays.iter().map(told).collect()
}

fn first_day(stay: &Stay) -> Option<String> {
    (stay.from != EVER).then(|| civil_of(stay.from).date().to_string())
}

fn date_of(day: i32) -> String {
    let first = Date::constant(1970, 1, 1);
    let date = first.checked_add(Span::new().days(day));
    date.map_or_else(|_| day.to_string(), |date| date.to_string())
}

fn words(act: &Restyle) -> String {
    let parts = [act.name.as_deref(), act.code.as_deref()];
    let parts: Vec<&str> = parts.into_iter().flatten().collect();
    parts.join(" ")
}

fn restyle((id, act): &(EnvelopeId, &Restyle)) -> Json {
    json!({
        "act": id.to_hex(), "from": date_of(act.from_day), "name": act.name, "code": act.code,
    })
}

fn entrustment(one: &Entrustment<'_>) -> Json {
    json!({
        "act": one.id.to_hex(), "by": one.by.to_hex(), "actions": one.act.actions,
        "from": one.act.from, "to": one.act.to, "ended": one.ended, "document": one.act.document,
    })
}

fn policy(authority: &Authority, office: OfficeId) -> Json {
    let policy = authority.policy(office);
    json!({
        "stale_days": policy.stale_days, "fold_version": policy.fold_version,
        "rule_pack": policy.rule_pack.map(|pack| hex(&pack)),
        "act": policy.act.map(|id| id.to_hex()),
    })
}

fn root(authority: &Authority) -> Json {
    let root = authority.root();
    let contested = authority.contested_roots().iter();
    json!({
        "version": root.version, "threshold": root.threshold, "keys": root.keys.len(),
        "keeper": hex(&root.keeper.key),
        "contested": contested.map(EnvelopeId::to_hex).collect::<Vec<_>>(),
    })
}

/// Every standing in at the office and below, with what was signed in the place.
fn stand_ins(
    replica: &Replica<StoreReader>,
    office: OfficeId,
    today: Moment,
) -> Result<Vec<Json>, Refusal> {
    let authority = replica.authority();
    let below = |of: OfficeId| authority.offices().stood_over(office, of, today);
    let seats = authority.stand_in_seats();
    let seats: Vec<EnvelopeId> = seats
        .filter(|(_, appoint, _)| below(appoint.office))
        .map(|(id, ..)| id)
        .collect();
    let mut signed: BTreeMap<EnvelopeId, Vec<Json>> = BTreeMap::new();
    for (dossier, _) in replica.dossiers() {
        let facts = replica.facts(dossier);
        for fact in facts
            .map_err(|error| Refusal::new(EXIT_IO, error))?
            .values()
        {
            let seat = fact.appointment.filter(|seat| seats.contains(seat));
            if let Some(seat) = seat.filter(|_| fact.what.roster_act().is_none()) {
                signed.entry(seat).or_default().push(json!({
                    "id": fact.id.to_hex(), "n": fact.n, "at": fact.at,
                    "counts": authority.has_capacity(seat, fact.n),
                }));
            }
        }
    }
    let list = |seat: &EnvelopeId| {
        let stood = authority.stood_in(*seat).map(|one| stood_in(&one));
        let acting = authority.appointment(*seat)?.acting.as_ref()?;
        Some(json!({
            "appointment": seat.to_hex(), "name": authority.appointment(*seat)?.name,
            "in_place_of": acting.person.to_hex(), "condition": acting.condition,
            "stood_in": stood.collect::<Vec<_>>(),
            "signed": signed.get(seat).cloned().unwrap_or_default(),
        }))
    };
    Ok(seats.iter().filter_map(list).collect())
}

fn stood_in(one: &StoodIn<'_>) -> Json {
    json!({
        "act": one.id.to_hex(), "n": one.n, "at": one.at, "reason": one.act.reason,
        "back": one.act.back == 1,
    })
}

fn clashes(authority: &Authority, office: OfficeId, today: Moment) -> Vec<Json> {
    let near = |id: EnvelopeId| {
        let appoint = authority.appointment(id);
        let over = |of| authority.offices().stood_over(office, of, today);
        appoint.is_some_and(|appoint| over(appoint.office))
    };
    let found = authority.admin_clashes().into_iter();
    found
        .filter(|clash| near(clash.admin) || near(clash.other))
        .map(|clash| {
            json!({
                "person": clash.person.to_hex(), "admin": clash.admin.to_hex(),
                "other": clash.other.to_hex(),
            })
        })
        .collect()
}
