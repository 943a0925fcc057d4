//! The command as people run it: the real binary, its output, its exit statuses, and what it leaves
//! behind.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "this is a test"
)]

#[cfg(unix)]
mod asynchronous;
#[cfg(unix)]
mod bench;
#[cfg(unix)]
mod call;
#[cfg(unix)]
mod colours;
#[cfg(unix)]
mod contestants;
#[cfg(unix)]
mod crowd;
mod doctor;
#[cfg(unix)]
mod frames;
#[cfg(unix)]
mod gateway;
mod generate;
#[cfg(unix)]
mod goals;
#[cfg(unix)]
mod ls;
#[cfg(unix)]
mod message;
#[cfg(unix)]
mod promises;
#[cfg(unix)]
mod readme;
#[cfg(unix)]
mod recommend;
#[cfg(unix)]
mod recommend_asks;
#[cfg(unix)]
mod recommend_lines;
mod report;
#[cfg(unix)]
mod serve;
#[cfg(unix)]
mod stats;
#[cfg(unix)]
mod stream;
mod support;
#[cfg(unix)]
mod systemd;
#[cfg(windows)]
mod windows;
