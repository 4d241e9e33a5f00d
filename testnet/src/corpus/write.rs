//! `testnet corpus`: people, reports and truth as files, so that any other judge can be held
//! against them, `jiaolian replay` among them.

use super::{Corpus, Land, Movement, Noise, Person};
use jiaolian_schema::fence::{Fence, FenceKind};
use jiaolian_schema::fix::{Coord, FIX_COLUMNS, Source, write_instant};
use jiaolian_schema::geo::Shape;
use jiaolian_schema::permit::Permit;
use jiaolian_schema::signal::Sign;
use serde_json::{Value as Json, json};
use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// `testnet corpus`.
#[derive(Debug, Clone, clap::Args)]
pub struct CorpusCommand {
    /// What makes it another corpus.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// How many people.
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    people: u32,
    /// Days of each.
    #[arg(long, default_value_t = 30, value_parser = clap::value_parser!(u32).range(1..=366))]
    days: u32,
    /// Real tracks `user,time_utc,lat,lon` as patterns of movement, `.csv` or `.csv.gz`.
    #[arg(long)]
    tracks: Option<PathBuf>,
    /// An empty or new folder; each person gets one in it.
    #[arg(long)]
    out: PathBuf,
}

/// Writes the corpus; 70 where it can't.
pub fn command(command: &CorpusCommand) -> ExitCode {
    match run(command) {
        Ok(line) => {
            let _ = writeln!(std::io::stdout(), "{line}");
            ExitCode::SUCCESS
        }
        Err(why) => {
            let _ = writeln!(std::io::stderr(), "corpus: {why}");
            ExitCode::from(70)
        }
    }
}

fn run(command: &CorpusCommand) -> Result<String, String> {
    let movement = command.tracks.as_deref().map(Movement::read).transpose();
    let movement = movement.map_err(|error| error.to_string())?;
    let corpus = Corpus {
        land: Land::demo().map_err(|error| error.to_string())?,
        movement: movement.unwrap_or_else(Movement::synthetic),
        noise: Noise::STATED,
        seed: command.seed,
        days: command.days as usize,
    };
    let mut reports = 0;
    let mut index = String::from("person,cohort,county\n");
    for number in 0..command.people as usize {
        let person = corpus.person(number);
        reports += person.heard.len();
        let (code, cohort) = (&person.code, person.cohort.name());
        let _ = writeln!(index, "{code},{cohort},{}", person.adcode);
        let folder = command.out.join(code);
        write_person(&folder, &person).map_err(|error| format!("{}: {error}", folder.display()))?;
    }
    let path = command.out.join("people.csv");
    fs::write(&path, index).map_err(|error| format!("{}: {error}", path.display()))?;
    Ok(format!(
        "{} people, {} days each, {reports} reports in {}",
        command.people,
        command.days,
        command.out.display()
    ))
}

fn write_person(folder: &Path, person: &Person) -> std::io::Result<()> {
    fs::create_dir_all(folder)?;
    let fences: Vec<Json> = person.fences.iter().map(fence_json).collect();
    let fences = json!({ "type": "FeatureCollection", "features": fences });
    fs::write(folder.join("fences.geojson"), fences.to_string())?;
    let permits: Vec<Json> = person.permits.iter().map(permit_json).collect();
    fs::write(folder.join("permits.json"), json!(permits).to_string())?;
    fs::write(folder.join("fixes.csv"), fixes_csv(person))?;
    fs::write(folder.join("signals.csv"), signals_csv(person))?;
    fs::write(folder.join("truths.csv"), truths_csv(person))
}

fn fixes_csv(person: &Person) -> String {
    let mut text = format!("{FIX_COLUMNS}\n");
    for point in person.heard.iter().filter_map(|report| report.point) {
        let source = match point.source {
            Source::Gnss => "gnss",
            Source::Wifi => "wifi",
            Source::Cell => "cell",
        };
        let _ = writeln!(
            text,
            "{},{},{},{},{}.{:03},{source}",
            person.code,
            write_instant(point.time),
            degrees(point.at.lat()),
            degrees(point.at.lon()),
            point.accuracy_mm / 1_000,
            point.accuracy_mm % 1_000,
        );
    }
    text
}

/// Everything that the device said of itself, a line a report.
fn signals_csv(person: &Person) -> String {
    let mut text = String::from("time,received_at,live,battery_percent,signs\n");
    for report in &person.heard {
        let said = Sign::ALL.into_iter();
        let signs: Vec<&str> = said
            .filter(|sign| report.signs.says(*sign) == Some(true))
            .map(Sign::name)
            .collect();
        let battery = report.signs.battery().map(|percent| percent.to_string());
        let _ = writeln!(
            text,
            "{},{},{},{},{}",
            write_instant(report.time),
            write_instant(report.received_at),
            report.live,
            battery.unwrap_or_default(),
            signs.join(" ")
        );
    }
    text
}

fn truths_csv(person: &Person) -> String {
    let mut text = String::from("day,kind,fence,from,to,weight\n");
    for day in 0..person.days {
        for truth in person.truths_of(day) {
            let _ = writeln!(
                text,
                "{day},{},{},{},{},{}",
                truth.kind,
                truth.fence,
                write_instant(truth.from),
                write_instant(truth.to),
                truth.weight.name()
            );
        }
    }
    text
}

fn degrees(units: i32) -> String {
    let sign = if units < 0 { "-" } else { "" };
    let units = units.unsigned_abs();
    format!("{sign}{}.{:07}", units / 10_000_000, units % 10_000_000)
}

fn fence_json(fence: &Fence) -> Json {
    let kind = match fence.kind() {
        FenceKind::KeepIn => "keep_in",
        FenceKind::KeepOut => "keep_out",
    };
    let schedule = if fence.id() == super::CURFEW_FENCE {
        json!([{ "days": [1, 2, 3, 4, 5, 6, 7], "from": "22:00", "to": "06:00" }])
    } else {
        Json::Null
    };
    json!({
        "type": "Feature",
        "properties": { "id": fence.id(), "kind": kind, "datum": "wgs84",
            "buffer_m": f64::from(fence.buffer_mm()) / 1_000.0, "schedule": schedule },
        "geometry": geometry(fence.shape()),
    })
}

fn permit_json(permit: &Permit) -> Json {
    let area = permit.area.as_ref().map(|shape| {
        let mut area = geometry(shape);
        area["datum"] = json!("wgs84");
        area
    });
    json!({
        "person": permit.person, "from": write_instant(permit.from),
        "to": write_instant(permit.to), "polygon": area,
        "signed": permit.signed.map(write_instant),
    })
}

fn geometry(shape: &Shape) -> Json {
    let place = |at: &Coord| json!([f64::from(at.lon()) / 1e7, f64::from(at.lat()) / 1e7]);
    let ring = |ring: &Vec<Coord>| -> Json { ring.iter().chain(ring.first()).map(place).collect() };
    let part = |rings: &Vec<Vec<Coord>>| -> Json { rings.iter().map(ring).collect() };
    let parts: Vec<Json> = shape.parts().iter().map(part).collect();
    json!({ "type": "MultiPolygon", "coordinates": parts })
}
