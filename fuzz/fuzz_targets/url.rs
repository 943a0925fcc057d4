//! URLs: what is read is written in one way, which is read as the same.
#![no_main]

use calc_ipc::transport::{Address, Side};

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    let Ok(text) = std::str::from_utf8(input) else {
        return;
    };
    for side in [Side::Server, Side::Client] {
        if let Ok(url) = Address::parse(text, side) {
            let written = url.to_string();
            assert_eq!(Address::parse(&written, side).ok(), Some(url), "{written}");
            assert!(
                written.bytes().all(|byte| byte.is_ascii_graphic()),
                "{written}"
            );
        }
    }
});
