//! What a benchmark found.

pub(crate) mod html;
pub(crate) mod report;
