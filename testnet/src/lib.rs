//! Many tiers.
