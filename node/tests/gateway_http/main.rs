//! A real gateway on the loopback over a real store on the disk, driven as phones and bands drive
//! it.

#![allow(clippy::unwrap_used)]

mod band;
mod check;
mod client;
mod door;
mod form_story;
mod fuzz;
mod power_cut;
mod quick_story;
mod refusal;
mod signed;
mod tcp_door;
mod tcp_fuzz;
mod tcp_story;
mod vendor;
mod watch_story;
mod world;
