//! What is left: by a server that died to the next one, to a program that is executed, in a full folder.

use crate::message::{LARGE, MAX_MESSAGE, PLAIN, SMALL, message};
use crate::scene::is_end;
use crate::support::processes::send;
use crate::support::processes::state::{await_state, children, numbers_in, own_thread};
use crate::support::{self, Address, PATIENCE, Process, TRANSPORTS, add, stay, within};
use calc_ipc::error::Status;
use calc_ipc::service::{Client, Handler, Server, pipe};
use calc_ipc::transport::{ClientOptions, ServerOptions};
use std::collections::BTreeSet;
use std::io::{PipeWriter, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::sync::mpsc;
use std::time::Instant;

const FIFO: usize = 1;
const SHM: usize = 2;

/// The server takes the announcement out of the FIFO and dies; before the client looks, the next one
/// has opened the FIFO, and so it never ends.
#[test]
fn a_client_whose_announcement_died_with_its_server_hears_of_it_from_the_next() {
    let (transport, address) = (&TRANSPORTS[FIFO], Address::new());
    let mut first = Process::fork_until_ready(|say_so| {
        let endpoint = (transport.bind)(&address, &ServerOptions::default()).unwrap();
        let _server = Server::new(endpoint, Handler::Calculator).unwrap();
        say_so();
        stay()
    });
    let client = transport.client_with(&address, &within(300));
    let mut announced = std::fs::OpenOptions::new()
        .read(true)
        .custom_flags(libc::O_NONBLOCK)
        .open(address.path("q.hello"))
        .unwrap();
    announced.read_exact(&mut [0; 64]).unwrap();
    drop(announced);
    first.kill();
    let next = transport.serve(&address, Handler::Calculator, &ServerOptions::default());
    let status = client.call(&add(1, 1)).unwrap_err().status();
    assert!(is_end(&format!("{status:?}")), "{status:?}");
    assert_eq!(transport.client(&address).call(&add(2, 2)).unwrap(), Ok(4));
    drop((client, next));
    assert_eq!(address.leftovers(), [""; 0]);
}

/// A server that begins looks at what clients of dead servers left. It must not look at its own: one
/// that was seen had its answers ended.
#[test]
fn a_client_that_comes_while_a_server_begins_is_served() {
    let (transport, address) = (&TRANSPORTS[FIFO], Address::new());
    for number in 0..2000 {
        std::fs::write(address.path(&format!("q.{number:032x}.a")), "no FIFO").unwrap();
    }
    for round in 0..20 {
        std::thread::scope(|scope| {
            let client = scope.spawn(|| {
                loop {
                    match (transport.connect)(&address, &within(60_000)) {
                        Ok(channel) => {
                            return Client::new(channel, &within(60_000)).call(&add(round, 1));
                        }
                        Err(error) => assert_eq!(error.status(), Status::NotConnected),
                    }
                }
            });
            let options = ServerOptions::default();
            let _server = transport.serve(&address, Handler::Calculator, &options);
            assert_eq!(client.join().unwrap().unwrap(), Ok(round + 1), "{round}");
        });
    }
}

fn descriptors() -> BTreeSet<i32> {
    numbers_in("/proc/self/fd").into_iter().collect()
}

#[test]
fn every_descriptor_is_closed_by_exec() {
    // A process of its own: other tests open descriptors too.
    let ok = Process::fork(|| {
        let before = descriptors();
        let child = pipe::create(Handler::Calculator, &ClientOptions::default()).unwrap();
        assert_eq!(child.call(&add(1, 1)).unwrap(), Ok(2));
        for transport in &TRANSPORTS {
            let address = Address::new();
            let server = transport.serve(&address, Handler::Calculator, &ServerOptions::default());
            let client = transport.client(&address);
            assert_eq!(client.call(&add(1, 1)).unwrap(), Ok(2));
            let new: Vec<_> = descriptors().difference(&before).copied().collect();
            assert!(new.len() > 3, "{}", transport.name);
            for fd in new {
                // SAFETY: reads a flag; the folder's own descriptor, which is closed by now, gives -1.
                let flags = unsafe { libc::fcntl(fd, libc::F_GETFD) };
                assert_ne!(flags & libc::FD_CLOEXEC, 0, "{}: {fd}", transport.name);
            }
            drop((client, server));
        }
    })
    .succeeded();
    assert!(ok);
}

/// Gives this process a /dev/shm of its own, with room for nothing; `false` if it may not.
fn fill_dev_shm() -> bool {
    let (none, shm) = (c"none".as_ptr(), c"/dev/shm".as_ptr());
    let (private, data) = (libc::MS_REC | libc::MS_PRIVATE, std::ptr::null());
    // SAFETY: strings; what is mounted is seen by this process alone.
    unsafe {
        libc::unshare(libc::CLONE_NEWNS) == 0
            && libc::mount(none, c"/".as_ptr(), std::ptr::null(), private, data) == 0
            && libc::mount(
                none,
                shm,
                c"tmpfs".as_ptr(),
                0,
                c"nr_inodes=1".as_ptr().cast(),
            ) == 0
    }
}

#[test]
#[expect(clippy::print_stderr, reason = "a test that cannot be made says so")]
fn a_full_dev_shm_is_a_failure_of_create() {
    let address = Address::new();
    let before = address.leftovers();
    let ok = Process::fork(|| {
        if !fill_dev_shm() {
            eprintln!("a private /dev/shm takes root: not tested");
            return;
        }
        for _ in 0..3 {
            let full = (TRANSPORTS[SHM].bind)(&address, &ServerOptions::default());
            let error = full.err().unwrap();
            assert_eq!(error.status(), Status::System);
            assert!(error.context().contains("/dev/shm/"), "{error}");
        }
        assert_eq!(address.leftovers(), [""; 0]);
    })
    .succeeded();
    assert!(ok);
    assert_eq!(address.leftovers(), before);
}

/// A handler that leaves a process behind, which keeps what the child has open, and tells its number.
fn leaving_an_orphan() -> Handler {
    Handler::bytes(|_, room| {
        let orphan = Process::fork(|| stay());
        room[..4].copy_from_slice(&orphan.number().to_le_bytes());
        std::mem::forget(orphan);
        Some(4)
    })
}

/// Lets a child leave a process behind, begins a call of this length, which the child never reads, and
/// kills the child; the call has to end for the child's own end, since no pipe has one.
fn kill_child_with_orphan(length: usize, mut say: &PipeWriter) {
    let options = ClientOptions {
        max_message: MAX_MESSAGE,
        ..within(15_000)
    };
    let client = pipe::create(leaving_an_orphan(), &options).unwrap();
    let child = children("self")[0];
    let mut orphan = [0; 4];
    client
        .call_bytes(&message(PLAIN, SMALL, 1), &mut orphan)
        .unwrap();
    say.write_all(&orphan).unwrap();
    send(child, libc::SIGSTOP);
    await_state(child, child, 'T');
    std::thread::scope(|scope| {
        let (tell, told) = mpsc::channel();
        let client = &client;
        let call = scope.spawn(move || {
            let request = message(PLAIN, length, 2);
            tell.send(own_thread()).unwrap();
            client.call_bytes(&request, &mut [])
        });
        await_state("self", told.recv().unwrap(), 'S');
        send(child, libc::SIGKILL);
        let begin = Instant::now();
        assert_eq!(support::status(call.join().unwrap()), Status::PeerDied);
        assert!(begin.elapsed() < PATIENCE);
    });
}

#[test]
fn a_child_that_dies_is_noticed_though_its_own_child_keeps_the_pipes() {
    for length in [SMALL, LARGE] {
        let (mut said, say) = std::io::pipe().unwrap();
        // A process of its own, so that it has no other child.
        let host = Process::fork(|| kill_child_with_orphan(length, &say));
        drop(say);
        let mut orphan = [0; 4];
        said.read_exact(&mut orphan).unwrap();
        let ok = host.succeeded();
        send(i32::from_le_bytes(orphan), libc::SIGKILL);
        assert!(ok, "{length}");
    }
}
