//! The systemd unit fits the program.

#![allow(clippy::unwrap_used, reason = "this is a test")]

use calc_ipc_gateway::cli::Cli;
use clap::Parser as _;
use std::time::Duration;

const UNIT: &str = include_str!("../systemd/calc-ipc-gateway@.service");
const MANUAL: &str = include_str!("../README.md");

/// The command line that a document shows behind `GATEWAY_OPTIONS=`.
fn shown(document: &str) -> Cli {
    let (_, rest) = document.split_once("GATEWAY_OPTIONS=").unwrap();
    let options = rest.split(['\n', '\'']).next().unwrap();
    let cli = Cli::try_parse_from(["calc-ipc-gateway"].into_iter().chain(options.split(' ')));
    let cli = cli.unwrap();
    cli.check().unwrap();
    cli
}

#[test]
fn the_options_that_are_shown_make_sense() {
    shown(UNIT);
    shown(MANUAL);
}

#[test]
fn calls_have_their_whole_grace_before_systemd_kills() {
    let (_, rest) = UNIT.split_once("\nTimeoutStopSec=").unwrap();
    let seconds = rest.lines().next().unwrap().parse().unwrap();
    let grace = shown(UNIT).limits.grace();
    assert!(Duration::from_secs(seconds) > grace);
}

#[test]
fn the_unit_executes_this_program_with_what_its_user_says() {
    assert!(UNIT.contains("\nExecStart=calc-ipc-gateway $GATEWAY_OPTIONS\n"));
    assert!(UNIT.contains("\nEnvironmentFile=/etc/calc-ipc/gateway/%i.conf\n"));
    assert!(MANUAL.contains("/etc/calc-ipc/gateway/alice.conf"));
}
