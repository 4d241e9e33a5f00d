//! The shell.

pub mod config;
pub mod event;
pub mod gateway;
pub mod http;
pub mod key;
pub mod link;
pub mod metric;
pub mod owner;
pub mod platform;
pub mod seal;
pub mod session;
pub mod store;
pub mod tool;
pub mod view;
pub mod web;
