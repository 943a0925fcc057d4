//! Until when a call may take. The gateway reads `grpc-timeout` itself: tonic's own layer answers CANCELLED.

use calc_ipc::error::{Error, Result, Status};
use http::{Extensions, HeaderMap};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::time::{Instant, timeout_at};

/// The header, see <https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md>.
const HEADER: &str = "grpc-timeout";

/// Until when a call may take.
#[derive(Clone, Debug)]
pub struct Deadline {
    /// What the caller said.
    caller: Option<Instant>,
    /// How long a question to a backend may take, whatever the caller said.
    longest: Duration,
    /// When it all began.
    began: Instant,
    /// A service has the request, and sees to the deadline from then on.
    is_taken: Arc<AtomicBool>,
}

impl Deadline {
    /// The deadline of a call that begins now, with these headers.
    pub fn read(headers: &HeaderMap, longest: Duration) -> Result<Self> {
        let began = Instant::now();
        let timeout = headers.get(HEADER).map(|value| {
            let text = value.to_str().unwrap_or_default();
            parse(text).ok_or_else(|| malformed(text))
        });
        Ok(Self {
            caller: timeout
                .transpose()?
                .and_then(|timeout| began.checked_add(timeout)),
            longest,
            began,
            is_taken: Arc::default(),
        })
    }

    /// That of the request with these extensions, which [`Ingress`](super::Ingress) has put there, for a service that sees to
    /// it from now on.
    pub(super) fn take(extensions: &Extensions) -> std::result::Result<Self, tonic::Status> {
        let deadline: Option<&Self> = extensions.get();
        let deadline =
            deadline.ok_or_else(|| tonic::Status::internal("a request without a deadline"))?;
        deadline.is_taken.store(true, Ordering::Relaxed);
        Ok(deadline.clone())
    }

    /// When the answer to what is asked at the beginning is due.
    pub fn due(&self) -> Instant {
        self.due_from(self.began)
    }

    /// When the answer to what is asked now is due, in a stream of questions.
    pub fn due_now(&self) -> Instant {
        self.due_from(Instant::now())
    }

    fn due_from(&self, begin: Instant) -> Instant {
        let latest = begin + self.longest;
        self.caller.map_or(latest, |caller| caller.min(latest))
    }

    /// When a stream ends, if the caller said so.
    pub fn end(&self) -> Option<Instant> {
        self.caller
    }

    /// What `answering` gives, if a service has had the request in time. It may take long to arrive.
    pub(super) async fn bound<T>(&self, answering: impl Future<Output = T>) -> Result<T> {
        let mut answering = pin!(answering);
        match timeout_at(self.due(), &mut answering).await {
            Ok(answer) => Ok(answer),
            Err(_) if self.is_taken.load(Ordering::Relaxed) => Ok(answering.await),
            Err(_) => {
                let context = "the request was not here before the time of the call was up";
                Err(Error::new(Status::TimedOut, context).not_executed())
            }
        }
    }
}

/// At most eight digits and a unit.
fn parse(text: &str) -> Option<Duration> {
    let unit_at = text.len().checked_sub(1)?;
    let (digits, unit) = text.split_at_checked(unit_at)?;
    if !(1..=8).contains(&digits.len()) || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let number: u64 = digits.parse().ok()?;
    Some(match unit {
        "H" => Duration::from_secs(number * 60 * 60),
        "M" => Duration::from_secs(number * 60),
        "S" => Duration::from_secs(number),
        "m" => Duration::from_millis(number),
        "u" => Duration::from_micros(number),
        "n" => Duration::from_nanos(number),
        _ => return None,
    })
}

fn malformed(text: &str) -> Error {
    let context =
        format!("{HEADER} '{text}' is not one to eight digits and one of H, M, S, m, u, n");
    Error::new(Status::InvalidArgument, context).not_executed()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_timeout_is_digits_and_a_unit() {
        let cases = [
            ("1H", Duration::from_secs(3600)),
            ("2M", Duration::from_secs(120)),
            ("3S", Duration::from_secs(3)),
            ("200m", Duration::from_millis(200)),
            ("00000007u", Duration::from_micros(7)),
            ("0n", Duration::ZERO),
            ("99999999H", Duration::from_secs(99_999_999 * 3600)),
        ];
        for (text, timeout) in cases {
            assert_eq!(parse(text), Some(timeout), "{text}");
        }
        for text in [
            "",
            "S",
            "1",
            "1s",
            "-1S",
            "+1S",
            "1.5S",
            " 1S",
            "123456789m",
            "1é",
            "é",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }

    #[test]
    fn the_earlier_of_both_counts() {
        let longest = Duration::from_secs(30);
        let due = |text: Option<&'static str>| {
            let value =
                text.map(|text| (http::HeaderName::from_static(HEADER), text.parse().unwrap()));
            let deadline = Deadline::read(&value.into_iter().collect(), longest).unwrap();
            deadline.due() - deadline.began
        };
        assert_eq!(due(None), longest);
        assert_eq!(due(Some("1S")), Duration::from_secs(1));
        assert_eq!(due(Some("1H")), longest);
    }
}
