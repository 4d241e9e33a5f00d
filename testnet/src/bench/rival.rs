//! Peers that run as programs of their own: a private `PostgreSQL` on a socket in a temporary directory,
//! `SQLite` and GEOS through Python. Each is looked for when the bench runs; where one is not found, a
//! sentence says so and its figures are left out.

use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// Where Debian keeps the programs of a server that are not on the path.
const POSTGRES_HOME: &str = "/usr/lib/postgresql";
/// The user as whom a server runs where the bench runs as root, which `PostgreSQL` refuses.
const POSTGRES_USER: &str = "postgres";
/// Rows a second of a `SQLite` file that is synced at each commit: seconds, rows in a commit, path.
const SQLITE: &str = "
import sqlite3, sys, time
secs, batch, path = float(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
c = sqlite3.connect(path, isolation_level=None)
c.execute('pragma journal_mode=wal'); c.execute('pragma synchronous=full')
c.execute('create table report(device int, ts int, lat real, lon real, acc real, speed real,'
          ' heading real, battery int, seq int, primary key(device, ts, seq)) without rowid')
t, n = time.perf_counter(), 0
while time.perf_counter() - t < secs:
    c.execute('begin')
    c.executemany('insert into report values(?,?,?,?,?,?,?,?,?)',
        [((n + i) * 7919 % 20000, 1790000000000 + n, 45.1, 7.1, 5.5, 1.2, 90, 77, n + i)
         for i in range(batch)])
    c.execute('commit'); n += batch
print(n / (time.perf_counter() - t))
";
/// Places a second that are looked at against every area of a file: containment, then whether it is
/// nearer than a distance, both prepared.
const GEOS: &str = "
import json, sys, time
import numpy as np, shapely
secs, given = float(sys.argv[1]), json.load(open(sys.argv[2]))
areas = [shapely.MultiPolygon([shapely.Polygon(p[0], p[1:]) for p in a]) for a in given['areas']]
shapely.prepare(areas)
places = np.array(given['places']); points = shapely.points(places)
x, y = np.ascontiguousarray(places[:, 0]), np.ascontiguousarray(places[:, 1])
def rate(judge, some):
    t, n = time.perf_counter(), 0
    while True:
        for area in areas: judge(area, some)
        n += some
        if time.perf_counter() - t >= secs: return n / (time.perf_counter() - t)
print(rate(lambda a, k: shapely.contains_xy(a, x[:k], y[:k]), len(places)))
print(rate(lambda a, k: shapely.dwithin(a, points[:k], given['near']), min(len(places), 500)))
";

/// Why a peer has no figure, as a sentence.
pub(super) type Absent = String;

/// Runs a script of numbers, one a line.
fn python(script: &str, needs: &str, args: &[&str]) -> Result<Vec<f64>, Absent> {
    let absent = || format!("{needs} was not found: its figures are left out");
    let probe = Command::new("python3")
        .args(["-c", &format!("import {needs}")])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    if !probe.is_ok_and(|status| status.success()) {
        return Err(absent());
    }
    let output = Command::new("python3")
        .args(["-c", script])
        .args(args)
        .output();
    let output = output.map_err(|_| absent())?;
    let text = String::from_utf8_lossy(&output.stdout);
    let numbers: Vec<f64> = text.lines().filter_map(|line| line.parse().ok()).collect();
    if numbers.is_empty() {
        let said = String::from_utf8_lossy(&output.stderr);
        let last = said.lines().last().unwrap_or_default();
        return Err(format!("{needs} gave no figure: {last}"));
    }
    Ok(numbers)
}

/// Rows a second that `SQLite` makes durable, so many in a commit.
pub(super) fn sqlite(batch: usize, least: Duration) -> Result<f64, Absent> {
    let directory = tempfile::tempdir().map_err(|error| error.to_string())?;
    let path = directory.path().join("peer.db");
    let (secs, batch) = (least.as_secs_f64().to_string(), batch.to_string());
    let path = path.to_string_lossy();
    Ok(python(SQLITE, "sqlite3", &[&secs, &batch, &path])?[0])
}

/// Places a second that GEOS tells to be in every one of some areas, and nearer to them than `near`
/// degrees.
pub(super) fn geos(
    areas: &[geo::MultiPolygon<f64>],
    places: &[geo::Coord<f64>],
    near: f64,
    least: Duration,
) -> Result<(f64, f64), Absent> {
    let ring = |ring: &geo::LineString<f64>| -> Vec<[f64; 2]> {
        ring.coords().map(|at| [at.x, at.y]).collect()
    };
    let polygon = |polygon: &geo::Polygon<f64>| -> Vec<Vec<[f64; 2]>> {
        let rings = std::iter::once(polygon.exterior()).chain(polygon.interiors());
        rings.map(ring).collect()
    };
    let area = |area: &geo::MultiPolygon<f64>| area.iter().map(polygon).collect::<Vec<_>>();
    let given = serde_json::json!({
        "areas": areas.iter().map(area).collect::<Vec<_>>(),
        "places": places.iter().map(|at| [at.x, at.y]).collect::<Vec<_>>(),
        "near": near,
    });
    let directory = tempfile::tempdir().map_err(|error| error.to_string())?;
    let path = directory.path().join("given.json");
    fs::write(&path, given.to_string()).map_err(|error| error.to_string())?;
    let secs = least.as_secs_f64().to_string();
    let numbers = python(GEOS, "shapely", &[&secs, &path.to_string_lossy()])?;
    match numbers[..] {
        [inside, near] => Ok((inside, near)),
        _ => Err("shapely gave half of its figures".to_owned()),
    }
}

/// A server of its own, which ends with this value.
pub(super) struct Postgres {
    programs: PathBuf,
    directory: TempDir,
    as_user: bool,
}

impl Postgres {
    /// Makes and starts one.
    pub(super) fn start() -> Result<Self, Absent> {
        let programs = programs().ok_or("PostgreSQL was not found: its figures are left out")?;
        let directory = tempfile::tempdir().map_err(|error| error.to_string())?;
        let as_user = is_root();
        let server = Self {
            programs,
            directory,
            as_user,
        };
        if as_user {
            let given = Command::new("chown")
                .arg(POSTGRES_USER)
                .arg(server.home())
                .status();
            if !given.is_ok_and(|status| status.success()) {
                return Err("PostgreSQL has no user here: its figures are left out".to_owned());
            }
        }
        let (data, home) = (server.data(), server.home().to_string_lossy().into_owned());
        server.run("initdb", &["-D", &data, "-A", "trust", "-U", POSTGRES_USER])?;
        let settings = format!(
            "listen_addresses=''\nunix_socket_directories='{home}'\nshared_buffers=512MB\n\
             max_wal_size=4GB\nfsync=on\nsynchronous_commit=on\nmax_connections=64\n"
        );
        let file = fs::OpenOptions::new().append(true).open(server.data_file());
        let written = file.and_then(|mut file| file.write_all(settings.as_bytes()));
        written.map_err(|error| error.to_string())?;
        let log = format!("{home}/log");
        server.run("pg_ctl", &["-D", &data, "-l", &log, "-w", "start"])?;
        server.sql(
            "create table report(device bigint not null, ts timestamptz not null, lat float8, \
             lon float8, acc real, speed real, heading real, battery smallint, seq bigint, \
             primary key(device, ts, seq))",
        )?;
        Ok(server)
    }

    /// Rows a second of single inserts, each its own commit, by so many clients.
    pub(super) fn inserts(&self, clients: usize, least: Duration) -> Result<f64, Absent> {
        let script = self.home().join("insert.sql");
        let text = "\\set d random(1, 20000)\n\\set s random(1, 9000000000000)\n\
                    insert into report values(:d, now(), 45.1+:d*1e-5, 7.1, 5.5, 1.2, 90, 77, :s);\n";
        fs::write(&script, text).map_err(|error| error.to_string())?;
        let secs = least.as_secs().max(1).to_string();
        let (home, clients) = (self.home().to_string_lossy(), clients.to_string());
        let script = script.to_string_lossy();
        let args = [
            "-h",
            &home,
            "-U",
            POSTGRES_USER,
            "-n",
            "-M",
            "prepared",
            "-f",
            &script,
            "-c",
            &clients,
            "-j",
            "2",
            "-T",
            &secs,
            "postgres",
        ];
        let said = self.run("pgbench", &args)?;
        let rate = said.lines().find_map(|line| line.strip_prefix("tps = "));
        let rate = rate.and_then(|rest| rest.split(' ').next()?.parse().ok());
        rate.ok_or_else(|| format!("pgbench told no rate: {said}"))
    }

    /// Rows a second by COPY of `batch` rows, each a commit, by one client for about so long.
    pub(super) fn copies(&self, batch: usize, least: Duration) -> Result<f64, Absent> {
        let mut count = 20;
        loop {
            self.sql("truncate report")?;
            let script = self.copy_script(batch, count)?;
            let started = Instant::now();
            self.client(["-f", &script])?;
            let took = started.elapsed();
            if took >= least || count >= 1 << 16 {
                return Ok(super::timing::per_second(batch * count, took));
            }
            count *= 2;
        }
    }

    fn copy_script(&self, batch: usize, count: usize) -> Result<String, Absent> {
        let path = self.home().join("copy.sql");
        let mut text = String::new();
        for number in 0..batch * count {
            if number % batch == 0 {
                text.push_str("copy report from stdin;\n");
            }
            let device = number * 7_919 % 20_000;
            let row = format!("{device}\t2026-11-23 00:00:00+00\t45.1\t7.1\t5.5\t1.2\t90\t77\t");
            text.push_str(&row);
            let _ = writeln!(text, "{}", count * 1_000_000 + number);
            if number % batch == batch - 1 {
                text.push_str("\\.\n");
            }
        }
        fs::write(&path, text).map_err(|error| error.to_string())?;
        Ok(path.to_string_lossy().into_owned())
    }

    fn sql(&self, text: &str) -> Result<String, Absent> {
        self.client(["-c", text])
    }

    /// Runs statements, or a file of them, until one fails.
    fn client(&self, [how, what]: [&str; 2]) -> Result<String, Absent> {
        let home = self.home().to_string_lossy().into_owned();
        let strict = "ON_ERROR_STOP=1";
        let common = ["-h", &home, "-U", POSTGRES_USER, "-q", "-X", "-v", strict];
        let args: Vec<&str> = common.into_iter().chain([how, what, "postgres"]).collect();
        self.run("psql", &args)
    }

    fn run(&self, program: &str, args: &[&str]) -> Result<String, Absent> {
        let path = self.programs.join(program);
        let mut command = if self.as_user {
            let mut command = Command::new("runuser");
            command.args(["-u", POSTGRES_USER, "--"]).arg(path);
            command
        } else {
            Command::new(path)
        };
        // A server keeps what it was given open, so it is given no pipe.
        let said = self.home().join("said");
        let out = fs::File::create(&said).map_err(|error| error.to_string())?;
        let same = out.try_clone().map_err(|error| error.to_string())?;
        let command = command.args(args).current_dir("/").stdin(Stdio::null());
        let status = command.stdout(out).stderr(same).status();
        let said = fs::read_to_string(&said).unwrap_or_default();
        match status {
            Ok(status) if status.success() => Ok(said),
            _ => Err(format!("{program} of PostgreSQL failed: {}", said.trim())),
        }
    }

    fn home(&self) -> &Path {
        self.directory.path()
    }

    fn data(&self) -> String {
        self.home().join("data").to_string_lossy().into_owned()
    }

    fn data_file(&self) -> PathBuf {
        self.home().join("data").join("postgresql.conf")
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        let data = self.data();
        let _ = self.run("pg_ctl", &["-D", &data, "-m", "immediate", "-w", "stop"]);
    }
}

/// Where `initdb` and its like are: of the newest server that Debian keeps, or on the path.
fn programs() -> Option<PathBuf> {
    let homes = fs::read_dir(POSTGRES_HOME).into_iter().flatten().flatten();
    let mut homes: Vec<PathBuf> = homes.map(|home| home.path().join("bin")).collect();
    homes.sort();
    homes.reverse();
    let path = std::env::var_os("PATH").unwrap_or_default();
    homes.extend(std::env::split_paths(&path));
    let wanted = ["initdb", "pg_ctl", "psql", "pgbench"];
    let has_all = |home: &PathBuf| wanted.iter().all(|name| home.join(name).is_file());
    homes.into_iter().find(has_all)
}

fn is_root() -> bool {
    let id = Command::new("id").arg("-u").output();
    id.is_ok_and(|output| output.stdout.trim_ascii() == b"0")
}

/// What a peer gave, or none and the sentence why among the notes.
pub(super) fn told<T>(given: Result<T, Absent>, notes: &mut Vec<String>) -> Option<T> {
    match given {
        Ok(given) => Some(given),
        Err(absent) => {
            if !notes.contains(&absent) {
                notes.push(absent);
            }
            None
        }
    }
}
