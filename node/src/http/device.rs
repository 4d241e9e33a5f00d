//! The positioning terminals of a person, and orders to one that is connected here: say where you
//! are, show a text. Each waits for what the terminal says.

// The macro names the parameters by their full path.
#![allow(unused_qualifications)]

use super::app::App;
use super::case::{LookReason, id, open};
use super::error::{ApiError, ApiResult, ErrorBody, FieldFault};
use super::json::Strict;
use super::map::check_reason;
use super::page::Query;
use super::text::words;
use super::who::Who;
use crate::gateway::terminal::{Order, Told};
use crate::owner::{Access, Looked, Node};
use crate::view::{Viewer, case, map, text};
use axum::Json;
use axum::extract::{Path, State};
use encoding_rs::GBK;
use jiaolian_schema::desk::File;
use jiaolian_schema::device::Regime;
use jiaolian_schema::id::DossierId;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use utoipa::ToSchema;

/// Most characters of a text to a terminal.
const TEXT_CHARS_MAX: usize = 200;
/// Who may speak to a person though the case's texts are not theirs.
const DUTY_ROLE: &str = "CMD_DUTY";

/// Why a terminal is asked where it is.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct LocateForm {
    reason: String,
}

/// A text to show.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct TextForm {
    text: String,
    #[serde(default)]
    urgent: bool,
    /// Read aloud, for all around to hear.
    #[serde(default)]
    aloud: bool,
}

/// What came of an order.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct OrderResult {
    /// `done`, `located`, `refused`, `unsupported`, `offline`, `silent` or `busy`.
    result: &'static str,
    message_zh: String,
    message_en: String,
    /// Device time of the place, ms UTC.
    at: Option<i64>,
    lat: Option<f64>,
    lon: Option<f64>,
}

/// A terminal that is a person's now.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct BoundDevice {
    terminal: String,
    /// `band` or `phone`.
    regime: &'static str,
    /// Last instant of the binding, as far as the law lets the terminal be used, ms UTC.
    until: i64,
    /// Whether it is connected here and can be given orders.
    online: bool,
}

/// What there is to reach a person by, and what the asking person may do with it.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct CaseDevices {
    /// The person's code, by which a day's tally is asked for; none where the case has none.
    person: Option<String>,
    items: Vec<BoundDevice>,
    /// Whether the asking person may look where the supervised person is or was.
    may_locate: bool,
    /// Whether the asking person may show a text.
    may_tell: bool,
}

#[utoipa::path(get, path = "/api/v1/cases/{id}/devices", params(("id" = String, Path), LookReason),
    responses((status = 200, body = CaseDevices), (status = 401, body = ErrorBody),
    (status = 403, body = ErrorBody), (status = 404, body = ErrorBody)))]
pub(super) async fn of_case(
    State(app): State<App>,
    who: Who,
    Path(case): Path<String>,
    Query(query): Query<LookReason>,
) -> ApiResult<Json<CaseDevices>> {
    let case = id(DossierId::from_hex, &case)?;
    let mut devices = app
        .look(move |node| {
            let viewer = &who.session.viewer;
            let file = open(node, viewer, case, (Looked::Case, &query.reason))?;
            Ok(CaseDevices {
                person: file.person.map(|person| person.to_hex()),
                items: bound_now(node, &file),
                may_locate: map::check_place(viewer).is_ok(),
                may_tell: may_tell(node, viewer, &file),
            })
        })
        .await?;
    for device in &mut devices.items {
        device.online = app.terminals.is_online(&device.terminal);
    }
    Ok(Json(devices))
}

/// Terminals that are the person's at this instant, bands first.
fn bound_now(node: &mut Node, file: &File) -> Vec<BoundDevice> {
    let Some(person) = file.person else {
        return Vec::new();
    };
    let (now, watch) = (node.now(), node.replica.watch(person));
    let terminals = watch.into_iter().flat_map(|w| w.devices.into_keys());
    let mut items = Vec::new();
    for terminal in terminals {
        let bound = node.replica.bound(&terminal, now);
        let Some((_, device)) = bound.filter(|(whose, _)| *whose == person) else {
            continue;
        };
        items.push(BoundDevice {
            terminal,
            regime: match device.regime {
                Regime::Band => "band",
                Regime::Phone => "phone",
            },
            until: device.until,
            online: false,
        });
    }
    items.sort_by_key(|device| device.regime);
    items
}

#[utoipa::path(post, path = "/api/v1/devices/{terminal}/locate", request_body = LocateForm,
    params(("terminal" = String, Path)), responses((status = 200, body = OrderResult),
    (status = 400, body = ErrorBody), (status = 401, body = ErrorBody),
    (status = 403, body = ErrorBody), (status = 404, body = ErrorBody)))]
pub(super) async fn locate(
    State(app): State<App>,
    who: Who,
    Path(terminal): Path<String>,
    Strict(form): Strict<LocateForm>,
) -> ApiResult<Json<OrderResult>> {
    check_reason(&form.reason)?;
    let asked = terminal.clone();
    app.look(move |node| {
        let viewer = &who.session.viewer;
        let file = whose(node, viewer, &asked)?;
        map::check_place(viewer)?;
        let (now, case) = (node.now(), file.id);
        let access = Access::new(node, viewer, Looked::Track).of(case);
        node.note_access(access.for_purpose(&form.reason).over(now, now))
    })
    .await?;
    order(&app, &terminal, Order::Locate).await
}

#[utoipa::path(post, path = "/api/v1/devices/{terminal}/text", request_body = TextForm,
    params(("terminal" = String, Path)), responses((status = 200, body = OrderResult),
    (status = 401, body = ErrorBody), (status = 403, body = ErrorBody),
    (status = 404, body = ErrorBody), (status = 422, body = ErrorBody)))]
pub(super) async fn show(
    State(app): State<App>,
    who: Who,
    Path(terminal): Path<String>,
    Strict(form): Strict<TextForm>,
) -> ApiResult<Json<OrderResult>> {
    let asked = terminal.clone();
    let gbk = app
        .look(move |node| {
            let viewer = &who.session.viewer;
            let file = whose(node, viewer, &asked)?;
            if !may_tell(node, viewer, &file) {
                return Err(ApiError::new("not_allowed"));
            }
            let gbk = gbk(&form.text)?;
            let access = Access::new(node, viewer, Looked::Asked).of(file.id);
            node.note_access(access.saying("device_text"))?;
            Ok((gbk, form.urgent, form.aloud))
        })
        .await?;
    let (gbk, urgent, aloud) = gbk;
    order(&app, &terminal, Order::Text { gbk, urgent, aloud }).await
}

/// The case of the person whose terminal it is now, for who may see it; the same refusal for a
/// terminal that is not known.
fn whose(node: &mut Node, viewer: &Viewer, terminal: &str) -> ApiResult<Arc<File>> {
    let now = node.now();
    let (person, _) = node
        .replica
        .bound(terminal, now)
        .ok_or(ApiError::not_found())?;
    let cases: Vec<DossierId> = node.replica.cases_of(person).collect();
    let seen = cases
        .into_iter()
        .find_map(|id| case::find(node, viewer, id).ok());
    seen.ok_or(ApiError::not_found())
}

/// Officers who work on the case, and the duty desk.
fn may_tell(node: &Node, viewer: &Viewer, file: &File) -> bool {
    let is_duty = map::check_place(viewer).is_ok() && viewer.roles.iter().any(|r| r == DUTY_ROLE);
    is_duty || text::may_edit(node, viewer, file)
}

/// A text in the code that terminals show.
fn gbk(text: &str) -> ApiResult<Vec<u8>> {
    let refuse = |said| Err(ApiError::field("text", FieldFault::said("text", said)));
    let chars = text.chars().count();
    if text.trim().is_empty() || chars > TEXT_CHARS_MAX || text.contains(char::is_control) {
        let (most, found) = (TEXT_CHARS_MAX.to_string(), chars.to_string());
        return refuse(words("order", "text_length").fill(&[&most, &found]));
    }
    let odd = text.chars().find(|c| {
        let mut bytes = [0; 4];
        GBK.encode(c.encode_utf8(&mut bytes)).2
    });
    match odd {
        Some(odd) => refuse(words("order", "text_odd").fill(&[&odd.to_string()])),
        None => Ok(GBK.encode(text).0.into_owned()),
    }
}

async fn order(app: &App, terminal: &str, order: Order) -> ApiResult<Json<OrderResult>> {
    let told = app.terminals.ask(terminal, order).await;
    let result = match told {
        Told::Done => "done",
        Told::Located { .. } => "located",
        Told::Refused => "refused",
        Told::Unsupported => "unsupported",
        Told::Offline => "offline",
        Told::Silent => "silent",
        Told::Busy => "busy",
    };
    let said = words("order", result);
    let (at, place) = match told {
        Told::Located { time, at } => (Some(time), at),
        _ => (None, None),
    };
    Ok(Json(OrderResult {
        result,
        message_zh: said.zh,
        message_en: said.en,
        at,
        lat: place.map(|at| f64::from(at.lat()) / 1e7),
        lon: place.map(|at| f64::from(at.lon()) / 1e7),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_goes_out_in_gbk_and_what_has_no_such_form_is_refused_by_name() {
        assert_eq!(gbk("您好").unwrap(), [0xC4, 0xFA, 0xBA, 0xC3]);
        for odd in ["", "  ", "a\nb", "🙂", &"字".repeat(TEXT_CHARS_MAX + 1)] {
            assert_eq!(gbk(odd).unwrap_err().code(), "fields_invalid", "{odd}");
        }
    }
}
