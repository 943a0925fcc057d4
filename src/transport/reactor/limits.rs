//! What the event loop is told by the user's options.

use crate::sys::cpu;
use crate::transport::{Answer, ServerOptions};
use std::time::Duration;

/// The most threads that a server has without being told to.
const MOST_THREADS: usize = 8;

/// The limits of a server, as the event loop needs them.
pub(crate) struct Limits {
    pub(crate) max_clients: usize,
    pub(crate) idle_timeout: Duration,
    pub(crate) spin: Duration,
    pub(crate) stop_when_idle: bool,
    /// Threads that serve; `None`: as many as help.
    pub(crate) workers: Option<usize>,
    pub(crate) max_message: u32,
    /// How long a frame, or an answer that nobody takes, may rest.
    pub(crate) stall_timeout: Duration,
}

impl Limits {
    /// From the user's options; `max_clients` is what suits the transport.
    pub(crate) fn new(options: &ServerOptions, max_clients: u32) -> Self {
        let size = |number: u32| usize::try_from(number).unwrap_or(usize::MAX);
        Self {
            max_clients: size(options.max_clients.unwrap_or(max_clients)),
            idle_timeout: options.idle_timeout,
            spin: options.spin,
            stop_when_idle: options.stop_when_idle,
            workers: Some(size(options.workers)).filter(|workers| *workers > 0),
            max_message: options.max_message,
            stall_timeout: options.stall_timeout,
        }
    }

    /// How many threads serve. Without being told, a user's handler is run by one. The calculator
    /// is run on every CPU that this process may use, since that leaves a thread of the server
    /// beside each client; a server that ends when idle has one client or a few.
    pub(super) fn threads(&self, answer: &dyn Answer) -> usize {
        let is_alone = self.stop_when_idle || !answer.is_for_many_threads();
        self.workers.unwrap_or_else(|| match is_alone {
            true => 1,
            false => cpu::usable().min(MOST_THREADS),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transport::stand_in::Echo;

    #[test]
    fn only_a_calculator_for_many_clients_has_many_threads_without_being_told() {
        let many = cpu::usable().min(MOST_THREADS);
        for (is_for_many, stop_when_idle, threads) in [
            (true, false, many),
            (true, true, 1),
            (false, false, 1),
            (false, true, 1),
        ] {
            let echo = Echo {
                is_for_many,
                ..Echo::default()
            };
            for (workers, threads) in [(0, threads), (3, 3)] {
                let options = ServerOptions {
                    workers,
                    stop_when_idle,
                    ..ServerOptions::default()
                };
                assert_eq!(Limits::new(&options, 8).threads(&echo), threads);
            }
        }
    }
}
