//! What several tests need.

pub mod header;
