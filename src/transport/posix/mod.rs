//! The transports that are Unix's own, and what their names have in common.

pub(in crate::transport) mod claim;
pub(in crate::transport) mod fifo;
pub(in crate::transport) mod named;
mod passed;
pub(crate) mod pipe;
pub(in crate::transport) mod place;
pub(in crate::transport) mod seqpacket;
pub(in crate::transport) mod uds;
