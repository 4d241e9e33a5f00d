//! Counters for an operator's eyes, as Prometheus text. They say how many, never who.

use crate::gateway::Count;
use std::fmt::Write as _;
use std::sync::atomic::{AtomicU64, Ordering};

/// Upper ends of the classes of commit time, µs.
pub const COMMIT_CLASSES_US: [u64; 8] =
    [500, 1_000, 2_500, 5_000, 10_000, 50_000, 250_000, 1_000_000];

/// What the process counted since its start.
#[derive(Debug, Default)]
pub struct Metrics {
    /// Requests answered.
    pub requests: AtomicU64,
    /// Requests refused with 4xx.
    pub requests_refused: AtomicU64,
    /// Requests failed with 5xx.
    pub requests_failed: AtomicU64,
    /// Sign-ins that worked.
    pub logins: AtomicU64,
    /// Sign-ins refused.
    pub logins_refused: AtomicU64,
    /// Jobs turned away because the queue was full.
    pub jobs_refused: AtomicU64,
    /// Durable commits.
    pub commits: AtomicU64,
    /// Rows written.
    pub rows: AtomicU64,
    /// Time in commits, µs.
    pub commit_us: AtomicU64,
    commit_classes: [AtomicU64; COMMIT_CLASSES_US.len()],
    /// Time of the newest commit, ms UTC; 0 for none.
    pub committed_at: AtomicU64,
    /// Frames sent, by lane.
    pub frames_out: [AtomicU64; 3],
    /// Bytes of frames sent, by lane.
    pub bytes_out: [AtomicU64; 3],
    /// Frames received, by lane.
    pub frames_in: [AtomicU64; 3],
    /// Bytes of frames received, by lane.
    pub bytes_in: [AtomicU64; 3],
    /// Position reports kept.
    pub fixes: AtomicU64,
    /// What came to the device gateway.
    pub gateway: Count,
}

/// One value that is read off when asked.
#[derive(Debug, Clone, Copy)]
pub struct Gauge {
    /// Name without the common first part.
    pub name: &'static str,
    /// What it means.
    pub help: &'static str,
    /// The value.
    pub value: u64,
}

const LANES: [&str; 3] = ["urgent", "normal", "bulk"];

/// Adds to a counter.
pub fn add(counter: &AtomicU64, value: u64) {
    counter.fetch_add(value, Ordering::Relaxed);
}

fn read(counter: &AtomicU64) -> u64 {
    counter.load(Ordering::Relaxed)
}

impl Metrics {
    /// Counts one durable commit.
    pub fn committed(&self, rows: usize, took_us: u64, at: i64) {
        add(&self.commits, 1);
        add(&self.rows, rows as u64);
        add(&self.commit_us, took_us);
        self.committed_at
            .store(u64::try_from(at).unwrap_or(0), Ordering::Relaxed);
        for (class, most_us) in self.commit_classes.iter().zip(COMMIT_CLASSES_US) {
            if took_us <= most_us {
                add(class, 1);
            }
        }
    }

    /// Counts one answer.
    pub fn answered(&self, status: u16) {
        add(&self.requests, 1);
        match status {
            400..500 => add(&self.requests_refused, 1),
            500.. => add(&self.requests_failed, 1),
            _ => {}
        }
    }

    /// All counters and the given gauges in Prometheus text form.
    pub fn text(&self, gauges: &[Gauge]) -> String {
        let mut out = String::new();
        let counters = [
            ("http_requests_total", "Requests answered.", &self.requests),
            (
                "http_refused_total",
                "Requests refused with 4xx.",
                &self.requests_refused,
            ),
            (
                "http_failed_total",
                "Requests failed with 5xx.",
                &self.requests_failed,
            ),
            ("logins_total", "Sign-ins.", &self.logins),
            (
                "logins_refused_total",
                "Sign-ins refused.",
                &self.logins_refused,
            ),
            (
                "jobs_refused_total",
                "Jobs turned away, queue full.",
                &self.jobs_refused,
            ),
            ("rows_total", "Rows written.", &self.rows),
            ("fixes_total", "Position reports kept.", &self.fixes),
        ];
        for (name, help, counter) in counters {
            head(&mut out, name, help, "counter");
            line(&mut out, name, read(counter));
        }
        self.gateway.write(&mut out);
        self.commit_text(&mut out);
        let lanes = [
            ("frames_out_total", "Frames sent.", &self.frames_out),
            ("bytes_out_total", "Bytes of frames sent.", &self.bytes_out),
            ("frames_in_total", "Frames received.", &self.frames_in),
            (
                "bytes_in_total",
                "Bytes of frames received.",
                &self.bytes_in,
            ),
        ];
        for (name, help, counters) in lanes {
            head(&mut out, name, help, "counter");
            for (lane, counter) in LANES.iter().zip(counters) {
                line(
                    &mut out,
                    &format!("{name}{{lane=\"{lane}\"}}"),
                    read(counter),
                );
            }
        }
        for gauge in gauges {
            head(&mut out, gauge.name, gauge.help, "gauge");
            line(&mut out, gauge.name, gauge.value);
        }
        out
    }

    fn commit_text(&self, out: &mut String) {
        let name = "commit_microseconds";
        head(out, name, "Time of durable commits.", "histogram");
        for (class, most_us) in self.commit_classes.iter().zip(COMMIT_CLASSES_US) {
            line(
                out,
                &format!("{name}_bucket{{le=\"{most_us}\"}}"),
                read(class),
            );
        }
        line(
            out,
            &format!("{name}_bucket{{le=\"+Inf\"}}"),
            read(&self.commits),
        );
        line(out, &format!("{name}_sum"), read(&self.commit_us));
        line(out, &format!("{name}_count"), read(&self.commits));
    }
}

fn head(out: &mut String, name: &str, help: &str, kind: &str) {
    let _ = writeln!(
        out,
        "# HELP jiaolian_{name} {help}\n# TYPE jiaolian_{name} {kind}"
    );
}

fn line(out: &mut String, name: &str, value: u64) {
    let _ = writeln!(out, "jiaolian_{name} {value}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commit_classes_are_cumulative_and_end_with_all() {
        let metrics = Metrics::default();
        metrics.committed(3, 700, 5);
        metrics.committed(1, 2_000_000, 6);
        let text = metrics.text(&[Gauge {
            name: "sessions",
            help: "Signed in.",
            value: 2,
        }]);
        assert!(text.contains("commit_microseconds_bucket{le=\"500\"} 0\n"));
        assert!(text.contains("commit_microseconds_bucket{le=\"1000\"} 1\n"));
        assert!(text.contains("commit_microseconds_bucket{le=\"1000000\"} 1\n"));
        assert!(text.contains("commit_microseconds_bucket{le=\"+Inf\"} 2\n"));
        assert!(text.contains("jiaolian_sessions 2\n"));
    }
}
