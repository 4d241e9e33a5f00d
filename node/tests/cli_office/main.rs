//! The binary as a process: offices come to life by files carried by hand, and what is refused is
//! refused with a status and a sentence.

#![allow(clippy::unwrap_used)]
#![cfg(unix)]

mod administrator;
mod answer;
mod attempt;
mod certificate;
mod endorse;
mod evidence;
mod hatch;
mod life;
mod node;
mod office;
mod page;
mod reenrol;
mod refusal;
mod request;
mod rest;
mod rollback;
mod root;
mod seal;
mod seat;
mod stand_in;
mod suite;
mod terminal;
mod world;
