//! The transports that are Unix's own, and what their names have in common.

pub(in crate::transport) mod claim;
pub mod fifo;
pub(in crate::transport) mod named;
pub mod pipe;
pub(in crate::transport) mod place;
pub mod uds;
