//! What things are: envelopes, rosters, standing, rules, fences and the watch.
//!
//! Everything here is pure. No clock, entropy, input/output or hash order enters: time, randomness
//! and ids are
//! arguments. Whatever is true of a set of envelopes is true at every node that holds the set, in
//! whatever order it came.

pub mod act;
pub mod admit;
pub mod audit;
pub mod authority;
pub mod bundle;
pub mod calendar;
pub mod canon;
pub mod checkin;
pub mod content;
pub mod datum;
pub mod deadline;
pub mod desk;
pub mod device;
pub mod duty;
pub mod envelope;
pub mod explain;
pub mod fact;
pub mod fence;
pub mod fix;
pub mod gather;
pub mod geo;
pub mod hold;
pub mod id;
pub mod id_number;
pub mod jt808;
pub mod late;
pub mod merkle;
pub mod opinion;
pub mod permit;
pub mod rule;
pub mod schedule;
pub mod signal;
pub mod standing;
pub mod suite;
pub mod tally;
pub mod value;
pub mod watch;
pub mod workflow;
