//! How long requests are put into the buffer.

use super::*;
use crate::sys::cpu;
use crate::sys::wait::processors;
use crate::transport::shm::layout::FILLED;

/// What the request's line says, once one of so many bytes was sent, of how many of them are there.
fn filled(shared: &mut Shared, length: usize) -> u64 {
    let body: Vec<u8> = (0..length).map(|place| place.to_le_bytes()[0]).collect();
    let line = shared.page.line(0);
    line.data[FILLED].store(0, Ordering::SeqCst);
    let number = layout::number(line.word.load(Ordering::SeqCst));
    let sent = shared.channel.send_body(&body, &Deadline::never());
    sent.unwrap();
    let mut there = vec![0; length];
    shared.buffer.read(0, &mut there);
    assert_eq!(there, body);
    let line = shared.page.line(0);
    let word = layout::word(layout::next(number));
    assert_eq!(line.word.load(Ordering::SeqCst), word, "it is published");
    assert_eq!(layout::load_prefix(line) as usize, length);
    line.data[FILLED].load(Ordering::SeqCst)
}

const LONG: usize = 40_000;

/// A client of a server that `follows`, or not, and answered last on this CPU.
fn client_of(follows: bool, cpu: u16) -> Shared {
    let mut shared = Shared::new();
    let (buffer, ours) = whole(LONG);
    shared.buffer = buffer;
    let session = shared.channel.session().unwrap();
    session.buffer = Some(Box::new(ours));
    session.max_message = 40_000;
    session.follows = follows;
    shared.page.line(1).cpu.store(cpu, Ordering::SeqCst);
    shared
}

#[test]
fn a_long_request_is_announced_to_a_server_that_follows_by_a_client_that_spins() {
    for (follows, spin, length, is_announced) in [
        (true, 50, LONG, processors() > 1),
        (true, 50, 1000, false),
        (true, 0, LONG, false),
        (false, 50, LONG, false),
    ] {
        let mut shared = client_of(follows, cpu::UNKNOWN);
        shared.channel.spin = Spin::of_memory(Duration::from_micros(spin));
        let expected = if is_announced { length as u64 } else { 0 };
        for _ in 0..2 {
            assert_eq!(
                filled(&mut shared, length),
                expected,
                "{follows} {spin} {length}"
            );
        }
    }
}

#[test]
fn a_server_on_the_same_cpu_is_not_woken_twice() {
    let is_quiet = |_| filled(&mut client_of(true, cpu::current()), LONG) == 0;
    // Unless this thread is moved to another CPU in between, each time.
    assert!((0..1000).any(is_quiet));
}

#[test]
fn a_client_spins_longer_for_a_long_request_that_is_copied_and_not_for_the_next() {
    let send = |channel: &mut SharedChannel, length: usize| {
        let sent = channel.send_body(&vec![0; length], &Deadline::never());
        sent.unwrap();
    };
    let lend = |channel: &mut SharedChannel, length: usize| {
        let sent = channel.send_lent(length, &Deadline::never());
        sent.unwrap();
    };
    for copies in [true, false] {
        let mut shared = client_of(copies, cpu::UNKNOWN);
        let channel = &mut shared.channel;
        let usual = channel.spin.budget();
        for length in [LONG, 10, LONG, 60] {
            let is_longer = copies && length == LONG;
            let longer = Duration::from_micros(if is_longer { 2 } else { 0 });
            for give in [&send as &dyn Fn(&mut SharedChannel, usize), &lend] {
                give(channel, length);
                assert_eq!(channel.spin.budget(), usual + longer, "{length}, {copies}");
            }
        }
        let _ = filled(&mut shared, LONG);
        let sent = shared.channel.send(b"\x01\0\0\0a", &Deadline::never());
        sent.unwrap();
        assert_eq!(shared.channel.spin.budget(), usual, "a frame, {copies}");
    }
}
