//! The binary as a process: offices come to life by files carried by hand, and what is refused is
//! refused with a status and a sentence.

#![allow(clippy::unwrap_used)]
#![cfg(unix)]

mod answer;
mod certificate;
mod life;
mod node;
mod reenrol;
mod refusal;
mod request;
mod rollback;
mod world;
