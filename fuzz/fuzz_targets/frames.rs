//! Any stream, in any pieces.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| calc_ipc::transport::fuzz::frames(input));
