//! The shell.

pub mod config;
pub mod key;
pub mod link;
pub mod platform;
pub mod seal;
pub mod store;
pub mod tool;
