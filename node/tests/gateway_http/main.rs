//! A real gateway on the loopback over a real store on the disk, driven as phones and bands drive
//! it.

#![allow(clippy::unwrap_used)]

mod client;
mod door;
mod form_story;
mod fuzz;
mod power_cut;
mod refusal;
mod watch_story;
mod world;
