//! The device's side of the gateway, to measure it: many connections kept alive, each one device
//! that sends its next report when the last one was acknowledged.

use super::turn::BATCH_MAX;
use serde_json::{Value, json};
use std::io;
use std::net::SocketAddr;
use std::time::{Duration, Instant};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpStream;

/// Longest answer that is read, bytes.
const ANSWER_BYTES_MAX: usize = 1024 * 1024;
/// Time between two reports of a device, ms.
const STEP_MS: i64 = 1_000;

/// A device that takes part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Driver {
    /// Its number.
    pub terminal: String,
    /// Its token.
    pub token: String,
}

/// What each device sends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Load {
    /// Requests, one after another.
    pub requests: usize,
    /// Reports in a request, 1 to [`BATCH_MAX`]; one goes in the form of OsmAnd, more as JSON.
    pub reports: usize,
    /// Device time of the first report, ms UTC; each further one is a second later.
    pub first_at: i64,
    /// Latitude and longitude around which they are, 1e-7 degree on WGS-84.
    pub around: (i32, i32),
}

/// What it came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Driven {
    /// Reports acknowledged as stored.
    pub accepted: u64,
    /// From the first request to the last answer.
    pub took: Duration,
}

impl Driven {
    /// Reports durable a second.
    pub fn per_s(&self) -> f64 {
        self.accepted as f64 / self.took.as_secs_f64()
    }
}

/// Drives a gateway with every device at once, a connection each. An answer other than 200 ends it
/// with an error.
pub async fn drive(gateway: SocketAddr, drivers: Vec<Driver>, load: Load) -> io::Result<Driven> {
    let mut connections = Vec::new();
    for driver in drivers {
        let stream = TcpStream::connect(gateway).await?;
        stream.set_nodelay(true)?;
        connections.push((requests(&driver, load), BufReader::new(stream)));
    }
    let started = Instant::now();
    let run = |(requests, stream)| tokio::spawn(converse(stream, requests));
    let running: Vec<_> = connections.into_iter().map(run).collect();
    let mut accepted = 0;
    for device in running {
        accepted += device.await.map_err(io::Error::other)??;
    }
    Ok(Driven {
        accepted,
        took: started.elapsed(),
    })
}

/// What a device sends, written before anybody looks at the clock.
fn requests(driver: &Driver, load: Load) -> Vec<String> {
    let request = |number: usize| {
        let first = number * load.reports;
        if load.reports == 1 {
            single(driver, load, first)
        } else {
            batch(driver, load, first)
        }
    };
    (0..load.requests).map(request).collect()
}

async fn converse(mut stream: BufReader<TcpStream>, requests: Vec<String>) -> io::Result<u64> {
    let mut accepted = 0;
    for request in requests {
        stream.write_all(request.as_bytes()).await?;
        let (status, body) = read_answer(&mut stream).await?;
        let answer: Value = serde_json::from_slice(&body).unwrap_or(Value::Null);
        if status != 200 {
            return Err(io::Error::other(format!("{status} {answer}")));
        }
        accepted += answer["accepted"].as_u64().unwrap_or(0);
    }
    Ok(accepted)
}

/// Device time and place of a report: to and fro over some 100 m, as a person walks.
fn point(load: Load, at: usize) -> (i64, f64, f64) {
    let along = (at % 200) as i32 - 100;
    let degrees = |e7: i32| f64::from(e7) / 1e7;
    let (lat, lon) = load.around;
    let time = load.first_at + at as i64 * STEP_MS;
    (time, degrees(lat), degrees(lon + along.abs() * 100))
}

fn single(driver: &Driver, load: Load, at: usize) -> String {
    let (time, lat, lon) = point(load, at);
    let Driver { terminal, token } = driver;
    format!(
        "GET /?id={terminal}&timestamp={time}&lat={lat:.7}&lon={lon:.7}&accuracy=10 HTTP/1.1\r\n\
         Host: gateway\r\nAuthorization: Bearer {token}\r\n\r\n"
    )
}

fn batch(driver: &Driver, load: Load, first: usize) -> String {
    let reports = load.reports.min(BATCH_MAX);
    let fixes = (first..first + reports).map(|at| {
        let (time, lat, lon) = point(load, at);
        json!({ "time": time, "lat": lat, "lon": lon, "datum": "wgs84", "accuracy_m": 10 })
    });
    let fixes: Vec<_> = fixes.collect();
    let body = json!({ "terminal": driver.terminal, "fixes": fixes }).to_string();
    format!(
        "POST /v1/fixes HTTP/1.1\r\nHost: gateway\r\nAuthorization: Bearer {}\r\n\
         Content-Length: {}\r\n\r\n{body}",
        driver.token,
        body.len()
    )
}

async fn read_answer(stream: &mut BufReader<TcpStream>) -> io::Result<(u16, Vec<u8>)> {
    let broken = |why: &str| io::Error::new(io::ErrorKind::InvalidData, why.to_owned());
    let mut line = String::new();
    stream.read_line(&mut line).await?;
    let status = line.split(' ').nth(1).and_then(|text| text.parse().ok());
    let status = status.ok_or_else(|| broken("an answer begins with its status"))?;
    let mut length = 0;
    loop {
        line.clear();
        stream.read_line(&mut line).await?;
        let Some((name, value)) = line.split_once(':') else {
            break;
        };
        if name.eq_ignore_ascii_case("content-length") {
            let bytes = value.trim().parse().ok();
            let bytes = bytes.filter(|bytes| *bytes <= ANSWER_BYTES_MAX);
            length = bytes.ok_or_else(|| broken("an answer has at most 1 MiB"))?;
        }
    }
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await?;
    Ok((status, body))
}
