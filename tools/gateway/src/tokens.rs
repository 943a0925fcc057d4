//! Bearer tokens, as a file has them.

use http::HeaderMap;
use http::header::AUTHORIZATION;
use std::fs;
use std::path::Path;
use subtle::{Choice, ConstantTimeEq as _};

/// What stands before a token, in any case (RFC 6750, RFC 9110).
const SCHEME: &str = "bearer";

/// The tokens of a file: one a line, blank lines aside.
///
/// It has no `Debug`, so that none gets into a log.
pub struct Tokens(Vec<String>);

impl Tokens {
    /// Reads a file, which has to have a token.
    pub fn read(file: &Path) -> Result<Self, String> {
        let text = fs::read_to_string(file).map_err(|cause| cause.to_string());
        text.and_then(|text| Self::parse(&text))
            .map_err(|why| format!("--token-file {}: {why}", file.display()))
    }

    fn parse(text: &str) -> Result<Self, String> {
        let lines = (1..).zip(text.lines().map(str::trim));
        let mut tokens = Vec::new();
        for (number, token) in lines.filter(|(_, token)| !token.is_empty()) {
            if !token.bytes().all(|byte| byte.is_ascii_graphic()) {
                return Err(format!(
                    "line {number} is no token: it has to be visible ASCII without spaces"
                ));
            }
            tokens.push(token.to_owned());
        }
        match tokens.is_empty() {
            true => Err("it has no token; write one a line".to_owned()),
            false => Ok(Self(tokens)),
        }
    }

    /// The value of the header that shows the first token, for who asks.
    pub fn header(&self) -> String {
        let first = self.0.first().map_or("", String::as_str);
        format!("Bearer {first}")
    }

    /// Whether a request shows one of them, in its only such header.
    pub fn are_shown(&self, headers: &HeaderMap) -> bool {
        let mut shown = headers.get_all(AUTHORIZATION).iter();
        let (Some(value), None) = (shown.next(), shown.next()) else {
            return false;
        };
        let parts = value.to_str().ok().and_then(|text| text.split_once(' '));
        match parts {
            Some((scheme, token)) if scheme.eq_ignore_ascii_case(SCHEME) => {
                self.have(token.trim_start_matches(' '))
            }
            _ => false,
        }
    }

    /// Takes as long for every token of one length, whatever it has in common with those that are right.
    fn have(&self, token: &str) -> bool {
        let mut is_one = Choice::from(0);
        for known in &self.0 {
            is_one |= known.as_bytes().ct_eq(token.as_bytes());
        }
        is_one.into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(values: &[&str]) -> HeaderMap {
        let pair = |value: &&str| (AUTHORIZATION, value.parse().unwrap());
        values.iter().map(pair).collect()
    }

    #[test]
    fn each_line_is_a_token() {
        let tokens = Tokens::parse("\n first \r\n\nsecond=\n").ok().unwrap();
        for right in ["Bearer first", "bearer second=", "BEARER  first"] {
            assert!(tokens.are_shown(&headers(&[right])), "{right}");
        }
        assert_eq!(tokens.header(), "Bearer first");
    }

    #[test]
    fn whatever_else_is_shown_is_none() {
        let tokens = Tokens::parse("first\nsecond").ok().unwrap();
        for wrong in [
            "",
            "first",
            "Bearer",
            "Bearer ",
            "Bearer firs",
            "Bearer first2",
            "Bearer First",
            "Basic first",
            "Bearer first second",
            "Bearerfirst",
            "Bearer third",
        ] {
            assert!(!tokens.are_shown(&headers(&[wrong])), "{wrong}");
        }
        assert!(!tokens.are_shown(&headers(&[])));
        let both = headers(&["Bearer first", "Bearer first"]);
        assert!(!tokens.are_shown(&both));
    }

    #[test]
    fn a_file_without_a_token_lets_nobody_decide() {
        for text in ["", " \n\n", "two words", "t\u{f6}ken", "a\tb"] {
            assert!(Tokens::parse(text).is_err(), "{text:?}");
        }
        let missing = Tokens::read(Path::new("/nonexistent/tokens"));
        assert!(missing.err().unwrap().contains("/nonexistent/tokens"));
    }
}
