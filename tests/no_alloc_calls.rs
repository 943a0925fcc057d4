//! No call allocates after the first ones, on either side, over any transport.
//!
//! Alone in its program: the allocator counts what every thread does.

#![allow(clippy::unwrap_used, reason = "this is a test")]

mod support;

use calc_ipc::protocol::Request;
use calc_ipc::service::{Client, Handler, pipe};
use calc_ipc::transport::{ClientOptions, ServerOptions};
use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering};
use support::{Address, TRANSPORTS, add};

struct Counting;

static ALLOCATIONS: AtomicUsize = AtomicUsize::new(0);

// SAFETY: it hands everything on to the system's allocator and only counts.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.fetch_add(1, Ordering::Relaxed);
        // SAFETY: the caller's promise is the same.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the caller's promise is the same.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static COUNTING: Counting = Counting;

fn allocations_of(work: impl FnOnce()) -> usize {
    let before = ALLOCATIONS.load(Ordering::Relaxed);
    work();
    ALLOCATIONS.load(Ordering::Relaxed) - before
}

fn check(client: &Client, name: &str) {
    let requests: Vec<Request> = (0..500).map(|number| add(number, i64::MAX - 500)).collect();
    let mut answer = [0; 100];
    let mut all_kinds = || {
        for number in 0..100 {
            client.call(&add(number, 1)).unwrap().unwrap();
            client.call_bytes(b"ADD 10 20", &mut answer).unwrap();
        }
        client.call_many(&requests, drop).unwrap();
    };
    all_kinds();
    assert_eq!(allocations_of(all_kinds), 0, "{name}");
}

#[test]
fn calls_allocate_nothing() {
    assert!(
        allocations_of(|| drop(std::hint::black_box(vec![1]))) > 0,
        "it counts"
    );
    for transport in &TRANSPORTS {
        let address = Address::new();
        let _server = transport.serve(&address, Handler::Calculator, &ServerOptions::default());
        check(&transport.client(&address), transport.name);
    }
    let child = pipe::create(Handler::Calculator, &ClientOptions::default()).unwrap();
    check(&child, "pipe");
}
