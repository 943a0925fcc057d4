//! The command as people run it: the real binary, its output, its exit statuses, and what it leaves
//! behind.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "this is a test"
)]

mod asynchronous;
mod bench;
mod call;
mod crowd;
mod doctor;
mod gateway;
mod generate;
mod ls;
mod promises;
mod readme;
mod recommend;
mod recommend_asks;
mod recommend_lines;
mod report;
mod serve;
mod stream;
mod support;
