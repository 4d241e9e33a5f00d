//! One figure, what it is measured against, and what would be good enough.

use serde::Serialize;

/// Which way is better.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Better {
    /// Bytes, messages, times.
    Less,
    /// Things a second.
    More,
}

/// One row of the table.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Figure {
    /// Part of the bench.
    pub section: &'static str,
    /// What was measured.
    pub what: String,
    /// Over how many: dossiers, fences, acts.
    pub size: u64,
    /// The figure.
    pub figure: f64,
    /// In what.
    pub unit: &'static str,
    /// The peer or limit, with where its own figure comes from.
    pub against: String,
    /// The peer's figure in the same unit.
    pub against_figure: f64,
    /// Figure by peer's figure.
    pub ratio: f64,
    /// Which way is better.
    pub better: Better,
    /// The ratio that is good enough, where one was set.
    pub goal: Option<f64>,
    /// Whether a clock was read: such a figure is never tested.
    pub timed: bool,
}

impl Figure {
    /// A figure that a clock has no part in.
    pub(super) fn counted(
        section: &'static str,
        what: impl Into<String>,
        size: u64,
        (figure, unit): (f64, &'static str),
    ) -> Self {
        Self {
            section,
            what: what.into(),
            size,
            figure,
            unit,
            against: String::new(),
            against_figure: f64::NAN,
            ratio: f64::NAN,
            better: Better::Less,
            goal: None,
            timed: false,
        }
    }

    /// A figure read from a clock.
    pub(super) fn timed(
        section: &'static str,
        what: impl Into<String>,
        size: u64,
        figure: (f64, &'static str),
    ) -> Self {
        Self {
            timed: true,
            ..Self::counted(section, what, size, figure)
        }
    }

    /// Sets a peer's figure beside it.
    pub(super) fn against(self, peer: impl Into<String>, figure: f64) -> Self {
        let ratio = self.figure / figure;
        Self {
            against: peer.into(),
            against_figure: figure,
            ratio,
            ..self
        }
    }

    /// More of it is better.
    pub(super) fn more(self) -> Self {
        Self {
            better: Better::More,
            ..self
        }
    }

    /// The ratio that is good enough.
    pub(super) fn goal(self, ratio: f64) -> Self {
        Self {
            goal: Some(ratio),
            ..self
        }
    }

    /// Whether it is good enough; none where nothing was set.
    pub fn is_met(&self) -> Option<bool> {
        let goal = self.goal?;
        Some(match self.better {
            Better::Less => self.ratio <= goal,
            Better::More => self.ratio >= goal,
        })
    }
}
