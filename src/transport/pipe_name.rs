//! The name of a named pipe of Windows. Every system knows which names there are, so that a program is told of a bad one
//! wherever it is written.
//!
//! Programs of Windows know a pipe as `\\.\pipe\name`, whose last part is the name here. Windows ignores case in it.

use crate::error::{Error, Result, Status};

#[cfg(test)]
mod tests;

/// What stands before a name in the path of a pipe of this machine, in any case.
const HERE: &str = r"\\.\pipe\";

/// What stands before the name of any machine in a path.
const ANYWHERE: &str = r"\\";

/// The longest name, in units of UTF-16. A path has 256 characters at most (CreateNamedPipeW, `lpName`), and a server
/// puts a suffix of its own behind the name, in another pipe, to prove that the name is its own.
const LONGEST: usize = 240;

/// Why pipes of other machines are not offered.
pub(super) const REMOTE: &str = "named pipes of other machines are for a later version";

/// The name in `text`, which is the name, or the path of a pipe of this machine.
pub(super) fn bare(text: &str) -> Result<&str> {
    let name = match text.split_at_checked(HERE.len()) {
        Some((before, name)) if before.eq_ignore_ascii_case(HERE) => name,
        _ if text.starts_with(ANYWHERE) => {
            return Err(Error::new(Status::Unsupported, format!("{text}: {REMOTE}")));
        }
        _ => text,
    };
    check(name).map_err(|why| {
        let context = format!("'{text}' is no name of a named pipe: {why}");
        Error::new(Status::InvalidArgument, context)
    })?;
    Ok(name)
}

/// Says why a name is none.
pub(super) fn check(name: &str) -> std::result::Result<(), String> {
    if name.is_empty() {
        return Err("there is no name".into());
    }
    // What opens a pipe makes a backslash of each slash.
    if name.contains(['/', '\\']) {
        return Err("it has neither slashes nor backslashes inside".into());
    }
    // A path loses what is at its end of these, so that two names would be one pipe; "." and ".." are such, too.
    if name.ends_with(['.', ' ']) {
        return Err("Windows drops a dot or a space at its end".into());
    }
    if name.contains('\0') {
        return Err("it ends at a NUL".into());
    }
    let units = name.encode_utf16().count();
    if units > LONGEST {
        return Err(format!(
            "it has {units} characters of UTF-16, and {LONGEST} at most are allowed"
        ));
    }
    Ok(())
}
