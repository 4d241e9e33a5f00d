//! Cases: who may see which, the list, the page, and what can be signed on it.

use super::Viewer;
use super::label::{delivery, display, office_ref};
use super::seat::reads_cases;
use super::shape::{CasePage, CaseRef, CaseRow, Coded, Flag, OfferShape, TermShape};
use super::{
    alarm, bind_form, form, incident, matter, mend, plan_form, protected, quarrel, section,
};
use crate::http::error::{ApiError, ApiResult};
use crate::http::text::{Text, words};
use crate::owner::Node;
use jiaolian_schema::calendar::civil_of;
use jiaolian_schema::desk::{DeskMatter, File, Offer, RECORD_WORKFLOW, case_offers, value_of};
use jiaolian_schema::hold::{DossierKind, may_hold};
use jiaolian_schema::id::DossierId;
use jiaolian_schema::workflow::{DateSpan, Signer, Value};
use jiaolian_sync::DossierRow;
use std::sync::Arc;

/// A case ends so soon that its release should be prepared, days.
const ENDING_DAYS: i64 = 30;

/// Filters of the list.
#[derive(Debug, Clone, Default)]
pub struct CaseQuery {
    /// Matches name and number in part, an identity number whole.
    pub q: String,
    /// State.
    pub state: String,
    /// Class of management.
    pub class: String,
    /// Responsible office, hexadecimal.
    pub office: String,
    /// A mark.
    pub flag: String,
}

/// Whether a person may see a case or an alarm of this place.
pub fn may_see(
    node: &Node,
    viewer: &Viewer,
    place: jiaolian_schema::id::OfficeId,
    minor: bool,
) -> bool {
    reads_cases(node, viewer)
        && node.offices().covers(viewer.office, place)
        && (!minor || viewer.kinds.contains(&2))
}

/// Whether a dossier is sealed, or follows a case that is.
pub fn is_sealed(node: &Node, row: &DossierRow) -> bool {
    let case = row.case.and_then(|case| node.replica.dossier(case));
    row.sealed == Some(1) || case.is_some_and(|case| case.sealed == Some(1))
}

/// Whether a dossier is in no number that is shown to whoever has not signed in.
pub fn is_hidden(node: &Node, row: &DossierRow) -> bool {
    is_minor(node, row) || is_sealed(node, row)
}

/// Whether somebody may read a dossier whose case is sealed: under an authorisation of now.
fn may_consult(node: &Node, viewer: &Viewer, row: &DossierRow) -> bool {
    let case = row.case.and_then(|case| node.replica.dossier(case));
    let consults = case.unwrap_or(row).consults.iter().flatten();
    let (now, person) = (node.now(), viewer.person);
    let mut consults = consults.filter(|(who, ..)| *who == person);
    consults.any(|(_, from, to)| (*from..=*to).contains(&now))
}

/// Whether a dossier that is here is about a minor: the case, or the case that an alarm follows. An
/// office that may not hold the case knows its alarms by a code, and of whom they tell by none.
pub fn is_minor(node: &Node, row: &DossierRow) -> bool {
    let case = row.case.and_then(|case| node.replica.dossier(case));
    row.minor == 1 || case.is_some_and(|case| case.minor == 1)
}

/// Whether a person may see a case or an alarm. What is not here is seen by nobody.
pub fn sees(node: &Node, viewer: &Viewer, dossier: DossierId) -> bool {
    let row = node.replica.dossier(dossier);
    row.is_some_and(|row| {
        may_see(node, viewer, row.place, is_minor(node, row))
            && (!is_sealed(node, row) || may_consult(node, viewer, row))
    })
}

/// A case that this person may see; the same refusal for any other and for none.
pub fn find(node: &mut Node, viewer: &Viewer, id: DossierId) -> ApiResult<Arc<File>> {
    let row = node.replica.dossier(id);
    let is_case = row.is_some_and(|row| row.kind == DossierKind::Case);
    if !(is_case && sees(node, viewer, id)) {
        return Err(moved_out(node, viewer, id).unwrap_or_else(ApiError::not_found));
    }
    node.file(id).ok_or(ApiError::not_found())
}

/// Says where a case went, to whoever could see it before it did.
fn moved_out(node: &Node, viewer: &Viewer, id: DossierId) -> Option<ApiError> {
    let moved = node.replica.moved_out(id)?;
    let seen = may_see(node, viewer, moved.from, moved.minor) && !moved.sealed;
    seen.then(|| ApiError::with("moved_out", &[&office_ref(node, moved.to).name]))
}

/// All cases that this person may see, newest change first.
pub fn visible(node: &mut Node, viewer: &Viewer) -> Vec<Arc<File>> {
    let rows = node
        .replica
        .dossiers()
        .filter(|(_, row)| row.kind == DossierKind::Case);
    let rows = rows.filter(|(id, _)| sees(node, viewer, *id));
    let mut seen: Vec<_> = rows.map(|(id, row)| (row.changed_at, id)).collect();
    seen.sort_unstable_by(|a, b| b.cmp(a));
    seen.into_iter()
        .filter_map(|(_, id)| node.file(id))
        .collect()
}

/// A case by its name.
pub fn case_ref(node: &Node, file: &File) -> CaseRef {
    let words_of = |name: &str| match value_of(file, &node.rules, name) {
        Some(Value::Text(text)) => Some(text),
        _ => None,
    };
    let code = file
        .person
        .map(|person| person.to_hex()[..6].to_owned())
        .unwrap_or_default();
    let name = words_of("name");
    CaseRef {
        id: file.id.to_hex(),
        no: words_of("case_number").unwrap_or_else(|| file.id.to_hex()[..8].to_owned()),
        pseudonymous: name.is_none(),
        name: name.unwrap_or_else(|| words("word", "unknown_person").fill(&[&code]).zh),
    }
}

fn coded(node: &Node, file: &File, name: &str) -> Option<Coded> {
    let value = value_of(file, &node.rules, name)?;
    let field = &node.rules.case_field(name)?.field;
    let Value::Choice(code) = &value else {
        return None;
    };
    Some(Coded::new(code.as_str(), display(field, &value)))
}

fn term(node: &Node, file: &File, now: i64) -> Option<TermShape> {
    let date = |name: &str| match value_of(file, &node.rules, name)? {
        Value::Date(date) => Some(date),
        _ => None,
    };
    let (first, last) = (date("term_first")?, date("term_last")?);
    let today = civil_of(now).date();
    let span = DateSpan { first: today, last };
    let days_left = if last >= today {
        i64::from(span.days()) - 1
    } else {
        -1
    };
    Some(TermShape {
        from: first.to_string(),
        to: last.to_string(),
        days_left,
    })
}

/// Whether the term of a case is over.
pub fn has_ended(node: &Node, file: &File) -> bool {
    term(node, file, node.now()).is_some_and(|term| term.days_left < 0)
}

fn state(matters: &[DeskMatter], now: i64) -> Coded {
    let leaves = || matters.iter().filter(|matter| matter.workflow.0 == "leave");
    let any = |state: &str| leaves().any(|matter| matter.state.at(now) == state);
    let code = if any("OVERSTAY") {
        "OVERSTAY"
    } else if any("OUT") || any("BREACH") {
        "OUT"
    } else {
        "ON_REGISTER"
    };
    Coded::new(code, words("case", code))
}

/// How many fields and steps of a case are in conflict.
fn conflicts(file: &File) -> u64 {
    use jiaolian_schema::standing::SlotStanding;
    let contested = |slot: &SlotStanding| matches!(slot, SlotStanding::Conflicted { .. });
    let steps = file
        .standing
        .matters
        .values()
        .flat_map(|matter| matter.slots.values());
    file.standing
        .fields
        .values()
        .chain(steps)
        .filter(|slot| contested(slot))
        .count() as u64
}

fn flags(
    row_state: &Coded,
    term: Option<&TermShape>,
    (conflicts, changed): (u64, bool),
    minor: bool,
) -> Vec<Flag> {
    let flag = |code: &str, severity: u8| Flag {
        code: code.into(),
        label: words("flag", code),
        severity,
    };
    let mut flags = Vec::new();
    if row_state.code == "OVERSTAY" {
        flags.push(flag("overstay", 1));
    }
    if conflicts > 0 {
        flags.push(flag("conflict", 2));
    }
    if changed {
        flags.push(flag("changed", 3));
    }
    match term.map(|term| term.days_left) {
        Some(..0) => flags.push(flag("ended", 1)),
        Some(..=ENDING_DAYS) => flags.push(flag("ending", 3)),
        _ => {}
    }
    if minor {
        flags.push(flag("minor", 4));
    }
    flags
}

/// A case in a list.
pub fn case_row(node: &mut Node, file: &File) -> CaseRow {
    let now = node.now();
    let matters = matter::all(node, file);
    let incidents = incident::of_case(node, file.id);
    let open_alarms = incidents.iter().filter(|incident| incident.open).count() as u64;
    let open = matters
        .iter()
        .filter(|m| m.workflow.0 != RECORD_WORKFLOW && !m.state.ended);
    let (state, term) = (state(&matters, now), term(node, file, now));
    let conflicts = conflicts(file);
    let marks = (conflicts, mend::is_changed(node, file));
    CaseRow {
        case: case_ref(node, file),
        kind: coded(node, file, "kind").unwrap_or_else(|| Coded::new("99", words("word", "none"))),
        class: coded(node, file, "class"),
        flags: flags(&state, term.as_ref(), marks, file.minor),
        office: office_ref(node, file.place),
        open_matters: open.count() as u64,
        open_alarms,
        conflicts,
        updated_at: file.newest_at(),
        state,
        term,
    }
}

/// The list, filtered.
pub fn list(node: &mut Node, viewer: &Viewer, query: &CaseQuery) -> Vec<CaseRow> {
    let files = visible(node, viewer);
    let matching = files
        .into_iter()
        .filter(|file| matches_words(node, file, query.q.trim()));
    let matching: Vec<_> = matching.collect();
    let rows = matching
        .iter()
        .map(|file| case_row(node, file))
        .collect::<Vec<_>>()
        .into_iter();
    let fits = |wanted: &str, found: Option<&str>| wanted.is_empty() || found == Some(wanted);
    rows.filter(|row| {
        fits(&query.state, Some(&row.state.code))
            && fits(
                &query.class,
                row.class.as_ref().map(|class| class.code.as_str()),
            )
            && fits(&query.office, Some(&row.office.id))
            && (query.flag.is_empty() || row.flags.iter().any(|flag| flag.code == query.flag))
    })
    .collect()
}

fn matches_words(node: &Node, file: &File, q: &str) -> bool {
    if q.is_empty() {
        return true;
    }
    let case = case_ref(node, file);
    let number = value_of(file, &node.rules, "id_number");
    let named = !case.pseudonymous && case.name.contains(q);
    named || case.no.contains(q) || number == Some(Value::Text(q.to_uppercase()))
}

/// The rules' view of a person at a case.
pub fn signer(node: &Node, viewer: &Viewer, file: &File) -> Signer {
    file.signer(node.offices(), &viewer.capacity())
}

/// Everything that can be started, amended or recorded on a case.
pub fn offers(node: &mut Node, viewer: &Viewer, file: &File) -> Vec<Offer> {
    let signer = signer(node, viewer, file);
    let (starts, amends, records) = case_offers(file, &node.rules, &signer);
    let mut offers = starts;
    offers.extend(amends.into_iter().map(|(offer, _)| offer));
    offers.extend(records);
    let fences = node
        .rules
        .case_field("fence/any")
        .is_some_and(|rule| rule.may_amend(&signer));
    offers.extend(fences.then(bind_form::fence_offer));
    let devices = node.rules.case_field("device/any");
    let devices = devices.is_some_and(|rule| rule.may_amend(&signer));
    offers.extend(devices.then(bind_form::device_offer));
    let plans = node.rules.case_field("checkin/any");
    let plans = plans.is_some_and(|rule| rule.may_amend(&signer));
    offers.extend(plans.then(|| plan_form::plan_offer(node, file.place)));
    offers
}

/// The page of a case.
pub fn page(node: &mut Node, viewer: &Viewer, file: &File) -> CasePage {
    let post = format!("/api/v1/cases/{}/events", file.id);
    let refs = section::candidates(node, viewer, file);
    let offers = offers(node, viewer, file);
    let shape = |node: &Node, offer: &Offer| {
        let mut shape = form::offer_shape(node, offer, &post, None, &refs);
        quarrel::dress(node, file, None, offer, &mut shape);
        shape
    };
    let of = |node: &Node, prefixes: &[&str]| -> Vec<OfferShape> {
        let mine = offers
            .iter()
            .filter(|o| prefixes.iter().any(|p| o.event.starts_with(p)));
        mine.map(|offer| shape(node, offer)).collect()
    };
    let (starts, records) = (
        of(node, &["apply:", "fence_set", "device_bind", "checkin_set"]),
        of(node, &["record:"]),
    );
    let amends = of(node, &["amend:"]);
    let matters = matter::rows_of(node, viewer, file);
    let mut incidents = incident::of_case(node, file.id);
    incidents.retain(|i| sees(node, viewer, i.lead.id));
    let alarms = incidents
        .iter()
        .map(|incident| alarm::row(node, viewer, incident))
        .collect();
    let dues = matter::dues_of(node, file);
    let later = file
        .standing
        .unknown
        .then(|| words("case", "later_version"));
    CasePage {
        case: case_row(node, file),
        protected: protected::protected(node, viewer, file, amends),
        texts: super::text::fields(node, viewer, file),
        matters,
        alarms,
        dues,
        offers: starts,
        records,
        holders: holders(node, file),
        delivery: delivery(node, file.id),
        read_only: later,
    }
}

fn holders(node: &Node, file: &File) -> Vec<super::shape::OfficeRef> {
    let audience = jiaolian_schema::hold::Audience {
        kind: file.kind,
        place: file.place,
        minor: file.minor,
    };
    let path = node.offices().path(file.place).into_iter();
    let may = path.filter(|office| may_hold(node.offices(), *office, &audience));
    may.map(|office| office_ref(node, office)).collect()
}

/// Name of a dossier's person as a text, for rows of other lists.
pub fn name_text(case: &CaseRef) -> Text {
    Text::plain(&case.name)
}
