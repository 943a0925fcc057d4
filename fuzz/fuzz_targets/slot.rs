//! A client that writes to its shared memory what it likes.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| calc_ipc::transport::fuzz::slot(input));
