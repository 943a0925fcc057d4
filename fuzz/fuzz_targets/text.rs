//! Bodies of requests and responses: round trip and strictness.
#![no_main]

#[path = "../../tests/support/codec.rs"]
mod codec;

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    codec::check(input);
});
