//! How a client waits.

use super::*;
use crate::sys::cpu;
use crate::sys::wait::processors;
use crate::transport::shm::client::waiting::{SLICE, YIELDS_IN_A_ROW, next_slice};
use crate::transport::shm::layout::CROWDED;

#[test]
fn a_client_spins_for_a_server_on_another_cpu() {
    let mut shared = Shared::new();
    shared
        .page
        .line(1)
        .cpu
        .store(cpu::UNKNOWN, Ordering::SeqCst);
    let frame = b"\x01\0\0\0a";
    shared.channel.send(frame, &Deadline::never()).unwrap();
    let over = Deadline::after(Some(Duration::ZERO));
    let error = shared.channel.recv(&over).unwrap_err();
    assert_eq!(error.status(), Status::TimedOut);
    // That found nothing, so that the next wait sleeps at once.
    assert!(!shared.channel.spin.may_spin());
}

/// How often a client that pauses for so long has given way in a row after each of so many waits, before which the server said this on
/// the client's CPU.
fn yields_where_the_server_said(
    kind: u16,
    spin: Duration,
    pause: Duration,
) -> [u32; 2 + YIELDS_IN_A_ROW as usize] {
    let mut shared = Shared::new();
    shared.channel.spin = Spin::of_memory(spin);
    shared.channel.yields = YIELDS_IN_A_ROW;
    std::array::from_fn(|_| {
        let reply = shared.page.line(1);
        reply.kind.store(kind, Ordering::SeqCst);
        reply.cpu.store(cpu::current(), Ordering::SeqCst);
        let (frame, over) = (b"\x01\0\0\0a", Deadline::after(Some(Duration::ZERO)));
        shared.channel.send(frame, &Deadline::never()).unwrap();
        shared.channel.recv(&over).unwrap_err();
        let waited = shared.channel.waited;
        shared.channel.waited = waited.and_then(|waited| waited.checked_sub(pause));
        shared.channel.yields
    })
}

#[test]
fn a_client_gives_way_to_a_crowd_on_the_servers_cpu_but_not_for_ever() {
    let crowded = layout::SINGLE | CROWDED;
    let (spin, never) = (Duration::from_micros(1), Duration::ZERO);
    let expected = match processors() {
        1 => [0; 6], // Nobody spins there.
        _ => [0, 1, 2, 3, 4, 0],
    };
    // Unless this thread is moved to another CPU in between, each time.
    let gives_way = |_| yields_where_the_server_said(crowded, spin, Duration::ZERO) == expected;
    assert!((0..1000).any(gives_way));
    for (kind, spin, pause) in [
        (layout::SINGLE, spin, Duration::ZERO),
        (crowded, never, Duration::ZERO),
        (crowded, spin, Duration::from_micros(50)),
    ] {
        let yields = yields_where_the_server_said(kind, spin, pause);
        assert!(!yields.contains(&1), "{yields:?}");
    }
}

#[test]
fn a_client_sleeps_by_slices_until_its_time_is_over_also_where_the_clock_stands_still() {
    let hour = Duration::from_secs(3600);
    let sleeps = |limit, slept| next_slice(&Deadline::after(limit), slept);
    let moment = Duration::from_millis(7);
    for (limit, slept, slice) in [
        (None, Duration::ZERO, Some(SLICE)),
        (None, hour, Some(SLICE)),
        (Some(hour), Duration::ZERO, Some(SLICE)),
        (Some(hour), SLICE, Some(SLICE)),
        (Some(hour), hour - moment, Some(moment)),
        (Some(hour), hour, None),
        (Some(moment), Duration::ZERO, Some(moment)),
        (Some(Duration::ZERO), Duration::ZERO, None),
    ] {
        assert_eq!(sleeps(limit, slept), slice, "{limit:?} {slept:?}");
    }
}
