//! The shell.

pub mod account;
pub mod backup;
pub mod certificate;
pub mod command;
pub mod config;
pub mod drill;
pub mod event;
pub mod gateway;
mod hatch;
pub mod home;
pub mod http;
pub mod identity;
pub mod key;
pub mod link;
pub mod metric;
pub mod owner;
pub mod platform;
pub mod reenrol;
pub mod request;
pub mod run;
pub mod seal;
pub mod session;
pub mod store;
pub mod tool;
pub mod view;
pub mod web;
