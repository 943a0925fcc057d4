//! Colours, where somebody sees them: at a terminal that has some, unless the environment says otherwise, in the words that clap
//! heeds too (NO_COLOR, https://no-color.org; CLICOLOR and CLICOLOR_FORCE, https://bixense.com/clicolors).

use std::env;
use std::ffi::OsString;
use std::io::IsTerminal;

/// What a text is to those who read it (ECMA-48, SGR).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Colour {
    /// All is well: green.
    Good,
    /// Something is wrong: red.
    Bad,
    /// It needs no care: faint.
    Faint,
    /// The head of what follows: bold.
    Head,
}

/// Paints texts, or leaves them as they are.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Paint {
    is_wanted: bool,
}

impl Paint {
    /// For what is written there.
    pub(crate) fn of(output: &impl IsTerminal) -> Self {
        let is_wanted = is_wanted(output.is_terminal(), |name| env::var_os(name));
        Self { is_wanted }
    }

    /// The text in this colour.
    pub(crate) fn paint(self, text: &str, colour: Colour) -> String {
        let number = match colour {
            Colour::Good => 32,
            Colour::Bad => 31,
            Colour::Faint => 2,
            Colour::Head => 1,
        };
        match self.is_wanted {
            true => format!("\x1b[{number}m{text}\x1b[0m"),
            false => text.to_owned(),
        }
    }
}

/// Consoles of Windows have to be asked for colours first, so they get none.
fn is_wanted(is_terminal: bool, variable: impl Fn(&str) -> Option<OsString>) -> bool {
    let is_set = |name: &str| variable(name).is_some_and(|value| !value.is_empty());
    let is = |name: &str, text: &str| variable(name).is_some_and(|value| value == text);
    if is_set("NO_COLOR") || cfg!(not(unix)) {
        return false;
    }
    if is_set("CLICOLOR_FORCE") && !is("CLICOLOR_FORCE", "0") {
        return true;
    }
    is_terminal && !is("CLICOLOR", "0") && is_set("TERM") && !is("TERM", "dumb")
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use super::*;

    #[test]
    fn colours_are_for_terminals_that_have_them() {
        for (is_terminal, variables, expected) in [
            (true, &[("TERM", "xterm")][..], true),
            (false, &[("TERM", "xterm")], false),
            (true, &[], false),
            (true, &[("TERM", "dumb")], false),
            (true, &[("TERM", "xterm"), ("NO_COLOR", "1")], false),
            (true, &[("TERM", "xterm"), ("NO_COLOR", "")], true),
            (true, &[("TERM", "xterm"), ("CLICOLOR", "0")], false),
            (false, &[("CLICOLOR_FORCE", "1")], true),
            (false, &[("CLICOLOR_FORCE", "0")], false),
            (false, &[("CLICOLOR_FORCE", "1"), ("NO_COLOR", "1")], false),
        ] {
            let variable = |name: &str| {
                let mut all = variables.iter();
                all.find(|(known, _)| *known == name)
                    .map(|(_, value)| OsString::from(value))
            };
            let wanted = is_wanted(is_terminal, variable);
            assert_eq!(wanted, expected, "{is_terminal} {variables:?}");
        }
    }
}
