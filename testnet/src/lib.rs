//! Many tiers.

pub mod shaper;
