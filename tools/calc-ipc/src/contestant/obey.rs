//! What a client is told by the driver, a line at a time.

use super::paced::paced;
use super::{Caller, Callers, crowd};
use crate::cli::Passing;
use crate::exit::Failure;
use std::io::{self, BufRead, Write};
use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// A line of the driver's.
#[derive(Debug, PartialEq)]
enum Order {
    /// Round trips, each timed.
    Calls {
        count: usize,
        size: usize,
        batch: usize,
    },
    /// As many calls as can be made in this time.
    During { time: Duration, size: usize },
    /// Frames at a steady pace, each timed.
    Frames {
        passing: Passing,
        count: usize,
        size: usize,
        period: Duration,
    },
    /// What a crowd does.
    Crowd(crowd::Order),
}

impl Order {
    fn parse(line: &str) -> Option<Self> {
        let mut words = line.split_ascii_whitespace();
        let order = words.next()?;
        let numbers = words.map(str::parse).collect::<Result<Vec<usize>, _>>();
        match (order, numbers.ok()?.as_slice()) {
            ("calls", &[count, size, batch]) if batch > 0 => {
                Some(Self::Calls { count, size, batch })
            }
            ("during", &[millis, size]) => Some(Self::During {
                time: Duration::from_millis(u64::try_from(millis).ok()?),
                size,
            }),
            (order, &[count, size, micros]) if Passing::of_frames(order).is_some() => {
                Some(Self::Frames {
                    passing: Passing::of_frames(order)?,
                    count,
                    size,
                    period: Duration::from_micros(u64::try_from(micros).ok()?),
                })
            }
            (order, numbers) => crowd::Order::from(order, numbers).map(Self::Crowd),
        }
    }
}

/// Does what the lines of standard input say, until they end.
pub(super) fn obey(callers: Callers) -> Result<(), Failure> {
    let Callers {
        mut callers,
        server,
        more,
    } = callers;
    let mut output = io::stdout().lock();
    writeln!(output, "ready {}", server.unwrap_or(0))?;
    output.flush()?;
    let mut number = 0;
    let mut lines = io::stdin().lock().lines();
    while let Some(line) = next(&mut lines)? {
        let order = Order::parse(&line);
        let answer = match order.ok_or_else(|| Failure::Usage(format!("no order: '{line}'")))? {
            Order::Calls { count, size, batch } => {
                let caller = callers.first_mut().ok_or_else(nobody)?;
                bytes(&calls(&mut **caller, &mut number, [count, size, batch])?)
            }
            Order::During { time, size } => {
                during(&mut callers, time, size)?.to_ne_bytes().to_vec()
            }
            Order::Frames {
                passing,
                count,
                size,
                period,
            } => {
                let caller = callers.first_mut().ok_or_else(nobody)?;
                caller.prepare_frames(size, passing)?;
                let times = paced(count, period, || {
                    number += 1;
                    caller.round_trip(number)
                });
                bytes(&times?)
            }
            Order::Crowd(order) => {
                crowd::obey(order, &mut callers, more.as_deref(), || next(&mut lines))?
            }
        };
        output.write_all(&answer)?;
        output.flush()?;
    }
    Ok(())
}

/// The driver's next line; `None`: there are no more.
fn next(lines: &mut impl Iterator<Item = io::Result<String>>) -> Result<Option<String>, Failure> {
    let line = lines.next().transpose();
    line.map_err(|error| Failure::io("standard input", &error))
}

fn nobody() -> Failure {
    Failure::Usage("there is no connection".to_owned())
}

/// As they are written to the driver.
fn bytes(times: &[u32]) -> Vec<u8> {
    times.iter().flat_map(|time| time.to_ne_bytes()).collect()
}

/// The nanoseconds of each round trip.
fn calls(
    caller: &mut dyn Caller,
    number: &mut u64,
    [count, size, batch]: [usize; 3],
) -> Result<Vec<u32>, Failure> {
    caller.prepare(size, batch)?;
    let mut times = Vec::with_capacity(count);
    let mut before = Instant::now();
    for _ in 0..count {
        caller.round_trip(*number)?;
        let now = Instant::now();
        times.push(u32::try_from((now - before).as_nanos()).unwrap_or(u32::MAX));
        before = now;
        *number += 1;
    }
    Ok(times)
}

/// How many calls all connections together, each on a thread of its own, make in this time.
fn during(callers: &mut [Box<dyn Caller>], time: Duration, size: usize) -> Result<u64, Failure> {
    let is_over = AtomicBool::new(false);
    let start = Barrier::new(callers.len() + 1);
    let ask = |caller: &mut Box<dyn Caller>| {
        let prepared = caller.prepare(size, 1);
        start.wait();
        prepared?;
        ask_until(&mut **caller, &is_over)
    };
    let ask = &ask;
    thread::scope(|scope| {
        let threads: Vec<_> = callers
            .iter_mut()
            .map(|caller| scope.spawn(move || ask(caller)))
            .collect();
        start.wait();
        let began = Instant::now();
        thread::sleep(time);
        is_over.store(true, Ordering::Relaxed);
        let took = began.elapsed();
        let mut answered = 0;
        for thread in threads {
            let result = thread.join();
            answered +=
                result.map_err(|_| Failure::Transport("a thread panicked".to_owned()))??;
        }
        Ok(in_time(answered, time, took))
    })
}

fn ask_until(caller: &mut dyn Caller, is_over: &AtomicBool) -> Result<u64, Failure> {
    let mut number = 0;
    while !is_over.load(Ordering::Relaxed) {
        caller.round_trip(number)?;
        number += 1;
    }
    Ok(number)
}

/// Of what was answered, the part of the time that was asked for: with many threads, the one that ends it all
/// may wake up late.
fn in_time(answered: u64, time: Duration, took: Duration) -> u64 {
    let share = u128::from(answered) * time.as_nanos() / took.as_nanos().max(1);
    u64::try_from(share).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn orders_are_words_and_numbers() {
        let calls = Order::Calls {
            count: 10,
            size: 0,
            batch: 8,
        };
        assert_eq!(Order::parse("calls 10 0 8"), Some(calls));
        let during = Order::During {
            time: Duration::from_millis(5),
            size: 64,
        };
        assert_eq!(Order::parse("during 5 64"), Some(during));
        for (line, passing) in [
            ("frames-copied 3 640 16", Passing::ByCall),
            ("frames-lent 3 640 16", Passing::ByLoan),
        ] {
            let frames = Order::Frames {
                passing,
                count: 3,
                size: 640,
                period: Duration::from_micros(16),
            };
            assert_eq!(Order::parse(line), Some(frames), "{line}");
        }
        for line in [
            "",
            "frames-copied 1 2",
            "frames 1 2 3",
            "calls",
            "calls 1 2",
            "calls 1 2 0",
            "calls 1 2 -1",
            "during 5",
            "stop 1 2",
        ] {
            assert_eq!(Order::parse(line), None, "{line}");
        }
    }

    #[test]
    fn what_was_answered_late_does_not_count() {
        let second = Duration::from_secs(1);
        assert_eq!(in_time(100, second, second), 100);
        assert_eq!(in_time(100, second, 2 * second), 50);
        assert_eq!(in_time(100, second, Duration::ZERO), 100_000_000_000);
    }
}
