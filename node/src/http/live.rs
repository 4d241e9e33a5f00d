//! Live events: each open page's own stream, in which a change becomes what its person may see of
//! it.

// The macro names the parameters by their full path.
#![allow(unused_qualifications)]

use super::app::App;
use super::desk::case_reader;
use super::error::{ApiError, ApiResult, ErrorBody};
use super::page::Query;
use super::position::{Moved, note_positions};
use super::wall;
use super::who::Who;
use crate::event::{Change, Feed, Numbered};
use crate::owner::Node;
use crate::session::{Ending, Session};
use crate::view::{Viewer, alarm, case, incident, map, matter, status};
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use jiaolian_schema::id::DossierId;
use serde::Deserialize;
use serde_json::{Value as Json, json};
use std::convert::Infallible;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::{mpsc, watch};
use tokio_stream::wrappers::ReceiverStream;
use utoipa::IntoParams;

/// A comment line goes out after so long without an event, ms.
const BEAT_MS: u64 = 15_000;
/// Events that wait for a slow page; then it is cut off and reconnects.
const QUEUE_MAX: usize = 64;
/// The strip goes out at most so often, ms.
const STATUS_GAP_MS: u64 = 1_000;
/// What a page follows beside what every page does.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Following {
    /// Why its person looks where people are; none on a page that shows no positions.
    positions: Option<String>,
    /// Whether it shows the wall, and is told of that only.
    wall: bool,
}

#[utoipa::path(get, path = "/api/v1/events", params(Following), responses(
    (status = 200, content_type = "text/event-stream"), (status = 400, body = ErrorBody),
    (status = 401, body = ErrorBody), (status = 403, body = ErrorBody)))]
pub(super) async fn events(
    State(app): State<App>,
    who: Who,
    Query(following): Query<Following>,
    headers: HeaderMap,
) -> ApiResult<Response> {
    if who.session.wall && (!following.wall || following.positions.is_some()) {
        return Err(ApiError::new("not_allowed"));
    }
    if following.wall {
        case_reader(&app, &who.session).await?;
    }
    if let Some(reason) = &following.positions {
        note_positions(&app, &who, reason.clone()).await?;
    }
    let last = headers
        .get("last-event-id")
        .and_then(|value: &HeaderValue| value.to_str().ok());
    let last = last.and_then(|text| text.parse().ok());
    let feed = app
        .events
        .follow(last.map(|ticket| app.events.number_of(ticket)));
    let (sender, receiver) = mpsc::channel(QUEUE_MAX);
    let moved = following.positions.map(|_| Moved::default());
    if following.wall {
        tokio::spawn(wall::follow(app, who.session, feed, sender));
    } else {
        tokio::spawn(run(app, who.session, (feed, moved), sender));
    }
    let beat = KeepAlive::new()
        .interval(Duration::from_millis(BEAT_MS))
        .text("");
    Ok(Sse::new(ReceiverStream::new(receiver))
        .keep_alive(beat)
        .into_response())
}

struct Page {
    app: App,
    viewer: Arc<Viewer>,
    sender: Sender,
    status_at: Option<Instant>,
    /// None on a page that shows no positions.
    moved: Option<Moved>,
    /// The strip changed while it was too early to say so.
    owed: Option<u64>,
    /// The strip as it was last told or looked at.
    strip: Option<Json>,
}

/// The page is gone, or too slow.
pub(super) struct Closed;

/// Where a page's events go.
pub(super) type Sender = mpsc::Sender<Result<Event, Infallible>>;

/// Sends a page one event under its change's ticket.
pub(super) fn send(
    app: &App,
    sender: &Sender,
    (number, kind): (u64, &str),
    data: &Json,
) -> Result<(), Closed> {
    let event = Event::default()
        .id(app.events.ticket(number).to_string())
        .event(kind)
        .data(data.to_string());
    sender.try_send(Ok(event)).map_err(|_| Closed)
}

async fn run(app: App, session: Session, (feed, moved): (Feed, Option<Moved>), sender: Sender) {
    let Feed {
        missed,
        reset,
        newest,
        mut live,
    } = feed;
    let mut ending = session.ending.clone();
    let viewer = session.viewer;
    let mut page = Page {
        app,
        viewer,
        sender,
        status_at: None,
        moved,
        owed: None,
        strip: None,
    };
    if page.begin(&missed, reset, newest).await.is_err() {
        return;
    }
    let mut sent = newest;
    loop {
        let pause = Duration::from_millis(STATUS_GAP_MS);
        let gathering = page.moved.as_ref().and_then(Moved::wait);
        tokio::select! {
            item = live.recv() => match item {
                Ok(item) => {
                    sent = item.number;
                    if page.tell(&item).await.is_err() {
                        return;
                    }
                }
                Err(RecvError::Lagged(_)) => {
                    if page.send(sent, "reset", &json!({})).is_err()
                        || page.tell_positions(sent, true).await.is_err()
                    {
                        return;
                    }
                }
                Err(RecvError::Closed) => return,
            },
            () = tokio::time::sleep(gathering.unwrap_or_default()), if gathering.is_some() => {
                if page.tell_positions(sent, false).await.is_err() {
                    return;
                }
            }
            () = tokio::time::sleep(pause), if page.owed.is_some() => {
                let number = page.owed.take().unwrap_or(sent);
                if page.tell_status(number).await.is_err() {
                    return;
                }
            }
            reason = ended(&mut ending) => {
                let _ = page.send(sent, "signed_out", &json!({ "reason": reason }));
                return;
            }
            () = page.sender.closed() => return,
            () = page.app.owner.ended() => return,
        }
    }
}

/// The word that says why the session ended, once it did.
pub(super) async fn ended(ending: &mut watch::Receiver<Option<Ending>>) -> &'static str {
    let ended = ending
        .wait_for(Option::is_some)
        .await
        .ok()
        .and_then(|ended| *ended);
    ended.unwrap_or(Ending::Idle).word()
}

impl Page {
    /// The greeting, and what the page missed.
    async fn begin(
        &mut self,
        missed: &[Arc<Numbered>],
        reset: bool,
        newest: u64,
    ) -> Result<(), Closed> {
        let hello = json!({ "now": self.app.now() });
        self.strip = self.look_at_strip().await.map(|(_, told)| told);
        let first = missed.first().map_or(newest, |item| item.number - 1);
        self.send(first, "hello", &hello)?;
        if reset {
            self.send(newest, "reset", &json!({}))?;
        }
        for item in missed {
            self.tell(item).await?;
        }
        self.tell_positions(newest, true).await
    }

    /// Tells of everybody, or of those of whom something changed.
    async fn tell_positions(&mut self, number: u64, whole: bool) -> Result<(), Closed> {
        let Some(moved) = &mut self.moved else {
            return Ok(());
        };
        let began = Instant::now();
        let cases = std::mem::take(&mut moved.cases);
        let mut told = std::mem::take(&mut moved.told);
        let viewer = Arc::clone(&self.viewer);
        let look = move |node: &mut Node| {
            let looked = Instant::now();
            let cases = (!whole).then_some(&cases);
            let shown = map::positions(node, &viewer, cases, &mut told);
            (shown, told, looked.elapsed())
        };
        let Ok((shown, told, took)) = self.app.owner.look(look).await else {
            return Ok(());
        };
        let is_news = whole || !(shown.items.is_empty() && shown.gone.is_empty());
        if let Some(moved) = &mut self.moved {
            moved.told = told;
            // What this page is not shown holds nothing of what it is shown back.
            if is_news {
                moved.last = Some((began, took));
            }
        }
        if is_news {
            self.send(number, "positions", &json!(shown))?;
        }
        Ok(())
    }

    /// Remembers whose place on the map a change concerns.
    async fn gather(&mut self, change: &Change) {
        let cases: &[DossierId] = match change {
            Change::Located(cases) => cases,
            Change::CaseChanged { case, .. } => std::slice::from_ref(case),
            _ => &[],
        };
        let of_alarm = match change {
            Change::AlarmRaised(alarm) | Change::AlarmChanged(alarm) if self.moved.is_some() => {
                let alarm = *alarm;
                let case = move |node: &mut Node| node.replica.dossier(alarm)?.case;
                self.app.owner.look(case).await.ok().flatten()
            }
            _ => None,
        };
        if let Some(moved) = &mut self.moved {
            moved.cases.extend(cases.iter().copied().chain(of_alarm));
        }
    }

    fn send(&self, number: u64, kind: &str, data: &Json) -> Result<(), Closed> {
        send(&self.app, &self.sender, (number, kind), data)
    }

    async fn tell(&mut self, item: &Numbered) -> Result<(), Closed> {
        let gap = |at: Option<Instant>, ms: u64| {
            at.is_none_or(|at| at.elapsed() >= Duration::from_millis(ms))
        };
        self.gather(&item.change).await;
        match &item.change {
            Change::Located(_) => Ok(()),
            change @ (Change::NetworkChanged | Change::RosterChanged) => {
                // Lists of seats and offices follow the strip's word, though it says nothing of them.
                if *change == Change::RosterChanged {
                    self.strip = None;
                }
                if gap(self.status_at, STATUS_GAP_MS) {
                    return self.tell_status(item.number).await;
                }
                self.owed = Some(item.number);
                Ok(())
            }
            change => {
                let (change, viewer) = (change.clone(), Arc::clone(&self.viewer));
                let seen = self
                    .app
                    .owner
                    .look(move |node| see(node, &viewer, &change))
                    .await;
                match seen {
                    Ok(Some((kind, data))) => self.send(item.number, kind, &data),
                    _ => Ok(()),
                }
            }
        }
    }

    async fn tell_status(&mut self, number: u64) -> Result<(), Closed> {
        self.status_at = Some(Instant::now());
        self.owed = None;
        let Some((strip, told)) = self.look_at_strip().await else {
            return Ok(());
        };
        // What others did and this person may not see leaves the strip as it was, and the page quiet.
        if self.strip.as_ref() == Some(&told) {
            return Ok(());
        }
        self.strip = Some(told);
        self.send(number, "network_changed", &strip)
    }

    /// The strip, and what of it tells more than the time.
    async fn look_at_strip(&self) -> Option<(Json, Json)> {
        let viewer = Arc::clone(&self.viewer);
        let look = move |node: &mut Node| json!(status::status(node, &viewer));
        let strip = self.app.owner.look(look).await.ok()?;
        let mut told = strip.clone();
        told.as_object_mut()?.remove("now");
        Some((strip, told))
    }
}

/// What one person may see of a change; none where that is nothing.
fn see(node: &mut Node, viewer: &Viewer, change: &Change) -> Option<(&'static str, Json)> {
    match change {
        Change::AlarmRaised(id) | Change::AlarmChanged(id) => {
            alarm::find(node, viewer, *id).ok()?;
            let incident = incident::of_alarm(node, viewer, *id)?;
            let kind = match change {
                // The incident now goes by the id of what came late: the page looks again.
                Change::AlarmRaised(_) if incident.alarms.len() > 1 && incident.id() == *id => {
                    return Some(("reset", json!({})));
                }
                Change::AlarmRaised(_) if incident.alarms.len() == 1 => "alarm",
                _ => "alarm_changed",
            };
            // What could not be written down is not shown.
            node.note_shown(viewer, &[incident.id()]).ok()?;
            let row = alarm::row(node, viewer, &incident);
            if row.open && row.mass.is_some() {
                // It is shown in one row with others: the page looks again.
                return Some(("reset", json!({})));
            }
            Some((kind, json!(row)))
        }
        Change::CaseChanged {
            case: id,
            by,
            parts,
        } => {
            case::find(node, viewer, *id).ok()?;
            let parts: Vec<_> = parts.iter().map(|part| part.word()).collect();
            Some((
                "case_changed",
                json!({ "id": id.to_hex(), "by": by, "parts": parts }),
            ))
        }
        Change::MatterChanged { matter: id, case } => {
            let file = case::find(node, viewer, *case).ok()?;
            let desk = matter::run(node, &file, *id)?;
            let row = matter::row(node, viewer, &file, &desk);
            let data = json!({ "id": row.id, "case_id": case.to_hex(), "state": row.state });
            Some(("matter_changed", data))
        }
        Change::Located(_) | Change::NetworkChanged | Change::RosterChanged => None,
    }
}
