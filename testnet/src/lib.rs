//! Many offices on one machine: simulated ones in virtual time, real ones as processes.

pub mod band;
pub mod bench;
pub mod client;
pub mod corpus;
pub mod door;
pub mod ground;
pub mod lines;
pub mod live;
pub mod oracle;
pub mod paper;
pub mod people;
pub mod process;
pub mod province;
pub mod seed;
pub mod shaper;
pub mod sim;
pub mod topology;
pub mod ukey;
pub mod up;
pub mod walk;
