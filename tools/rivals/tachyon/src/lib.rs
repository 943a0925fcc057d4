//! What `tachyon.h` declares; nothing is added.

pub use tachyon_sys::*;
