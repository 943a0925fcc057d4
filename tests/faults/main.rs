//! System calls that fail: the Nth of each kind, in every way that its manual page knows, on each side of
//! every transport. What a call of the library gives then is right, or an error that says what;
//! nothing hangs, crashes, prints or stays behind, and the next client, and the next server, are as good as ever.
//!
//! One side runs under a filter that asks its supervisor at each system call what is to become of it
//! (seccomp_unotify(2)), so that nothing of the library is replaced and nothing goes past it.
#![cfg(unix)]
#![allow(
    unreachable_pub,
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    reason = "these are tests"
)]

#[path = "../support/mod.rs"]
mod support;

mod calls;
mod injector;
mod role;
mod run;
mod short;
mod sweep;
mod sys;
mod transport;

use support::processes::Side;
use sweep::sweep;
use transport::Transport;

#[test]
fn uds_server() {
    sweep(&Transport::named("uds"), Side::Server);
}

#[test]
fn uds_client() {
    sweep(&Transport::named("uds"), Side::Client);
}

#[test]
fn seqpacket_server() {
    sweep(&Transport::named("seqpacket"), Side::Server);
}

#[test]
fn seqpacket_client() {
    sweep(&Transport::named("seqpacket"), Side::Client);
}

#[test]
fn fifo_server() {
    sweep(&Transport::named("fifo"), Side::Server);
}

#[test]
fn fifo_client() {
    sweep(&Transport::named("fifo"), Side::Client);
}

#[test]
fn shm_server() {
    sweep(&Transport::named("shm"), Side::Server);
}

#[test]
fn shm_client() {
    sweep(&Transport::named("shm"), Side::Client);
}

#[test]
fn tcp_server() {
    sweep(&Transport::named("tcp"), Side::Server);
}

#[test]
fn tcp_client() {
    sweep(&Transport::named("tcp"), Side::Client);
}

#[test]
fn pipe_client() {
    sweep(&Transport::pipe(), Side::Client);
}

#[test]
fn pipe_server() {
    sweep(&Transport::pipe(), Side::Server);
}

#[test]
fn spawn_client() {
    sweep(&Transport::spawn(), Side::Client);
}
