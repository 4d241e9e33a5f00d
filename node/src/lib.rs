//! The shell.

pub mod platform;
pub mod seal;
pub mod store;
