//! Servers that write without end: calls end in errors, and take no more memory than the limits say.
#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "this is a test")]

mod support;

use calc_ipc::error::Status;
use calc_ipc::service::pipe;
use support::raw::high_water_kib;
use support::wire::{STREAMS, Wire, against, pour};
use support::{Process, add, status, within};

#[test]
fn endless_bytes_take_no_memory() {
    for name in STREAMS {
        for seed in 1..=2 {
            let ok = Process::fork(|| {
                let pour = |stream: &mut dyn Wire| pour(stream, seed);
                against(name, &within(30), &pour, &|client| {
                    let before = high_water_kib("self");
                    for _ in 0..4 {
                        assert_ne!(status(client.call(&add(10, 20))), Status::Ok);
                        assert_ne!(status(client.call(&add(10, 20))), Status::Internal);
                    }
                    // Twice the limit of one message, and the thread's own 64 KiB.
                    let grown = high_water_kib("self").saturating_sub(before);
                    assert!(grown < 1024, "{name} seed {seed}: {grown} KiB");
                });
            })
            .succeeded();
            assert!(ok, "{name} seed {seed}");
        }
    }
}

#[test]
fn programs_that_write_without_end_are_no_servers() {
    for program in ["cat /dev/zero", "cat /dev/urandom", "yes"] {
        let program = std::ffi::CString::new(format!("exec {program}")).unwrap();
        let argv = [c"/bin/sh", c"-c", program.as_c_str()];
        let client = pipe::spawn(&argv, &within(50)).unwrap();
        for _ in 0..20 {
            assert_ne!(status(client.call(&add(10, 20))), Status::Ok);
        }
    }
}
