//! The log as those see it who oversee: rows of this office and of all below, what is wrong with
//! them, and who looked at one case.

use super::label::{act_text, office_ref};
use super::purpose;
use super::seat::{capacity_text, reads_cases};
use super::shape::{
    AuditFinding, AuditFindings, AuditRow, CaseLook, CaseLooks, CaseRef, Coded, StaffRef,
};
use super::{Viewer, case};
use crate::http::error::{ApiError, ApiResult};
use crate::http::text::words;
use crate::owner::Node;
use jiaolian_schema::audit::{Looked, Row, name_for_row};
use jiaolian_schema::desk::File;
use jiaolian_schema::fact::{Fact, What};
use jiaolian_schema::hold::DossierKind;
use jiaolian_schema::id::{DossierId, OfficeId, PersonId};
use jiaolian_sync::{Batch, StoreError};
use std::collections::{BTreeMap, BTreeSet};

const DAY_MS: i64 = 86_400_000;
/// Without a day named a list goes back so long, ms.
const LIST_MS: i64 = 7 * DAY_MS;
/// Who looked at a case is told for so long, ms: six months (网络安全法 art. 21), and a week.
const LOOKS_MS: i64 = 190 * DAY_MS;
/// Most rows of one list before paging; the newest stay.
const ROWS_MAX: usize = 20_000;
/// Rows of the disk read at once.
const PAGE_ROWS: usize = 1_000;

/// Filters of the list; empty ones let everything through.
#[derive(Debug, Clone, Default)]
pub struct AuditQuery {
    /// Person id or staff number.
    pub person: String,
    /// Case id, hexadecimal.
    pub case: String,
    /// Word of a kind.
    pub kind: String,
    /// Civil day in Asia/Shanghai, as ms UTC of its first and of the next day's first instant.
    pub day: Option<(i64, i64)>,
    /// Office id, hexadecimal.
    pub office: String,
}

/// One row with where it lies.
struct Line {
    office: OfficeId,
    number: u64,
    row: Row,
    signed: bool,
    evidence_at: Option<i64>,
}

fn failed(error: &StoreError) -> ApiError {
    tracing::error!(%error, "a log could not be read");
    ApiError::new("store_failed")
}

/// Every row of this office and of those below with a time in the span, the newest first.
fn lines(
    node: &Node,
    top: OfficeId,
    (from, to): (i64, i64),
    fits: impl Fn(&Row) -> bool,
) -> ApiResult<Vec<Line>> {
    let mut lines = Vec::new();
    let mut own_top = 0;
    for batch in node.replica.log_batches().map_err(|error| failed(&error))? {
        if batch.office == node.office {
            own_top = own_top.max(batch.log.top());
        }
        let (first, last) = batch.log.times;
        if last < from || first >= to || !node.offices().covers(top, batch.office) {
            continue;
        }
        let evidence_at = evidence(node, &batch);
        for (number, row) in node.replica.batch_rows(&batch) {
            if (from..to).contains(&row.at) && fits(&row) {
                let office = batch.office;
                lines.push(Line {
                    office,
                    number,
                    row,
                    signed: true,
                    evidence_at,
                });
            }
        }
    }
    if node.offices().covers(top, node.office) {
        let mut next = own_top + 1;
        loop {
            let rows = node.replica.log_rows(next, PAGE_ROWS);
            let rows = rows.map_err(|error| failed(&error))?;
            let Some((last, _)) = rows.last() else { break };
            next = last + 1;
            let fresh = rows
                .into_iter()
                .filter(|(_, row)| (from..to).contains(&row.at) && fits(row));
            lines.extend(fresh.map(|(number, row)| Line {
                office: node.office,
                number,
                row,
                signed: false,
                evidence_at: None,
            }));
        }
    }
    lines.sort_by_key(|line| std::cmp::Reverse((line.row.at, line.office, line.number)));
    lines.truncate(ROWS_MAX);
    Ok(lines)
}

/// When the office above filed a batch.
fn evidence(node: &Node, batch: &Batch) -> Option<i64> {
    let fact = Fact {
        id: batch.id,
        author: batch.author,
        n: batch.n,
        dossier: batch.id.into(),
        m: 1,
        prev_here: None,
        deps: Vec::new(),
        appointment: None,
        at: batch.at,
        what: What::Edit,
    };
    node.authority().window(&fact).filed
}

/// Names of people, and of cases by the names that rows have for them.
struct Names {
    staff: BTreeMap<PersonId, StaffRef>,
    cases: BTreeMap<DossierId, CaseRef>,
    masked: BTreeMap<DossierId, DossierId>,
}

impl Names {
    fn of(node: &Node, viewer: &Viewer) -> Self {
        let mut staff = BTreeMap::new();
        for (_, appoint, _) in node.authority().appointments() {
            staff.insert(
                appoint.person,
                StaffRef {
                    id: appoint.person.to_hex(),
                    name: appoint.name.clone(),
                    staff_number: appoint.staff_number.clone(),
                },
            );
        }
        let minors = node.replica.dossiers();
        let minors = minors.filter(|(_, row)| row.kind == DossierKind::Case && row.minor == 1);
        let minors = minors.filter(|(_, row)| case::may_see(node, viewer, row.place, true));
        let masked = minors.map(|(id, _)| (name_for_row(id, true), id)).collect();
        Self {
            staff,
            cases: BTreeMap::new(),
            masked,
        }
    }

    fn person(&self, id: PersonId) -> StaffRef {
        let unknown = || StaffRef {
            id: id.to_hex(),
            name: String::new(),
            staff_number: String::new(),
        };
        self.staff.get(&id).cloned().unwrap_or_else(unknown)
    }

    /// The case of a row, and whether this person may open it.
    fn case(&mut self, node: &mut Node, viewer: &Viewer, named: DossierId) -> (CaseRef, bool) {
        if let Some(known) = self.cases.get(&named) {
            return (
                known.clone(),
                known.id.len() == 64 && !known.name.is_empty(),
            );
        }
        let id = self.masked.get(&named).copied().unwrap_or(named);
        let id = node
            .replica
            .dossier(id)
            .and_then(|row| row.case)
            .unwrap_or(id);
        let seen = reads_cases(node, viewer).then(|| case::find(node, viewer, id).ok());
        let found = match seen.flatten() {
            Some(file) => case::case_ref(node, &file),
            None => CaseRef {
                id: named.to_hex()[..8].to_owned(),
                no: named.to_hex()[..8].to_owned(),
                name: String::new(),
                pseudonymous: true,
            },
        };
        let open = found.id.len() == 64;
        self.cases.insert(named, found.clone());
        (found, open)
    }
}

/// The list, filtered, the newest first.
pub fn list(node: &mut Node, viewer: &Viewer, query: &AuditQuery) -> ApiResult<Vec<AuditRow>> {
    let now = node.now();
    let mut names = Names::of(node, viewer);
    let wide = !query.case.is_empty() || !query.person.is_empty();
    let since = now - if wide { LOOKS_MS } else { LIST_MS };
    let span = query.day.unwrap_or((since, i64::MAX));
    let people: Option<BTreeSet<PersonId>> = (!query.person.is_empty()).then(|| {
        let fits = |staff: &&StaffRef| {
            [&staff.id, &staff.staff_number, &staff.name].contains(&&query.person)
        };
        let known = names.staff.iter().filter(|(_, staff)| fits(staff));
        known.map(|(id, _)| *id).collect()
    });
    let cases = (!query.case.is_empty()).then(|| names_of_case(node, &query.case));
    let kind = Looked::of_word(&query.kind);
    let fits = |row: &Row| {
        people
            .as_ref()
            .is_none_or(|known| row.person.is_some_and(|who| known.contains(&who)))
            && cases
                .as_ref()
                .is_none_or(|named| row.case.is_some_and(|case| named.contains(&case)))
            && (query.kind.is_empty() || Some(row.looked) == kind)
    };
    let found = lines(node, viewer.office, span, fits)?;
    let office = OfficeId::from_hex(&query.office);
    let wanted = |line: &&Line| query.office.is_empty() || Some(line.office) == office;
    let rows = found.iter().filter(wanted);
    Ok(rows
        .map(|line| shape(node, viewer, &mut names, line))
        .collect())
}

/// Every name that rows have for a case: its own, that of a minor's, those of its alarms.
fn names_of_case(node: &Node, case: &str) -> BTreeSet<DossierId> {
    let Some(id) = DossierId::from_hex(case) else {
        return BTreeSet::new();
    };
    let alarms = node.replica.dossiers();
    let alarms = alarms.filter(|(_, row)| row.case == Some(id));
    let alarms = alarms.map(|(alarm, _)| alarm);
    let own = [id, name_for_row(id, true)];
    own.into_iter().chain(alarms).collect()
}

fn shape(node: &mut Node, viewer: &Viewer, names: &mut Names, line: &Line) -> AuditRow {
    let row = &line.row;
    let case = row.case.map(|named| names.case(node, viewer, named));
    AuditRow {
        number: line.number,
        log: office_ref(node, line.office),
        at: row.at,
        person: row.person.map(|person| names.person(person)),
        office: office_ref(node, row.office),
        kind: kind(row.looked),
        purpose: match row.looked {
            Looked::Denied => Looked::of_word(&row.purpose).map(kind),
            _ => purpose::coded(&row.purpose),
        },
        case_open: case.as_ref().is_some_and(|(_, open)| *open),
        case: case.map(|(case, _)| case),
        act: row.act.map(|act| act.to_hex()),
        word: row.word.as_deref().map(|word| said(node, row.looked, word)),
        peer: row.peer.map(|peer| office_ref(node, peer)),
        as_of: row.as_of,
        from: row.from,
        to: row.to,
        signed: line.signed,
        evidence_at: line.evidence_at,
    }
}

/// A kind in words.
pub fn kind(looked: Looked) -> Coded {
    Coded::new(looked.word(), words("looked", looked.word()))
}

/// A row's code in words: of a refusal, or of an act as the rules name it.
fn said(node: &Node, looked: Looked, word: &str) -> Coded {
    let label = match looked {
        Looked::Denied | Looked::SignInRefused => words("error", word).fill(&["", ""]),
        Looked::Clock => words("clock", word),
        Looked::Signed => act_text(&node.rules, word),
        _ => crate::http::text::Text::plain(word),
    };
    Coded::new(word, label)
}

/// What is wrong with the logs of this office and of those below.
pub fn findings(node: &Node, top: OfficeId) -> ApiResult<AuditFindings> {
    let found = node
        .replica
        .log_findings()
        .map_err(|error| failed(&error))?;
    let found = found
        .into_iter()
        .filter(|finding| node.offices().covers(top, finding.office));
    let items = found.map(|finding| {
        let log = office_ref(node, finding.office);
        let flaw = finding.flaw;
        let fault = Coded::new(flaw.fault.word(), words("flaw", flaw.fault.word()));
        let (number, to) = (flaw.number.to_string(), flaw.to.to_string());
        let rows = if flaw.number == flaw.to {
            words("audit", "row").fill(&[&log.name, &number])
        } else {
            words("audit", "rows").fill(&[&log.name, &number, &to])
        };
        let text = words("audit", "finding").fill_texts(&[&rows, &fault.label]);
        AuditFinding {
            log,
            number: flaw.number,
            to: flaw.to,
            fault,
            at: finding.at,
            text,
        }
    });
    Ok(AuditFindings {
        items: items.collect(),
    })
}

/// Who looked at a case, for its office to tell the person concerned.
pub fn looks(node: &mut Node, viewer: &Viewer, file: &File) -> ApiResult<CaseLooks> {
    let now = node.now();
    let since = now - LOOKS_MS;
    let named = names_of_case(node, &file.id.to_hex());
    let fits = |row: &Row| {
        row.looked.is_look_at_case() && row.case.is_some_and(|case| named.contains(&case))
    };
    // A look stands in the log of the office at whose node it was. Logs of offices above don't lie
    // here, so each office tells of its own node and of those below.
    let found = lines(node, node.office, (since, i64::MAX), fits)?;
    let names = Names::of(node, viewer);
    let capacity = |node: &Node, person: PersonId, office: OfficeId| {
        let appointments = node.authority().appointments();
        let mut held = appointments.filter(|(_, appoint, good)| {
            *good && appoint.person == person && appoint.office == office
        });
        let roles = held.next().map(|(_, appoint, _)| appoint.roles.clone());
        capacity_text(node, &roles.unwrap_or_default(), false)
    };
    let items = found.iter().filter_map(|line| {
        let person = line.row.person?;
        Some(CaseLook {
            at: line.row.at,
            office: office_ref(node, line.row.office),
            capacity: capacity(node, person, line.row.office),
            name: names.person(person).name,
            kind: kind(line.row.looked),
            purpose: purpose::coded(&line.row.purpose),
        })
    });
    let items = items.collect();
    Ok(CaseLooks {
        case: case::case_ref(node, file),
        since,
        as_of: now,
        items,
    })
}
