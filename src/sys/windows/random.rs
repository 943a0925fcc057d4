//! Random numbers of the system's: BCryptGenRandom.

use std::io;
use windows_sys::Win32::Security::Cryptography::{
    BCRYPT_USE_SYSTEM_PREFERRED_RNG, BCryptGenRandom,
};

/// Bytes that nobody can foretell, and no other process has.
pub(crate) fn bytes() -> io::Result<[u8; 16]> {
    let mut bytes = [0; 16];
    // SAFETY: the system fills no more than the array; NULL asks for the system's own generator.
    let status = unsafe {
        BCryptGenRandom(
            std::ptr::null_mut(),
            bytes.as_mut_ptr(),
            16,
            BCRYPT_USE_SYSTEM_PREFERRED_RNG,
        )
    };
    match status {
        0.. => Ok(bytes),
        _ => Err(io::Error::other("the system gives no random numbers")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_are_alike() {
        let all = [bytes(), bytes(), bytes()].map(Result::unwrap);
        assert!(all[0] != all[1] && all[1] != all[2] && all[0] != all[2]);
    }
}
