//! Whole reads and writes on the standard handles of the host's.

use super::node::Node;
use super::standard::Standard;
use super::transfer;
use crate::sys::Source;
use std::io::{self, ErrorKind};
use std::sync::OnceLock;
use windows_sys::Win32::System::Console::{STD_INPUT_HANDLE, STD_OUTPUT_HANDLE};

/// The source with this number, which the host gave: 0 and 1 are its standard input and output. What else a number means is
/// known to the C library that gave it alone, of which a process may have several.
///
/// # Safety
///
/// Whatever the number is, nothing of it is used but what the process has.
pub(crate) unsafe fn numbered<'a>(number: i32) -> io::Result<Source<'a>> {
    match number {
        0 => input(),
        1 => output(),
        ..0 => Err(io::Error::new(ErrorKind::InvalidInput, "it is negative")),
        _ => {
            let what =
                "on Windows a program serves at its standard input and output, 0 and 1, alone";
            Err(io::Error::new(ErrorKind::Unsupported, what))
        }
    }
}

/// This process's standard input and output.
pub(crate) fn standard() -> io::Result<[Source<'static>; 2]> {
    Ok([input()?, output()?])
}

fn input() -> io::Result<Source<'static>> {
    static INPUT: OnceLock<Node> = OnceLock::new();
    once(&INPUT, STD_INPUT_HANDLE)
}

fn output() -> io::Result<Source<'static>> {
    static OUTPUT: OnceLock<Node> = OnceLock::new();
    once(&OUTPUT, STD_OUTPUT_HANDLE)
}

/// What stands there for good, once there is something.
fn once(place: &'static OnceLock<Node>, which: u32) -> io::Result<Source<'static>> {
    if let Some(node) = place.get() {
        return Ok(node);
    }
    let node = Standard::numbered(which)?;
    Ok(place.get_or_init(|| node))
}

/// Fills `buffer`; `UnexpectedEof` when the bytes end before.
pub(crate) fn read_exact(from: Source<'_>, buffer: &mut [u8]) -> io::Result<()> {
    let mut rest = buffer;
    while !rest.is_empty() {
        match transfer::read(from, rest)? {
            0 => return Err(ErrorKind::UnexpectedEof.into()),
            length => rest = rest.split_at_mut(length).1,
        }
    }
    Ok(())
}

/// Writes all of `bytes`.
pub(crate) fn write_all(to: Source<'_>, bytes: &[u8]) -> io::Result<()> {
    let mut rest = bytes;
    while !rest.is_empty() {
        let length = transfer::write(to, rest)?;
        rest = rest.split_at(length).1;
    }
    Ok(())
}
