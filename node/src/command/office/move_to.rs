//! `jiaolian office move`: an office below passes to another superior on a day (隶属调整), R-62 of
//! `docs/standing-roster.md`. What the rule would not count is refused before it is signed.

use super::super::desk::{Desk, Hand};
use super::super::work::{Who, Work};
use super::super::{Done, Refusal};
use super::{find, parse_day};
use crate::view::label::day_number;
use clap::Args;
use jiaolian_schema::act::{GRACE_DAYS_MAX, Replant};
use jiaolian_schema::calendar::civil_of;
use jiaolian_schema::hold::{Moment, Office, Offices, day_of, day_start};
use jiaolian_schema::id::OfficeId;
use jiff::civil::Date;
use serde_json::json;
use std::path::Path;

/// Days for which what the old superior said before still counts when it becomes known.
const GRACE_DAYS: u8 = 7;

/// `jiaolian office move`.
#[derive(Debug, Args)]
pub(super) struct Move {
    #[command(flatten)]
    pub(super) hand: Hand,
    /// The office that passes on: its id or its code.
    #[arg(long)]
    office: String,
    /// The office that it stands under from then on: its id or its code; the present one calls off what
    /// was planned for the day.
    #[arg(long)]
    under: String,
    /// The first day, after today.
    #[arg(long, value_parser = parse_day)]
    from: Date,
    /// For how many days from then on what the old superior said before counts when it becomes known.
    #[arg(long, default_value_t = GRACE_DAYS)]
    grace_days: u8,
}

/// Why the rule would not count a move.
#[derive(Debug, thiserror::Error)]
enum MoveError {
    #[error(
        "R-62: 宽限期最长 {GRACE_DAYS_MAX} 天, 不能是 {0} 天 (the grace is at most {GRACE_DAYS_MAX} days, not {0})"
    )]
    Grace(u8),
    #[error(
        "R-62: 隶属调整最早自签署次日起生效, {from} 不晚于今天 {today} (a move begins on the day after it is signed or later; {from} is not after {today})"
    )]
    Day { from: Date, today: Date },
    #[error("R-62: {0} 没有上级, 不能调整 (the root stands under nobody: {0})")]
    Root(String),
    #[error(
        "R-62: 须由原上级与新上级的共同上级签署, {own} 不在 {other} 之上 (an office above both superiors signs; {own} does not stand above {other})"
    )]
    NotAbove { own: String, other: String },
    #[error(
        "R-62: 新上级须与原上级处于同一层次, {under} 在第 {found} 层, 应在第 {wanted} 层 (the new superior is of the depth of the present one; {under} has depth {found}, not {wanted})"
    )]
    Depth {
        under: String,
        found: u8,
        wanted: u8,
    },
    #[error(
        "R-62: 上级的层级须更高, {under} 为 {found} 级, 不高于 {own} 级 (a superior is of a higher tier; {under} has {found}, not above {own})"
    )]
    Tier { under: String, found: u8, own: u8 },
    #[error("R-62: 演练机关与正式机关不能互相隶属: {0} (drill and live offices never join)")]
    Drill(String),
    #[error("R-62: {0} 自该日起本来就隶属该上级 (it stands under that office on that day anyway)")]
    Same(String),
    #[error(
        "R-62: 上级机关已就该日作出调整, 此件不被采用 (a higher office has decided for that day: {0})"
    )]
    Outranked(Date),
}

impl Work for Move {
    fn dir(&self) -> &Path {
        &self.hand.dir
    }

    fn who(&self) -> Option<Who<'_>> {
        Some(Who::keeper(&self.hand))
    }

    fn work(&self, desk: &mut Desk<'_>, _input: &[u8]) -> Result<Done, Refusal> {
        let (office, row) = find(desk.authority(), &self.office)?;
        let (under, above) = find(desk.authority(), &self.under)?;
        let (called_off, before) = self
            .check_move(desk, (office, &row), (under, &above))
            .map_err(|error| Refusal::data(error.to_string()))?;
        let act = Replant {
            office,
            parent: under,
            from_day: day_number(self.from),
            grace_days: self.grace_days,
        };
        let roster = desk.replica.roster(desk.home.identity.office_id());
        let id = desk.sign(roster, act.into())?;
        let stands = desk
            .authority()
            .offices()
            .path_at(office, self.first_instant());
        if stands.get(1) != Some(&under) {
            let error = MoveError::Outranked(self.from);
            return Err(Refusal::data(error.to_string()));
        }
        desk.settle()?;
        let line = if called_off {
            format!(
                "{} 自 {} 起的隶属调整已取消, 仍隶属 {}。",
                row.name, self.from, above.name
            )
        } else {
            format!(
                "{} 自 {} 起隶属 {}(此前隶属 {before})。",
                row.name, self.from, above.name
            )
        };
        Ok(Done {
            line,
            data: json!({
                "office": office.to_hex(), "under": under.to_hex(), "from": self.from.to_string(),
                "grace_days": self.grace_days, "called_off": called_off, "act": id.to_hex(),
            }),
        })
    }
}

impl Move {
    fn first_instant(&self) -> i64 {
        day_start(i64::from(day_number(self.from)))
    }

    /// Whether a plan for the day is called off, and the name of the superior of the day before.
    fn check_move(
        &self,
        desk: &Desk<'_>,
        (office, row): (OfficeId, &Office),
        (under, above): (OfficeId, &Office),
    ) -> Result<(bool, String), MoveError> {
        if self.grace_days > GRACE_DAYS_MAX {
            return Err(MoveError::Grace(self.grace_days));
        }
        let today = civil_of(desk.now).date();
        if i64::from(day_number(self.from)) <= day_of(desk.now) {
            let from = self.from;
            return Err(MoveError::Day { from, today });
        }
        let offices = desk.authority().offices();
        let at = |instant| offices.path_at(office, instant).get(1).copied();
        let first = self.first_instant();
        let before = at(first - 1).ok_or_else(|| MoveError::Root(row.name.clone()))?;
        let present = offices.get(before).map_or("", |office| &office.name);
        check_depth(offices, before, (under, above))?;
        if row.tier >= above.tier {
            return Err(MoveError::Tier {
                under: above.name.clone(),
                found: above.tier,
                own: row.tier,
            });
        }
        if row.drill != above.drill {
            return Err(MoveError::Drill(above.name.clone()));
        }
        let own = desk.home.identity.office_id();
        for (id, name) in [(before, present), (under, above.name.as_str())] {
            let mut instants = [desk.now, first].into_iter();
            if !instants.all(|instant| offices.stood_above(own, id, Moment::at(instant))) {
                return Err(MoveError::NotAbove {
                    own: desk.home.identity.name.clone(),
                    other: name.to_owned(),
                });
            }
        }
        if at(first) == Some(under) {
            return Err(MoveError::Same(row.name.clone()));
        }
        Ok((before == under, present.to_owned()))
    }
}

fn check_depth(
    offices: &Offices,
    before: OfficeId,
    (under, above): (OfficeId, &Office),
) -> Result<(), MoveError> {
    let [wanted, found] = [before, under].map(|id| offices.depth(id).unwrap_or(0));
    if wanted == found {
        return Ok(());
    }
    Err(MoveError::Depth {
        under: above.name.clone(),
        found,
        wanted,
    })
}
