//! What a set tells, and whom.

#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

use super::super::poll::wait_for;
use super::super::stream::tests::pair;
use super::table::FEW;
use super::*;
use crate::sys::deadline::Deadline;
use crate::sys::{Bell, socket};
use std::sync::mpsc;

/// The tokens that are told now.
fn told(poller: &Poller) -> Vec<u64> {
    tokens(poller, Some(Duration::ZERO))
}

fn tokens(poller: &Poller, time: Option<Duration>) -> Vec<u64> {
    let mut events = [Event::EMPTY; 8];
    let count = poller.wait(&mut events, time).unwrap();
    let mut tokens: Vec<_> = events.iter().take(count).map(Event::token).collect();
    tokens.sort_unstable();
    tokens
}

/// The tokens of the first events from now on.
fn first_told(poller: &Poller) -> Vec<u64> {
    tokens(poller, None)
}

/// How many keys the port has.
fn keys(poller: &Poller) -> usize {
    let now = Some(Duration::ZERO);
    poller.set.port.take(&mut [LOOK; AT_ONCE], now).unwrap()
}

#[test]
fn bells_are_told_as_long_as_they_ring_or_once_for_each_ring() {
    let poller = Poller::new().unwrap();
    let (level, edge) = (Bell::new().unwrap(), Bell::new().unwrap());
    poller.add(level.as_source(), Want::READ, 1).unwrap();
    let once = Want::READ | Want::EDGE;
    poller.add(edge.as_source(), once, 2).unwrap();
    assert_eq!(told(&poller), []);
    level.ring();
    edge.ring();
    assert_eq!(told(&poller), [1, 2]);
    assert_eq!(told(&poller), [1]);
    edge.ring();
    assert_eq!(told(&poller), [1, 2]);
    level.silence();
    assert_eq!(told(&poller), []);
    let again = poller.add(level.as_source(), Want::READ, 3).unwrap_err();
    assert_eq!(again.kind(), ErrorKind::AlreadyExists);
    poller.remove(level.as_source()).unwrap();
    level.ring();
    assert_eq!(told(&poller), []);
    poller.add(level.as_source(), Want::READ, 3).unwrap();
    assert_eq!(told(&poller), [3]);
}

#[test]
fn bytes_are_told_once_or_until_they_are_read() {
    for (is_edge, want) in [(false, Want::READ), (true, Want::READ | Want::EDGE)] {
        for [own, peer] in pair() {
            let poller = Poller::new().unwrap();
            poller.add(peer.as_source(), want, 7).unwrap();
            assert_eq!(told(&poller), []);
            for _ in 0..3 {
                socket::send_now(own.as_source(), b"xyz").unwrap();
                assert_eq!(first_told(&poller), [7]);
                assert_eq!(told(&poller).is_empty(), is_edge);
                assert_eq!(socket::recv_now(peer.as_source(), &mut [0; 9]).unwrap(), 3);
                assert_eq!(told(&poller), []);
            }
            drop(own);
            assert_eq!(first_told(&poller), [7]);
            assert_eq!(socket::recv_now(peer.as_source(), &mut [0; 9]).unwrap(), 0);
        }
    }
}

#[test]
fn what_began_to_be_read_before_is_told_too() {
    for [own, peer] in pair() {
        socket::recv_now(peer.as_source(), &mut [0; 9]).unwrap_err();
        let poller = Poller::new().unwrap();
        poller.add(peer.as_source(), Want::READ, 7).unwrap();
        assert_eq!(told(&poller), []);
        socket::send_now(own.as_source(), b"x").unwrap();
        assert_eq!(first_told(&poller), [7]);
        let other = Poller::new().unwrap();
        let refused = other.add(peer.as_source(), Want::READ, 7).unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::Unsupported);
        poller.remove(peer.as_source()).unwrap();
        assert_eq!(told(&poller), []);
        poller.add(peer.as_source(), Want::READ, 8).unwrap();
        assert_eq!(told(&poller), [8]);
    }
}

#[test]
fn room_is_told_once_what_was_written_before_is_gone() {
    for [own, peer] in pair() {
        let poller = Poller::new().unwrap();
        let fill = || {
            let sent = std::iter::from_fn(|| socket::send_now(own.as_source(), &[0; 60_000]).ok());
            sent.sum::<usize>()
        };
        let drain = |count: usize| {
            let mut left = count;
            while left > 0 {
                left -= socket::recv(peer.as_source(), &mut vec![0; 60_000]).unwrap();
            }
        };
        let room = Want::WRITE | Want::EDGE;
        let filled = fill();
        poller.add(own.as_source(), room, 1).unwrap();
        assert_eq!(told(&poller), []);
        drain(filled);
        assert_eq!(first_told(&poller), [1]);
        let filled = fill();
        assert_eq!(told(&poller), []);
        drain(filled);
        assert_eq!(first_told(&poller), [1]);
        assert_eq!(told(&poller), []);
        poller.change(own.as_source(), room, 2).unwrap();
        assert_eq!(told(&poller), [2]);
    }
}

#[test]
fn a_set_in_another_one_is_told_of() {
    for [own, peer] in pair() {
        let (outer, inner) = (Poller::new().unwrap(), Poller::new().unwrap());
        let bell = Bell::new().unwrap();
        inner.add(bell.as_source(), Want::READ, 1).unwrap();
        inner.add(peer.as_source(), Want::READ, 2).unwrap();
        outer.add(inner.as_source(), Want::READ, 9).unwrap();
        assert_eq!(told(&outer), []);
        bell.ring();
        assert_eq!(first_told(&outer), [9]);
        assert_eq!(told(&inner), [1]);
        bell.silence();
        assert_eq!(told(&outer), []);
        socket::send_now(own.as_source(), b"x").unwrap();
        assert_eq!(first_told(&outer), [9]);
        assert_eq!(told(&inner), [2]);
    }
}

#[test]
fn no_set_is_in_itself() {
    let sets = [(); 3].map(|()| Poller::new().unwrap());
    let add = |outer: usize, inner: usize| {
        sets[outer]
            .add(sets[inner].as_source(), Want::READ, 1)
            .is_ok()
    };
    assert!(!add(0, 0) && add(0, 1) && add(1, 2));
    assert!(!add(1, 0) && !add(2, 0) && !add(2, 1) && add(0, 2));
}

#[test]
fn a_host_waits_for_an_object_of_the_set() {
    for [own, peer] in pair() {
        let poller = Poller::new().unwrap();
        poller.add(peer.as_source(), Want::READ, 1).unwrap();
        let object = [poller.set.object().unwrap()];
        let soon = Some(Duration::from_mins(1));
        assert_eq!(told(&poller), []);
        assert!(!wait_for(&object, Some(Duration::ZERO)).unwrap());
        for _ in 0..3 {
            socket::send_now(own.as_source(), b"x").unwrap();
            assert!(wait_for(&object, soon).unwrap());
            assert_eq!(first_told(&poller), [1]);
            assert!(wait_for(&object, Some(Duration::ZERO)).unwrap());
            assert_eq!(socket::recv_now(peer.as_source(), &mut [0; 9]).unwrap(), 1);
            assert_eq!(told(&poller), []);
            assert!(!wait_for(&object, Some(Duration::ZERO)).unwrap());
        }
    }
}

#[test]
fn a_host_is_not_woken_for_what_was_taken_before_the_port_told_of_it() {
    for [own, peer] in pair() {
        let poller = Poller::new().unwrap();
        poller.add(peer.as_source(), Want::READ, 1).unwrap();
        let key = lock(&poller.set.table).last;
        let object = [poller.set.object().unwrap()];
        assert_eq!(told(&poller), []);
        poller.set.pass_on(&[key]);
        assert!(!wait_for(&object, Some(Duration::ZERO)).unwrap());
        socket::send_now(own.as_source(), b"x").unwrap();
        assert!(wait_for(&object, Some(Duration::from_mins(1))).unwrap());
        assert_eq!(first_told(&poller), [1]);
    }
}

#[test]
fn what_rang_before_a_host_asked_for_the_object_is_signalled_at_once() {
    let poller = Poller::new().unwrap();
    let bell = Bell::new().unwrap();
    poller.add(bell.as_source(), Want::READ, 1).unwrap();
    assert_eq!(told(&poller), []);
    bell.ring();
    let mut objects = Vec::new();
    poller.set.objects(Want::READ, &mut objects).unwrap();
    assert!(wait_for(&objects, Some(Duration::ZERO)).unwrap());
}

#[test]
fn what_no_set_has_any_more_tells_no_port() {
    for [own, peer] in pair() {
        let poller = Poller::new().unwrap();
        poller.add(peer.as_source(), Want::READ, 7).unwrap();
        assert_eq!(told(&poller), []);
        poller.remove(peer.as_source()).unwrap();
        let nothing_yet = || socket::recv_now(peer.as_source(), &mut [0; 9]).unwrap_err();
        nothing_yet();
        keys(&poller);
        for _ in 0..3 {
            nothing_yet();
            socket::send_now(own.as_source(), b"x").unwrap();
            assert_eq!(socket::recv(peer.as_source(), &mut [0; 9]).unwrap(), 1);
        }
        assert_eq!(keys(&poller), 0);
        nothing_yet();
        poller.add(peer.as_source(), Want::READ, 8).unwrap();
        assert_eq!(told(&poller), []);
        socket::send_now(own.as_source(), b"x").unwrap();
        assert_eq!(first_told(&poller), [8]);
    }
}

#[test]
fn whoever_reads_and_never_waits_leaves_few_keys_behind() {
    for [own, peer] in pair() {
        let poller = Poller::new().unwrap();
        poller.add(peer.as_source(), Want::READ, 7).unwrap();
        assert_eq!(told(&poller), []);
        for _ in 0..2 * AT_ONCE {
            socket::send_now(own.as_source(), b"x").unwrap();
            while socket::recv_now(peer.as_source(), &mut [0; 9]).is_err() {}
        }
        assert!(keys(&poller) <= 2);
        socket::send_now(own.as_source(), b"x").unwrap();
        assert_eq!(first_told(&poller), [7]);
    }
}

#[test]
fn whoever_slept_before_a_host_waits_for_an_object_is_told() {
    let (poller, bell) = (Poller::new().unwrap(), Bell::new().unwrap());
    poller.add(bell.as_source(), Want::READ, 1).unwrap();
    assert_eq!(told(&poller), []);
    let sleep = || tokens(&poller, Some(Duration::from_mins(1)));
    thread::scope(|scope| {
        let sleepers = [(); 3].map(|()| scope.spawn(sleep));
        while poller.set.at_port.load(Ordering::SeqCst) < sleepers.len() {
            thread::sleep(SLICE);
        }
        poller.set.object().unwrap();
        let soon = Deadline::after(Some(Duration::from_secs(30)));
        while poller.set.at_port.load(Ordering::SeqCst) > 0 {
            assert!(!soon.has_passed());
            thread::sleep(SLICE);
        }
        bell.ring();
        for sleeper in sleepers {
            assert_eq!(sleeper.join().unwrap(), [1]);
        }
    });
}

#[test]
fn each_thread_that_sleeps_is_told() {
    let (poller, bell) = (Poller::new().unwrap(), Bell::new().unwrap());
    poller.add(bell.as_source(), Want::READ, 1).unwrap();
    std::thread::scope(|scope| {
        let sleepers = [(); 3].map(|()| scope.spawn(|| first_told(&poller)));
        bell.ring();
        for sleeper in sleepers {
            assert_eq!(sleeper.join().unwrap(), [1]);
        }
    });
}

#[test]
fn what_has_gone_is_forgotten() {
    let poller = Poller::new().unwrap();
    for number in 0..1000 {
        let bell = Bell::new().unwrap();
        poller.add(bell.as_source(), Want::READ, number).unwrap();
    }
    assert!(lock(&poller.set.table).entries.len() <= 2 * FEW);
    assert_eq!(told(&poller), []);
}

#[test]
fn sets_that_are_in_one_another_by_turns_tell_each_other_with_an_end() {
    let (tell, told) = mpsc::channel();
    thread::spawn(move || {
        let (one, other) = (Poller::new().unwrap(), Poller::new().unwrap());
        thread::scope(|scope| {
            for (outer, inner) in [(&one, &other), (&other, &one)].repeat(3) {
                scope.spawn(move || {
                    for _ in 0..3000 {
                        // It is refused while the outer one is in the inner one, or another thread has put it there.
                        let _ = outer.add(inner.as_source(), Want::READ, 1);
                        let _ = outer.remove(inner.as_source());
                    }
                });
            }
        });
        tell.send(()).unwrap();
    });
    told.recv_timeout(Duration::from_secs(60)).unwrap();
}

#[test]
fn what_one_thread_removes_and_another_adds_tells_the_set_as_long_as_it_is_in_it() {
    let (poller, bell) = (Poller::new().unwrap(), Bell::new().unwrap());
    let source = bell.as_source();
    poller.add(source, Want::READ, 1).unwrap();
    for _ in 0..2000 {
        thread::scope(|scope| {
            scope.spawn(|| poller.remove(source).unwrap());
            scope.spawn(|| while poller.add(source, Want::READ, 1).is_err() {});
        });
        assert!(!source.watchable().watchers().are_none());
    }
}
