//! Live events: each open page's own stream, in which a change becomes what its person may see of
//! it.

use super::app::App;
use super::error::{ApiResult, ErrorBody};
use super::who::Who;
use crate::event::{Change, Feed, Numbered};
use crate::owner::Node;
use crate::session::{Ending, Session};
use crate::view::{Viewer, alarm, case, incident, map, matter, status};
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use serde_json::{Value as Json, json};
use std::convert::Infallible;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::{mpsc, watch};
use tokio_stream::wrappers::ReceiverStream;

/// A comment line goes out after so long without an event, ms.
const BEAT_MS: u64 = 15_000;
/// Events that wait for a slow page; then it is cut off and reconnects.
const QUEUE_MAX: usize = 64;
/// The strip goes out at most so often, ms.
const STATUS_GAP_MS: u64 = 1_000;
/// Positions go out at most so often, ms: ten a second.
const FIX_GAP_MS: u64 = 100;

#[utoipa::path(get, path = "/api/v1/events", responses(
    (status = 200, content_type = "text/event-stream"), (status = 401, body = ErrorBody)))]
pub(super) async fn events(
    State(app): State<App>,
    who: Who,
    headers: HeaderMap,
) -> ApiResult<Response> {
    let last = headers
        .get("last-event-id")
        .and_then(|value: &HeaderValue| value.to_str().ok());
    let last = last.and_then(|text| text.parse().ok());
    let feed = app
        .events
        .follow(last.map(|ticket| app.events.number_of(ticket)));
    let (sender, receiver) = mpsc::channel(QUEUE_MAX);
    tokio::spawn(run(app, who.session, feed, sender));
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
    sender: mpsc::Sender<Result<Event, Infallible>>,
    status_at: Option<Instant>,
    fix_at: Option<Instant>,
    /// The strip changed while it was too early to say so.
    owed: Option<u64>,
    /// The strip as it was last told or looked at.
    strip: Option<Json>,
}

/// The page is gone, or too slow.
struct Closed;

async fn run(
    app: App,
    session: Session,
    feed: Feed,
    sender: mpsc::Sender<Result<Event, Infallible>>,
) {
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
        fix_at: None,
        owed: None,
        strip: None,
    };
    if page.begin(&missed, reset, newest).await.is_err() {
        return;
    }
    let mut sent = newest;
    loop {
        let pause = Duration::from_millis(STATUS_GAP_MS);
        tokio::select! {
            item = live.recv() => match item {
                Ok(item) => {
                    sent = item.number;
                    if page.tell(&item).await.is_err() {
                        return;
                    }
                }
                Err(RecvError::Lagged(_)) => {
                    if page.send(sent, "reset", &json!({})).is_err() {
                        return;
                    }
                }
                Err(RecvError::Closed) => return,
            },
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
async fn ended(ending: &mut watch::Receiver<Option<Ending>>) -> &'static str {
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
        Ok(())
    }

    fn send(&self, number: u64, kind: &str, data: &Json) -> Result<(), Closed> {
        let event = Event::default()
            .id(self.app.events.ticket(number).to_string())
            .event(kind)
            .data(data.to_string());
        self.sender.try_send(Ok(event)).map_err(|_| Closed)
    }

    async fn tell(&mut self, item: &Numbered) -> Result<(), Closed> {
        let gap = |at: Option<Instant>, ms: u64| {
            at.is_none_or(|at| at.elapsed() >= Duration::from_millis(ms))
        };
        match &item.change {
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
            Change::Located(_) if !gap(self.fix_at, FIX_GAP_MS) => Ok(()),
            change => {
                let is_fix = matches!(change, Change::Located(_));
                let (change, viewer) = (change.clone(), Arc::clone(&self.viewer));
                let seen = self
                    .app
                    .owner
                    .look(move |node| see(node, &viewer, &change))
                    .await;
                match seen {
                    Ok(Some((kind, data))) => {
                        // What this page is not shown holds nothing of what it is shown back.
                        if is_fix {
                            self.fix_at = Some(Instant::now());
                        }
                        self.send(item.number, kind, &data)
                    }
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
            let incident = incident::of_alarm(node, *id)?;
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
            Some((kind, json!(alarm::row(node, viewer, &incident))))
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
        Change::Located(id) => {
            let file = case::find(node, viewer, *id).ok()?;
            Some(("fix", json!(map::person(node, &file)?)))
        }
        Change::NetworkChanged | Change::RosterChanged => None,
    }
}
