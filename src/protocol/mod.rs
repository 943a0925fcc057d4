//! The protocol: how messages are put into frames. Pure: no I/O, no unsafe, nothing allocated.

pub mod frame;
