//! The text of an address, its URL: a program changes transport by changing a string.
//!
//! ```text
//! unix:///path   seqpacket:///path   fifo:///path   shm://name   shm:///path   tcp://host:port
//! npipe://name   npipe:////./pipe/name   exec:///path/to/program   stdio:   systemd:   systemd:NAME
//! ```

use super::address::{Address, Side};
use super::{pipe_name, tcp};
use crate::error::{Error, Result, Status};
use crate::sys::DRIVES;
use std::borrow::Cow;
use std::ffi::OsStr;
use std::fmt;

#[cfg(test)]
mod tests;

/// What a URL puts behind its path for the two FIFOs.
const FIFO_SUFFIXES: [&str; 2] = [".request", ".response"];

/// What a URL puts before the name of a pipe in its longer form, which is the pipe's path on Windows, with slashes.
const PIPES_HERE: &str = "//./pipe/";

/// What a URL of a passed socket puts before its name.
const PASSED: &str = "systemd:";

/// The longest name of a socket that is passed.
const PASSED_LONGEST: usize = 255;

/// Why text is no address.
struct Unread {
    status: Status,
    why: String,
}

impl<T: Into<String>> From<T> for Unread {
    fn from(why: T) -> Self {
        let (status, why) = (Status::InvalidArgument, why.into());
        Self { status, why }
    }
}

impl Side {
    /// The forms of this side's URLs, shown in every message about text that is no URL.
    pub(super) const fn forms(self) -> &'static str {
        match self {
            Self::Server => {
                "a server's URL is unix:///path, seqpacket:///path, fifo:///path, shm://name, shm:///path, tcp://host:port, npipe://name, systemd:NAME, or systemd: or stdio: alone"
            }
            Self::Client => {
                "a client's URL is unix:///path, seqpacket:///path, fifo:///path, shm://name, shm:///path, tcp://host:port, npipe://name or exec:///path/to/program"
            }
        }
    }
}

impl Address {
    /// The address that `text` names for this side. Paths are absolute and percent-decoded; a raw `?` or
    /// `#` is reserved for options to come.
    pub fn parse(text: &str, side: Side) -> Result<Self> {
        let read = Self::read(text).and_then(|address| Ok(address.checked_for(side)?));
        read.map_err(|Unread { status, why }| {
            let context = format!("'{text}': {why}; {}", side.forms());
            Error::new(status, context)
        })
    }

    fn read(text: &str) -> std::result::Result<Self, Unread> {
        if text == "stdio:" {
            return Ok(Self::Stdio);
        }
        if let Some(name) = text.strip_prefix(PASSED) {
            return Ok(Self::Systemd(passed_name(name)?));
        }
        let (scheme, rest) = text
            .split_once("://")
            .ok_or("there is no scheme before '://'")?;
        let rest = without_options(rest)?;
        if scheme == "npipe" {
            return pipe(rest);
        }
        let decoded = decode(rest)?;
        let address = match scheme {
            "unix" => path(decoded).map(Self::Unix),
            "seqpacket" => path(decoded).map(Self::SeqPacket),
            "fifo" => path(decoded).map(|path| Self::fifo_pair(&path)),
            "exec" => path(decoded).map(|path| Self::exec(of_drive(&path, DRIVES))),
            "shm" if decoded.is_empty() => Err("there is no name".into()),
            "shm" if decoded.starts_with('/') => path(decoded).map(Self::ShmAt),
            "shm" => Ok(Self::Shm(decoded)),
            "tcp" => host_and_port(rest),
            _ => Err(format!("the scheme '{scheme}' is not known")),
        };
        Ok(address?)
    }

    /// The FIFOs `<path>.request` and `<path>.response`, which `fifo://<path>` stands for.
    pub fn fifo_pair(path: &str) -> Self {
        let [request, response] = FIFO_SUFFIXES.map(|suffix| format!("{path}{suffix}"));
        Self::Fifo { request, response }
    }

    /// The address, if it is one of this side.
    fn checked_for(self, side: Side) -> std::result::Result<Self, String> {
        match (&self, side) {
            (Self::Exec { .. }, Side::Server) => Err("exec is for clients".into()),
            (Self::Stdio, Side::Client) => Err("stdio is for servers".into()),
            (Self::Systemd(_), Side::Client) => {
                Err("systemd is for servers, whose URL then is that of their socket".into())
            }
            (Self::Tcp { port: 0, .. }, Side::Client) => {
                Err("port 0 is for servers, whose URL then has the port that they got".into())
            }
            _ => Ok(self),
        }
    }
}

/// The text of a URL, in which nothing is reserved.
fn without_options(text: &str) -> std::result::Result<&str, String> {
    match text.contains(['?', '#']) {
        true => Err("'?' and '#' are reserved, so write %3F and %23".into()),
        false => Ok(text),
    }
}

/// The name of a socket that is passed, if there is one: printable ASCII without a colon, 255 bytes at most, as the service
/// manager has it (systemd.socket(5), FileDescriptorName=).
fn passed_name(text: &str) -> std::result::Result<Option<String>, String> {
    let name = decode(without_options(text)?)?;
    if name.starts_with("//") {
        return Err("its name has no slashes before it, as in systemd:NAME".into());
    }
    let is_plain = |byte: u8| matches!(byte, b' '..=b'~') && byte != b':';
    match name.bytes().all(is_plain) && name.len() <= PASSED_LONGEST {
        true => Ok(Some(name).filter(|name| !name.is_empty())),
        false => Err(
            "the name of such a socket is up to 255 printable characters of ASCII without a colon"
                .into(),
        ),
    }
}

fn path(path: String) -> std::result::Result<String, String> {
    match path.as_str() {
        "" | "/" => Err("there is no path".into()),
        absolute if absolute.starts_with('/') => Ok(path),
        _ => Err("its path has to be absolute, which makes three slashes".into()),
    }
}

/// The path of a program as its system has it: where there are drives, one that begins with a drive has no slash before that,
/// as in exec:///C:/folder/program.exe (the same as in a file's URL, RFC 8089, appendix E.2).
fn of_drive(path: &str, drives: bool) -> &str {
    path.strip_prefix('/')
        .filter(|path| drives && has_drive(path))
        .unwrap_or(path)
}

/// The reverse of [`of_drive`], in which the backslashes of a path are slashes.
fn behind_drive(program: &OsStr, drives: bool) -> Cow<'_, OsStr> {
    match program.to_str().filter(|text| drives && has_drive(text)) {
        Some(text) => Cow::Owned(format!("/{}", text.replace('\\', "/")).into()),
        None => Cow::Borrowed(program),
    }
}

fn has_drive(path: &str) -> bool {
    matches!(path.as_bytes(), [letter, b':', b'/' | b'\\', ..] if letter.is_ascii_alphabetic())
}

/// The pipe of a name; what stands before it is looked at before the name is decoded, which has no slash.
fn pipe(text: &str) -> std::result::Result<Address, Unread> {
    const FORM: &str = "its name has no slash, as in npipe://name or npipe:////./pipe/name";
    let name = match text.split_at_checked(PIPES_HERE.len()) {
        Some((before, name)) if before.eq_ignore_ascii_case(PIPES_HERE) => name,
        _ => text,
    };
    match name.trim_start_matches('/').split_once('/') {
        // npipe://host/name, and the path npipe:////host/pipe/name.
        Some(_) if name.len() == text.len() => Err(Unread {
            status: Status::Unsupported,
            why: pipe_name::REMOTE.into(),
        }),
        None if !name.starts_with('/') => {
            let name = decode(name)?;
            pipe_name::check(&name)?;
            Ok(Address::NamedPipe(name))
        }
        _ => Err(FORM.into()),
    }
}

fn host_and_port(text: &str) -> std::result::Result<Address, String> {
    const FORM: &str = "it needs a host and a port, as in tcp://localhost:7000 or tcp://[::1]:7000";
    let (host, port) = match text.strip_prefix('[') {
        Some(rest) => rest.split_once("]:").ok_or(FORM)?,
        None => text.split_once(':').ok_or(FORM)?,
    };
    let is_number = !port.is_empty() && port.bytes().all(|digit| digit.is_ascii_digit());
    if !is_number {
        return Err(FORM.into());
    }
    let port = port
        .parse()
        .map_err(|_| format!("port {port} is not between 0 and 65535"))?;
    // A host has printable characters only (RFC 3986, 3.2.2), and people see the URL.
    let is_plain = host.bytes().all(|byte| byte.is_ascii_graphic());
    if host.is_empty() || !is_plain || host.contains(['/', '@', '[', ']', '%']) {
        return Err(FORM.into());
    }
    tcp::check_host(host)?;
    Ok(Address::tcp(host, port))
}

/// Replaces each `%` and two hexadecimal digits by the byte that they mean (RFC 3986, 2.1).
fn decode(text: &str) -> std::result::Result<String, String> {
    const BAD: &str = "a '%' is followed by two hexadecimal digits";
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let mut digit = || {
            rest.next()
                .and_then(|digit| char::from(digit).to_digit(16))
                .ok_or(BAD)
        };
        let value = digit()? * 16 + digit()?;
        bytes.push(u8::try_from(value).map_err(|_| BAD)?);
    }
    match String::from_utf8(bytes) {
        Ok(text) if !text.contains('\0') => Ok(text),
        _ => Err("it stands for no text".into()),
    }
}

/// The bytes of text, those that would be misread in a URL as `%` and two digits.
fn encode(bytes: &[u8], f: &mut fmt::Formatter<'_>) -> fmt::Result {
    for byte in bytes {
        match byte {
            b'?' | b'#' | b'%' | 0..=0x20 | 0x7F.. => write!(f, "%{byte:02X}")?,
            _ => write!(f, "{}", char::from(*byte))?,
        }
    }
    Ok(())
}

impl fmt::Display for Address {
    /// Its URL. For an address that has none (FIFOs whose paths are no pair of a URL's, a program with
    /// arguments), text for people, which no URL reads like.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut write = |scheme, rest: &OsStr| {
            write!(f, "{scheme}://")?;
            encode(rest.as_encoded_bytes(), f)
        };
        match self {
            Self::Unix(path) => write("unix", path.as_ref()),
            Self::SeqPacket(path) => write("seqpacket", path.as_ref()),
            Self::Shm(text) | Self::ShmAt(text) => write("shm", text.as_ref()),
            Self::Fifo { request, response } => match fifo_path(request, response) {
                Some(path) => write("fifo", path.as_ref()),
                None => write!(f, "FIFOs {request} and {response}"),
            },
            Self::Tcp { host, port } if host.contains(':') => write!(f, "tcp://[{host}]:{port}"),
            Self::Tcp { host, port } => write!(f, "tcp://{host}:{port}"),
            Self::NamedPipe(name) => match pipe_name::bare(name) {
                Ok(name) => write("npipe", name.as_ref()),
                Err(_) => write!(f, "named pipe {name}"),
            },
            Self::Exec { program, arguments } if arguments.is_empty() => {
                write("exec", &behind_drive(program, DRIVES))
            }
            Self::Exec { program, arguments } => {
                write!(f, "program {}", program.display())?;
                let mut words = arguments.iter();
                words.try_for_each(|word| write!(f, " {}", word.display()))
            }
            Self::Stdio => f.write_str("stdio:"),
            Self::Systemd(name) => {
                f.write_str(PASSED)?;
                encode(name.as_deref().unwrap_or_default().as_bytes(), f)
            }
        }
    }
}

/// The path in the URL of these FIFOs, if they have one.
fn fifo_path<'a>(request: &'a str, response: &str) -> Option<&'a str> {
    let [of_request, of_response] = FIFO_SUFFIXES;
    let path = request.strip_suffix(of_request)?;
    (response.strip_suffix(of_response) == Some(path)).then_some(path)
}
