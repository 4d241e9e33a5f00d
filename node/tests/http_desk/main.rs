//! A real server on the loopback with a real store and a real Replica, driven as a browser drives
//! it.

#![allow(clippy::unwrap_used)]

mod account_story;
mod alarm_story;
mod audit_story;
mod bad_input;
mod band_story;
mod check_story;
mod client;
mod crowd;
mod device_story;
mod door;
mod due_story;
#[cfg(target_os = "linux")]
mod duty_story;
#[cfg(target_os = "linux")]
#[path = "../modem/emulator.rs"]
mod emulator;
mod evidence_story;
mod explain_story;
mod fault_story;
#[cfg(target_os = "linux")]
mod gateway_leave_story;
#[cfg(target_os = "linux")]
mod gather_story;
mod lan_story;
mod late_story;
mod leave_story;
mod live_page_story;
#[cfg(target_os = "linux")]
mod mass_story;
mod minor_story;
mod network_story;
mod office;
mod opening_story;
mod page_story;
mod position_story;
mod quarrel_story;
mod reenrol_story;
mod seal_story;
mod session_story;
mod superior;
mod text_story;
mod track_story;
