//! A line of offices as real processes, for what only those can show.

use super::MeasureError;
use crate::client::Client;
use crate::ground::Ground;
use crate::lines::Lines;
use crate::process::Program;
use crate::province::{Province, is_agreed};
use crate::seed::{Subject, populate};
use crate::shaper::Line;
use crate::topology::{THIN, Topology};
use serde_json::{Value as Json, json};

/// The office that is looked at.
pub(super) const TOWNSHIP: &str = "heqing";
/// The office above it.
pub(super) const COUNTY: &str = "lengshuijiang";

/// Five offices, each below the other, with nothing but our lines between them.
pub(super) struct Field {
    pub(super) province: Province,
    pub(super) lines: Lines,
    pub(super) subjects: Vec<Subject>,
    /// Goes after the nodes.
    _ground: Ground,
    _dir: tempfile::TempDir,
}

impl Field {
    /// Founds, seeds and starts them on lines without limits, in network namespaces where that is
    /// allowed.
    pub(super) async fn open(cases: usize) -> Result<Self, MeasureError> {
        Self::open_on(cases, Ground::prepare).await
    }

    /// The same without namespaces.
    pub(super) async fn open_on_loopback(cases: usize) -> Result<Self, MeasureError> {
        Self::open_on(cases, |plan| {
            Ground::loopback(plan, "not asked for".to_owned())
        })
        .await
    }

    async fn open_on(
        cases: usize,
        ground: impl FnOnce(&Topology) -> Ground,
    ) -> Result<Self, MeasureError> {
        let program = Program::of_testnet(&std::env::current_exe()?);
        let dir = tempfile::tempdir()?;
        let mut topology =
            Topology::parse(THIN).map_err(|error| MeasureError::Wrong(error.to_string()))?;
        for office in &mut topology.offices {
            office.cases = if office.key == TOWNSHIP { cases } else { 0 };
        }
        let ground = ground(&topology);
        let mut province =
            Province::found_on(program, dir.path(), &topology, Some(&ground)).await?;
        let lines = Lines::lay(&province, &ground, Line::FREE).await?;
        let subjects = populate(&mut province).await?;
        Ok(Self {
            province,
            lines,
            subjects,
            _ground: ground,
            _dir: dir,
        })
    }

    pub(super) async fn officer(&self, key: &str, word: &str) -> Result<Client, MeasureError> {
        Ok(self.province.officer(key, word).await?)
    }

    /// Pulls the township's plug and waits until it is alone.
    pub(super) async fn cut(&self) -> Result<(), MeasureError> {
        self.province.set_line(TOWNSHIP, true).await?;
        for key in [TOWNSHIP, COUNTY] {
            let other = self.endpoint(if key == TOWNSHIP { COUNTY } else { TOWNSHIP })?;
            let is_alone = |state: &Json| !is_up(state, &other);
            self.province
                .until(key, "the line is down", is_alone)
                .await?;
        }
        Ok(())
    }

    /// Puts the plug in again and waits until both have agreed.
    pub(super) async fn heal(&self) -> Result<(), MeasureError> {
        self.province.set_line(TOWNSHIP, false).await?;
        let above = self.endpoint(COUNTY)?;
        let agreed = |state: &Json| is_agreed(state, &above);
        self.province
            .until(TOWNSHIP, "the line is agreed", agreed)
            .await?;
        Ok(())
    }

    /// Waits until neither end of the township's line has anything for the other.
    pub(super) async fn until_quiet(&self) -> Result<(), MeasureError> {
        for key in [TOWNSHIP, COUNTY] {
            let quiet = |state: &Json| state["waiting"] == json!([0, 0, 0]);
            self.province.until(key, "nothing waits", quiet).await?;
        }
        Ok(())
    }

    fn endpoint(&self, key: &str) -> Result<String, MeasureError> {
        Ok(self.province.running(key)?.ready.endpoint.clone())
    }
}

fn is_up(state: &Json, peer: &str) -> bool {
    let links = state["links"].as_array().into_iter().flatten();
    let mut of_peer = links.filter(|link| link["peer"] == peer);
    of_peer.any(|link| link["up"] == true)
}
