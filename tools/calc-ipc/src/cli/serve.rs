//! `calc-ipc serve`.

use crate::values;
use calc_ipc::transport::{Address, ServerOptions};
use clap::{Args, ValueHint};
use std::thread;
use std::time::Duration;

/// The most threads that a server has.
const MOST_WORKERS: u32 = 1024;

/// Serve the calculator, or messages of your own, at one or several addresses at once.
///
/// Prints the URL of each address, as bound, on standard output, one a line, once clients can
/// connect (on standard error with stdio:, whose standard output is the connection). If one
/// address cannot be had, none is served. SIGINT, SIGTERM and SIGHUP end it with exit status 0, and so
/// does the end of standard input with stdio:; nothing is left behind.
///
/// With --exec, each message goes to the standard input of a program of its own, and what that writes to its
/// standard output is the answer; a program that fails is a handler that failed. As many run at once as --workers
/// says, and they are killed when this command ends.
#[derive(Args, Debug)]
pub(crate) struct ServeArgs {
    /// Where to serve.
    #[arg(value_name = "URL", required = true, value_parser = values::server_url, value_hint = ValueHint::Url)]
    pub(crate) urls: Vec<Address>,
    /// Answer each message by this program, which may have arguments, as a shell would take them apart.
    #[arg(long, value_name = "PROGRAM", value_hint = ValueHint::CommandString, value_parser = values::program, conflicts_with = "echo")]
    pub(crate) exec: Option<values::Program>,
    /// Answer each message with itself.
    #[arg(long)]
    pub(crate) echo: bool,
    /// Log every request and its answer, and a sum at the end, on standard error.
    #[arg(short, long)]
    pub(crate) verbose: bool,
    /// Clients at once; further ones are refused. 0: what suits the transport.
    #[arg(long, value_name = "N", default_value_t = 0)]
    max_clients: u32,
    /// The longest message taken, from 259 to 64MiB.
    #[arg(long, value_name = "SIZE", default_value = "64KiB", value_parser = values::message_size)]
    max_message: u32,
    /// Threads that serve each address, 1024 at most; 0 lets the library choose, and with --exec is one for
    /// each processor.
    #[arg(long, value_name = "N", default_value_t = 0, value_parser = clap::value_parser!(u32).range(..=i64::from(MOST_WORKERS)))]
    workers: u32,
    /// Permission bits of what is made in the file system, 0001 to 0777; any beyond 0700 let other users in.
    #[arg(long, value_name = "OCTAL", default_value = "0600", value_parser = values::mode)]
    mode: u32,
    /// Drop a client that asks nothing for this long; 0: never.
    #[arg(long, value_name = "DURATION", default_value = "0", value_parser = values::duration)]
    idle_timeout: Duration,
    /// Drop a client that began a message and did not finish it in this time, and a second more for each
    /// MiB of it.
    #[arg(long, value_name = "DURATION", default_value = "5s", value_parser = values::duration)]
    stall_timeout: Duration,
    /// How long to look for work before sleeping in the kernel, 1ms at most; 0: not at all.
    #[arg(long, value_name = "DURATION", default_value = "50us", value_parser = values::duration)]
    spin: Duration,
    /// Allow addresses that other machines can reach.
    #[arg(long)]
    allow_remote: bool,
}

impl ServeArgs {
    fn workers(&self) -> u32 {
        match (self.workers, &self.exec) {
            // The library gives a user's handler one, which would run one program at a time.
            (0, Some(_)) => thread::available_parallelism()
                .ok()
                .and_then(|count| u32::try_from(count.get()).ok())
                .map_or(1, |count| count.min(MOST_WORKERS)),
            (workers, _) => workers,
        }
    }

    /// The library's options.
    pub(crate) fn options(&self) -> ServerOptions {
        ServerOptions {
            max_clients: Some(self.max_clients).filter(|clients| *clients > 0),
            max_message: self.max_message,
            workers: self.workers(),
            mode: self.mode,
            idle_timeout: self.idle_timeout,
            stall_timeout: self.stall_timeout,
            spin: self.spin,
            stop_when_idle: false,
            allow_remote: self.allow_remote,
            in_place: false, // Everything here takes copies.
        }
    }
}
