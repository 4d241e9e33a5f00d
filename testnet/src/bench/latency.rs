//! What real nodes on a real line take: from the deciding report to the open pages, and the bytes of
//! meeting again.

use super::field::{COUNTY, Field, TOWNSHIP};
use super::figure::Figure;
use super::{MeasureError, peer, timing};
use crate::client::Client;
use crate::live::Live;
use crate::paper::write_notes;
use crate::seed::Subject;
use crate::shaper::{Line, LineCount};
use crate::walk::{send, times, way_out};
use serde_json::{Value as Json, json};
use std::time::{Duration, Instant};

const SECTION: &str = "latency";
/// Persons of whom one walks out at a time; half of them write no more after that.
const CASES: usize = 12;
/// Alarms of which the median counts.
const ALARMS: usize = 3;
/// Texts edited at each end while the line is cut.
const EDITS: usize = 10;
/// Notes that wait when the line is back: half a minute of it.
const NOTES: usize = 240;
/// Peers of an unchanged reconnect, and the shares of them that are good enough.
const NOOP: [(peer::Peer, f64); 2] = [
    (peer::POUCHDB_NOOP_WIRE, 1.2),
    (peer::POUCHDB_EDGE_NOOP, 0.5),
];
/// The same with texts edited.
const DELTA: [(peer::Peer, f64); 2] = [
    (peer::POUCHDB_DELTA_WIRE, 0.25),
    (peer::POUCHDB_EDGE_DELTA, 0.4),
];
/// How long an idle line is watched, and a line after it has agreed, s.
const IDLE_S: u64 = 20;
const SETTLE_S: u64 = 2;

pub(super) fn measure(quick: bool) -> Result<Vec<Figure>, MeasureError> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()?;
    runtime.block_on(all(quick))
}

async fn all(quick: bool) -> Result<Vec<Figure>, MeasureError> {
    let alarms = if quick { 1 } else { ALARMS };
    let mut field = Field::open(if quick { 3 } else { CASES }).await?;
    let mut people = field.subjects.clone().into_iter();
    let mut pages = Pages::open(&field).await?;
    let mut walks = async |field: &Field| {
        let mut seen = Vec::new();
        for subject in people.by_ref().take(alarms) {
            seen.push(pages.alarm(field, &subject).await?);
        }
        Ok::<_, MeasureError>(Seen::median(&seen))
    };
    let free = walks(&field).await?;
    let mut figures = vec![
        office_row(
            "alarm at the office page, no limit on the line",
            alarms,
            free,
        ),
        limit_row(
            "alarm at the county page, no limit on the line",
            alarms,
            free.county,
        ),
    ];
    if !quick {
        field.lines.set(Line::EDGE);
        figures.extend(meet_again(&field).await?);
        let idle = walks(&field).await?;
        load(&field).await?;
        let loaded = walks(&field).await?;
        still_loaded(&field).await?;
        figures.extend([
            office_row("alarm at the office page, edge line idle", alarms, idle),
            office_row("alarm at the office page, edge line loaded", alarms, loaded),
            limit_row(
                "alarm at the county page, edge line idle",
                alarms,
                idle.county,
            ),
            limit_row(
                "alarm at the county page, edge line loaded",
                alarms,
                loaded.county,
            ),
            row(
                "alarm at the county page, edge line loaded",
                alarms,
                loaded.county,
            )
            .against("twice the idle line's", idle.county * 2.0)
            .goal(1.0),
        ]);
    }
    drop(pages);
    field.province.stop_all().await;
    Ok(figures)
}

fn row(what: &str, alarms: usize, ms: f64) -> Figure {
    Figure::timed(SECTION, what, alarms as u64, (ms, "ms"))
}

fn limit_row(what: &str, alarms: usize, ms: f64) -> Figure {
    let limit = peer::LIMIT_ALARM_MS;
    row(what, alarms, ms)
        .against(limit.name, limit.figure)
        .goal(1.0)
}

fn office_row(what: &str, alarms: usize, seen: Seen) -> Figure {
    limit_row(what, alarms, seen.office)
}

/// From the answer to the deciding report to each page, ms.
#[derive(Debug, Clone, Copy)]
struct Seen {
    office: f64,
    county: f64,
}

impl Seen {
    fn median(seen: &[Self]) -> Self {
        let middle = |pick: fn(&Self) -> f64| {
            let mut values: Vec<f64> = seen.iter().map(pick).collect();
            values.sort_by(f64::total_cmp);
            values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
        };
        Self {
            office: middle(|seen| seen.office),
            county: middle(|seen| seen.county),
        }
    }
}

/// Two open pages.
struct Pages {
    office: Option<Live>,
    county: Option<Live>,
}

impl Pages {
    async fn open(field: &Field) -> Result<Self, MeasureError> {
        let follow = async |key: &str, word: &str| {
            let client = field.officer(key, word).await?;
            Ok::<_, MeasureError>(Some(Live::follow(&client).await?))
        };
        Ok(Self {
            office: follow(TOWNSHIP, "officer").await?,
            county: follow(COUNTY, "duty").await?,
        })
    }

    /// One person walks out; the report after which there is an alarm more is the deciding one.
    async fn alarm(&mut self, field: &Field, subject: &Subject) -> Result<Seen, MeasureError> {
        let (office, county) = (hear(self.office.take())?, hear(self.county.take())?);
        let answered = walk_until_alarm(field, subject).await?;
        let ended = |error: tokio::task::JoinError| MeasureError::Wrong(error.to_string());
        let (live, office) = office.await.map_err(ended)??;
        self.office = Some(live);
        let (live, county) = county.await.map_err(ended)??;
        self.county = Some(live);
        let since = |at: Instant| timing::millis(at.saturating_duration_since(answered));
        Ok(Seen {
            office: since(office),
            county: since(county),
        })
    }
}

type Heard = tokio::task::JoinHandle<Result<(Live, Instant), MeasureError>>;

/// Notes when a page hears of the next alarm.
fn hear(live: Option<Live>) -> Result<Heard, MeasureError> {
    let mut live = live.ok_or_else(|| MeasureError::Wrong("a page is closed".to_owned()))?;
    Ok(tokio::spawn(async move {
        live.next("alarm").await?;
        Ok((live, Instant::now()))
    }))
}

/// When the deciding report was answered.
async fn walk_until_alarm(field: &Field, subject: &Subject) -> Result<Instant, MeasureError> {
    let province = &field.province;
    let gateway = province.gateway(TOWNSHIP)?;
    let own = async || {
        let state = province.state(TOWNSHIP).await?;
        Ok::<_, MeasureError>(state["alarms"]["own"].as_u64())
    };
    let before = own().await?;
    let code = &province.site(COUNTY)?.plan.code;
    let way = way_out(code).ok_or_else(|| MeasureError::Wrong(format!("no county {code}")))?;
    let times = times(jiff::Timestamp::now().as_millisecond(), way.len());
    for (place, time) in way.into_iter().zip(times) {
        send(&gateway, &subject.device, place, time).await?;
        let answered = Instant::now();
        if own().await? > before {
            return Ok(answered);
        }
    }
    Err(MeasureError::Wrong(format!(
        "{} raised no alarm",
        subject.name
    )))
}

/// The line is cut and comes back: with nothing changed, then with texts edited at both ends.
async fn meet_again(field: &Field) -> Result<Vec<Figure>, MeasureError> {
    // Once to forget what the line was before.
    reconnect(field, async || Ok(())).await?;
    let idle = idle(field).await?;
    let unchanged = reconnect(field, async || Ok(())).await?;
    let people = &field.subjects[..EDITS];
    let here = field.officer(TOWNSHIP, "officer").await?;
    let there = field.officer(COUNTY, "case").await?;
    let edited = reconnect(field, async || {
        for subject in people {
            edit(&here, subject, "已联系就业。").await?;
            edit(&there, subject, "请核实住址。").await?;
        }
        Ok(())
    })
    .await?;
    let limit = peer::LIMIT_IDLE_BYTES;
    let mut figures = vec![
        Figure::counted(SECTION, "idle line, both ways", IDLE_S, (idle, "B/s"))
            .against(limit.name, limit.figure)
            .goal(1.0),
    ];
    figures.extend(unchanged.rows("reconnect, nothing changed", 0, NOOP));
    figures.extend(edited.rows("reconnect, 10+10 texts edited", EDITS as u64, DELTA));
    Ok(figures)
}

/// What one reconnect took.
struct Again {
    up: LineCount,
    down: LineCount,
    payload_up: u64,
    payload_down: u64,
    took: Duration,
}

impl Again {
    /// Beside a peer's wire bytes and its time, each with the share of it that is good enough.
    fn rows(
        &self,
        what: &str,
        size: u64,
        [(wire, wire_goal), (time, time_goal)]: [(peer::Peer, f64); 2],
    ) -> Vec<Figure> {
        let bytes = |name: &str, bytes: u64, unit| {
            Figure::counted(
                SECTION,
                format!("{what}: {name}"),
                size,
                (bytes as f64, unit),
            )
        };
        let both = self.up.bytes + self.down.bytes;
        let share = |figure: Figure| figure.against("both ways on the wire", both as f64);
        vec![
            bytes("wire", both, "B")
                .against(wire.name, wire.figure)
                .goal(wire_goal),
            share(bytes("wire up", self.up.bytes, "B")),
            share(bytes("wire down", self.down.bytes, "B")),
            share(bytes("payload up", self.payload_up, "B")),
            share(bytes("payload down", self.payload_down, "B")),
            Figure::timed(
                SECTION,
                format!("{what}: time on the edge line"),
                size,
                (timing::millis(self.took), "ms"),
            )
            .against(time.name, time.figure)
            .goal(time_goal),
        ]
    }
}

async fn reconnect(
    field: &Field,
    apart: impl AsyncFnOnce() -> Result<(), MeasureError>,
) -> Result<Again, MeasureError> {
    field.cut().await?;
    apart().await?;
    let (before, payload) = (field.lines.counts(TOWNSHIP), payload(field).await?);
    let started = Instant::now();
    field.heal().await?;
    field.until_quiet().await?;
    let took = started.elapsed();
    tokio::time::sleep(Duration::from_secs(SETTLE_S)).await;
    let after = field.lines.counts(TOWNSHIP);
    let payload_after = self::payload(field).await?;
    Ok(Again {
        up: difference(after.0, before.0),
        down: difference(after.1, before.1),
        payload_up: payload_after[0] - payload[0],
        payload_down: payload_after[1] - payload[1],
        took,
    })
}

fn difference(after: LineCount, before: LineCount) -> LineCount {
    LineCount {
        packets: after.packets - before.packets,
        bytes: after.bytes - before.bytes,
        lost: after.lost - before.lost,
        dropped: after.dropped - before.dropped,
    }
}

/// Bytes of frames that the township has sent, and received.
async fn payload(field: &Field) -> Result<[u64; 2], MeasureError> {
    let state = field.province.state(TOWNSHIP).await?;
    let sum = |name: &str| {
        let lanes = state[name].as_array().into_iter().flatten();
        lanes.filter_map(Json::as_u64).sum()
    };
    Ok([sum("sent_bytes"), sum("received_bytes")])
}

/// Bytes a second of a line on which nothing happens.
async fn idle(field: &Field) -> Result<f64, MeasureError> {
    let both = |field: &Field| {
        let (up, down) = field.lines.counts(TOWNSHIP);
        up.bytes + down.bytes
    };
    let before = both(field);
    tokio::time::sleep(Duration::from_secs(IDLE_S)).await;
    Ok((both(field) - before) as f64 / IDLE_S as f64)
}

async fn edit(client: &Client, subject: &Subject, more: &str) -> Result<(), MeasureError> {
    let texts = client
        .get(&format!("/api/v1/cases/{}/texts", subject.case))
        .await?;
    let mut items = texts["items"].as_array().into_iter().flatten();
    let plan = items.find(|text| text["name"] == "plan");
    let plan = plan.ok_or_else(|| MeasureError::Wrong("a case has no plan".to_owned()))?;
    let value = format!("{}\n{more}", plan["value"].as_str().unwrap_or_default());
    let path = format!("/api/v1/cases/{}/texts/plan", subject.case);
    let body = json!({ "base": plan["version"], "value": value });
    client
        .send("PUT", &path, Some(&body))
        .await?
        .wanted(&path, 200)?;
    Ok(())
}

/// The line comes back with a heap of notes behind it.
async fn load(field: &Field) -> Result<(), MeasureError> {
    field.cut().await?;
    let officer = field.officer(TOWNSHIP, "officer").await?;
    write_notes(&officer, &field.subjects, NOTES).await?;
    field.heal().await
}

/// What was measured beside the heap counts only if the heap is not through.
async fn still_loaded(field: &Field) -> Result<(), MeasureError> {
    let state = field.province.state(TOWNSHIP).await?;
    if state["waiting"] == json!([0, 0, 0]) {
        return Err(MeasureError::Wrong(
            "the heap of notes must outlast the alarms".to_owned(),
        ));
    }
    Ok(())
}
