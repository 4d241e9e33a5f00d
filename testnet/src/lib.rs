//! Many tiers.

pub mod oracle;
pub mod shaper;
pub mod sim;
