//! The walk that the control page starts: one person at a time, out over the county line.

use crate::province::Province;
use crate::seed::Subject;
use crate::walk::{STEP_MS, report, times, way_out};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::RwLock;
use tokio::task::AbortHandle;

/// Whoever walks now.
#[derive(Clone)]
pub(super) struct Walker {
    province: Arc<RwLock<Province>>,
    told: Arc<Mutex<String>>,
    walking: Arc<Mutex<Option<AbortHandle>>>,
}

impl Walker {
    pub(super) fn new(province: Arc<RwLock<Province>>) -> Self {
        Self {
            province,
            told: Arc::default(),
            walking: Arc::default(),
        }
    }

    /// What the page is told of the walk.
    pub(super) fn told(&self) -> String {
        held(&self.told).clone()
    }

    /// Starts a walk; one that goes on is ended.
    pub(super) fn start(&self, subject: Subject, speed: f64) {
        let walker = self.clone();
        let task = tokio::spawn(async move { walker.walk(&subject, speed).await });
        if let Some(before) = held(&self.walking).replace(task.abort_handle()) {
            before.abort();
        }
    }

    async fn walk(&self, subject: &Subject, speed: f64) {
        let county = {
            let province = self.province.read().await;
            let parent = province.sites[&subject.office].plan.parent.clone();
            parent.map(|parent| province.sites[&parent].plan.code.clone())
        };
        let Some(way) = county.and_then(|code| way_out(&code)) else {
            return self.tell("没有这个县的边界");
        };
        let times = times(jiff::Timestamp::now().as_millisecond(), way.len());
        let pause = Duration::from_secs_f64(STEP_MS as f64 / 1_000.0 / speed);
        let mut pace = tokio::time::interval(pause);
        for (at, (place, time)) in way.iter().zip(times).enumerate() {
            pace.tick().await;
            let gateway = self.province.read().await.gateway(&subject.office);
            let path = report(&subject.device, *place, time);
            let sent = match gateway {
                Ok(gateway) => gateway
                    .send("GET", &path, None)
                    .await
                    .map(|a| a.status)
                    .ok(),
                Err(_) => None,
            };
            let how = match sent {
                Some(200) => "已收",
                Some(_) => "未收",
                None => "机构未运行",
            };
            self.tell(&format!("{}: {}/{} {how}", subject.name, at + 1, way.len()));
        }
    }

    fn tell(&self, line: &str) {
        line.clone_into(&mut held(&self.told));
    }
}

fn held<T>(lock: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    lock.lock().unwrap_or_else(PoisonError::into_inner)
}
