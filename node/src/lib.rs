//! The shell.

pub mod tool;
