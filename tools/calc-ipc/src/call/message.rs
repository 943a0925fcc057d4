//! A message of one's own, and the answer to it as it is.

use crate::cli::{CallArgs, MessageArgs};
use crate::exit::{Exit, Failure};
use crate::{complain, sys, values};
use calc_ipc::error::Status;
use calc_ipc::transport::{ClientOptions, MAX_MESSAGE_RANGE};
use serde::Serialize;
use std::borrow::Cow;
use std::fs::File;
use std::io::{self, IsTerminal, Read, Write};
use std::path::Path;

/// The longest message.
const LONGEST: u32 = *MAX_MESSAGE_RANGE.end();

/// An answer as `--json` prints it.
#[derive(Serialize)]
struct Answer<'a> {
    length: usize,
    /// What it says, where it is text.
    text: Option<&'a str>,
    hex: String,
}

/// The message that the arguments have, if they have one. It is read before anybody is asked.
pub(super) fn of(args: &MessageArgs) -> Result<Option<Cow<'_, [u8]>>, Failure> {
    let message = match args {
        MessageArgs {
            bytes: Some(text), ..
        } => Cow::Borrowed(text.as_bytes()),
        MessageArgs { hex: Some(hex), .. } => Cow::Borrowed(&*hex.0),
        MessageArgs {
            file: Some(path), ..
        } => Cow::Owned(read(path)?),
        _ => return Ok(None),
    };
    if message.len() > LONGEST as usize {
        let why = format!("the message is longer than {LONGEST} bytes, which none may be");
        return Err(Failure::Usage(why));
    }
    Ok(Some(message))
}

/// What is in a file, or `-`, standard input; of more than any message has, no more than shows that.
fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    let (file, name) = match path.to_str() {
        Some("-") => (sys::input(), "standard input".into()),
        _ => (File::open(path), path.display().to_string()),
    };
    let mut bytes = Vec::new();
    file.and_then(|file| file.take(u64::from(LONGEST) + 1).read_to_end(&mut bytes))
        .map_err(|error| Failure::io(name, &error))?;
    Ok(bytes)
}

/// Asks with this message, and prints the answer.
pub(super) fn ask(message: &[u8], args: &CallArgs) -> Result<Exit, Failure> {
    // Whatever its server may answer.
    let options = ClientOptions {
        max_message: LONGEST,
        ..args.client.options()
    };
    let client = super::connect_with(&options, args)?;
    // Pages of it that no answer fills are never there.
    let mut room = vec![0; LONGEST as usize];
    let length = match client.call_bytes(message, &mut room) {
        Ok(length) => length,
        Err(error) if error.status() == Status::HandlerFailed => {
            complain(&format_args!("{}: {error}", args.url));
            return Ok(Exit::Negative);
        }
        Err(error) => return Err(Failure::of(&args.url, &error)),
    };
    print(room.get(..length).unwrap_or_default(), args)?;
    Ok(Exit::Success)
}

fn print(answer: &[u8], args: &CallArgs) -> io::Result<()> {
    let mut output = io::stdout().lock();
    if args.json {
        let answer = Answer {
            length: answer.len(),
            text: std::str::from_utf8(answer).ok(),
            hex: values::to_hex(answer),
        };
        serde_json::to_writer(&mut output, &answer)?;
        writeln!(output)?;
    } else if args.message.hex.is_some() {
        writeln!(output, "{}", values::to_hex(answer))?;
    } else if output.is_terminal() {
        writeln!(output, "{}", shown(answer))?;
    } else {
        output.write_all(answer)?;
    }
    output.flush()
}

/// An answer for a terminal, which may take some bytes for orders.
fn shown(answer: &[u8]) -> String {
    let text = String::from_utf8_lossy(answer);
    let plain = |character: char| match character {
        '\n' | '\t' => character.to_string(),
        control if control.is_control() => control.escape_default().to_string(),
        other => other.to_string(),
    };
    text.trim_end_matches('\n').chars().map(plain).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_terminal_is_given_no_orders() {
        assert_eq!(shown(b"a\tb\nc\x1b[2J\n"), "a\tb\nc\\u{1b}[2J");
        assert_eq!(shown(b"\xff"), "\u{fffd}");
    }
}
