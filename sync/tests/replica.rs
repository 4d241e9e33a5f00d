//! Whole nodes against one another in memory: a province, a county and its townships over links
//! that can be cut.

#![allow(clippy::unwrap_used)]

#[path = "replica/audit.rs"]
mod audit;
#[path = "replica/bad_input.rs"]
mod bad_input;
#[path = "replica/carry.rs"]
mod carry;
#[path = "replica/check.rs"]
mod check;
#[path = "replica/converge.rs"]
mod converge;
#[path = "replica/departure.rs"]
mod departure;
#[path = "replica/fork.rs"]
mod fork;
#[path = "replica/fuzz.rs"]
mod fuzz;
#[path = "replica/gateway.rs"]
mod gateway;
#[path = "replica/gather.rs"]
mod gather;
#[path = "replica/ground.rs"]
mod ground;
#[path = "replica/heard.rs"]
mod heard;
#[path = "replica/hostile.rs"]
mod hostile;
#[path = "replica/induction.rs"]
mod induction;
#[path = "replica/kind.rs"]
mod kind;
#[path = "replica/late.rs"]
mod late;
#[path = "replica/net.rs"]
mod net;
#[path = "replica/passage.rs"]
mod passage;
#[path = "replica/prepare.rs"]
mod prepare;
#[path = "replica/quarrel.rs"]
mod quarrel;
#[path = "replica/receipt.rs"]
mod receipt;
#[path = "replica/shred.rs"]
mod shred;
#[path = "replica/sign.rs"]
mod sign;
#[path = "replica/suite.rs"]
mod suite;
#[path = "replica/supervise.rs"]
mod supervise;
#[path = "replica/swarm.rs"]
mod swarm;
#[path = "replica/threat.rs"]
mod threat;
#[path = "replica/track.rs"]
mod track;
#[path = "replica/world.rs"]
mod world;
