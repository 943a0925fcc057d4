//! A client of shared memory that changes the length of its request as soon as the server has read it.
//!
//! A breakpoint of the processor (ptrace(2), debug registers) stops the server behind each instruction that
//! touches the length. Where that is not to be had, or is another machine's, there is nothing to see.

#![cfg(all(unix, target_arch = "x86_64"))]
#![allow(clippy::unwrap_used, reason = "this is a test")]

mod support;

use calc_ipc::transport::ServerOptions;
use std::fs::File;
use std::io::Read;
use std::os::unix::fs::MetadataExt;
use std::sync::atomic::Ordering;
use std::time::Duration;
use support::raw::Shared;
use support::{Address, Process, TRANSPORTS, echo, eventually, handle_in_process};

const SHM: usize = 2;
const SHORT: u32 = 8;
const LONG: u32 = u32::MAX >> 1;
/// What stands for the length of an answer where the request was too large.
const TOO_LARGE: u32 = 0xFFFF_FF01;

/// A process with one thread, whose every step this thread may watch.
struct Traced<'a>(&'a Process);

/// Why it has stopped.
#[derive(PartialEq, Eq)]
enum Stop {
    /// It was asked to.
    Asked,
    /// It touched what is watched.
    Touched,
}

/// What is asked of the kernel: the C libraries disagree on the sign.
#[cfg(not(target_env = "musl"))]
type Request = libc::c_uint;
#[cfg(target_env = "musl")]
type Request = libc::c_int;

impl Traced<'_> {
    fn ask(&self, request: Request, address: usize, data: usize) -> bool {
        // SAFETY: these requests write nothing here; the process is a child of this thread's.
        unsafe { libc::ptrace(request, self.0.number(), address, data) == 0 }
    }

    /// Why it has stopped, if it has by now.
    fn next_stop(&self) -> Option<Stop> {
        let mut status = 0;
        let flags = libc::__WALL | libc::WNOHANG;
        // SAFETY: a place for its status.
        let found = unsafe { libc::waitpid(self.0.number(), &raw mut status, flags) };
        assert!(found == 0 || libc::WIFSTOPPED(status), "it died: {status}");
        (found != 0).then_some(match status >> 16 {
            libc::PTRACE_EVENT_STOP => Stop::Asked,
            _ => Stop::Touched,
        })
    }

    fn go_on(&self) {
        assert!(self.ask(libc::PTRACE_CONT, 0, 0));
    }

    /// Has it stop behind each instruction that reads or writes the four bytes at this address from now on.
    fn watch(&self, address: usize) -> bool {
        const READ_OR_WRITE_FOUR_BYTES: usize = 0xF_0000;
        assert!(self.ask(libc::PTRACE_INTERRUPT, 0, 0));
        eventually("it stops", || match self.next_stop() {
            None => false,
            Some(Stop::Asked) => true,
            Some(Stop::Touched) => {
                self.go_on();
                false
            }
        });
        let register = |number: usize| std::mem::offset_of!(libc::user, u_debugreg) + 8 * number;
        let poke = |number, value| self.ask(libc::PTRACE_POKEUSER, register(number), value);
        let is_watched = poke(7, 0) && poke(0, address) && poke(7, READ_OR_WRITE_FOUR_BYTES | 1);
        self.go_on();
        is_watched
    }
}

/// Where the server has the length of the client's next request.
fn place_of_length(server: &Process, client: &Shared) -> usize {
    let page = File::from(client.page.try_clone().unwrap());
    let inode = page.metadata().unwrap().ino().to_string();
    let maps = std::fs::read_to_string(format!("/proc/{}/maps", server.number())).unwrap();
    let mapping = maps
        .lines()
        .find(|line| line.split_whitespace().nth(4) == Some(&inode));
    let (start, _) = mapping.unwrap().split_once('-').unwrap();
    let offset = u32::from_le_bytes(client.record[16..20].try_into().unwrap());
    usize::from_str_radix(start, 16).unwrap() + usize::try_from(offset).unwrap() + 8
}

/// What the server answers to a request with this length, which becomes the other once it was read; `None`: the
/// connection ends without an answer.
fn ask(server: &Traced<'_>, client: &Shared, [first, second]: [u32; 2]) -> Option<u32> {
    client.word(2).store(first, Ordering::SeqCst);
    client.word(0).store(2, Ordering::SeqCst);
    client.ring();
    let mut was_read = false;
    eventually("an answer or an end", || {
        if server.next_stop().is_some() {
            was_read = true;
            client.word(2).store(second, Ordering::SeqCst);
            server.go_on();
        }
        client.answered() == 1 || matches!((&client.control).read(&mut [0]), Ok(0))
    });
    assert!(was_read, "without being looked at");
    (client.answered() == 1).then(|| client.word(18).load(Ordering::SeqCst))
}

#[test]
fn a_length_that_changes_after_it_was_read_is_the_one_that_was_read() {
    let address = Address::new();
    let options = ServerOptions {
        workers: 1,
        spin: Duration::ZERO,
        ..ServerOptions::default()
    };
    let process = handle_in_process(&TRANSPORTS[SHM], &address, &options, echo());
    let server = Traced(&process);
    if !server.ask(libc::PTRACE_SEIZE, 0, 0) {
        return;
    }
    for (lengths, answer) in [
        ([SHORT, LONG], SHORT),
        ([SHORT, 0], SHORT),
        ([LONG, SHORT], TOO_LARGE),
    ] {
        let client = Shared::take(&format!("/dev/shm/{}", address.word));
        client.control.set_nonblocking(true).unwrap();
        if !server.watch(place_of_length(&process, &client)) {
            return;
        }
        assert_eq!(ask(&server, &client, lengths), Some(answer), "{lengths:?}");
    }
}
