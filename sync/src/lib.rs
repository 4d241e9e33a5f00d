//! What a node knows.
