//! What happens to servers and clients during a soak, and who takes their place.

use crate::random::Random;
use crate::role::{role, start};
use crate::scene::serving;
use crate::soak::Soak;
use crate::support::processes::Actor;
use crate::support::processes::state::children;

impl Soak<'_> {
    /// Kills and stops children that serve. Gives how many faults there were.
    pub(crate) fn attack_children(&self) -> u32 {
        let mut random = Random::new(self.seed);
        let mut faults = 0;
        while self.tally.lock().unwrap().answered < self.calls {
            let gap = 1 + random.below(1000);
            self.await_more(u64::try_from(gap).unwrap(), |tally| tally.answered);
            let children = children("self");
            if children.is_empty() {
                continue;
            }
            let child = children[random.below(children.len())];
            // SAFETY: a child of this process; if it was reaped since, that changes nothing.
            let send = |signal| unsafe { libc::kill(child, signal) };
            match random.below(3) {
                0 => send(libc::SIGKILL),
                1 => send(libc::SIGSTOP) + send(libc::SIGKILL),
                _ => {
                    send(libc::SIGSTOP);
                    self.await_more(1, |tally| tally.timed_out);
                    send(libc::SIGCONT)
                }
            };
            faults += 1;
        }
        faults
    }

    /// A last server takes the address over, stops in order, and removes what all others left.
    pub(crate) fn strike(&self) {
        let mut last = start(&role("server", self.name, &self.address));
        assert_eq!(last.hear(), "bound");
        last.say("stop");
        assert_eq!(last.hear(), "stopped");
        last.kill();
    }
}

/// The processes that suffer.
pub(crate) struct Faults<'a> {
    soak: &'a Soak<'a>,
    random: Random,
    server: Actor,
    victim: Actor,
    is_victim_stopped: bool,
}

impl<'a> Faults<'a> {
    pub(crate) fn new(soak: &'a Soak<'a>) -> Self {
        Self {
            soak,
            random: Random::new(soak.seed),
            server: server(soak),
            victim: victim(soak),
            is_victim_stopped: false,
        }
    }

    /// Gives how many faults there were.
    pub(crate) fn inject(mut self) -> u32 {
        let mut faults = 0;
        while self.soak.tally.lock().unwrap().answered < self.soak.calls {
            let gap = 1 + self.random.below(1000);
            self.soak
                .await_more(u64::try_from(gap).unwrap(), |tally| tally.answered);
            self.one();
            faults += 1;
        }
        faults
    }

    fn one(&mut self) {
        match self.random.below(8) {
            0 | 1 => self.replace_server(),
            2 => {
                self.server.signal(libc::SIGSTOP);
                self.replace_server();
            }
            3 => {
                self.server.signal(libc::SIGSTOP);
                if self.random.is_heads() {
                    self.soak.await_more(1, |tally| tally.timed_out);
                }
                self.server.signal(libc::SIGCONT);
            }
            4 => {
                self.server.say("stop");
                assert_eq!(self.server.hear(), "stopped");
                self.replace_server();
            }
            5 => {
                self.replace_victim();
                self.replace_server();
            }
            6 => self.replace_victim(),
            _ => {
                let signal = if self.is_victim_stopped {
                    libc::SIGCONT
                } else {
                    libc::SIGSTOP
                };
                self.victim.signal(signal);
                self.is_victim_stopped = !self.is_victim_stopped;
            }
        }
    }

    /// Kills the server; the next is at its address at once.
    fn replace_server(&mut self) {
        self.server.kill();
        self.server = server(self.soak);
    }

    fn replace_victim(&mut self) {
        assert!(
            self.victim.is_running(),
            "a client that was to be killed has failed"
        );
        self.victim = victim(self.soak);
        self.is_victim_stopped = false;
    }
}

fn server(soak: &Soak<'_>) -> Actor {
    serving(soak.name, &soak.address)
}

fn victim(soak: &Soak<'_>) -> Actor {
    start(&role("caller", soak.name, &soak.address))
}
