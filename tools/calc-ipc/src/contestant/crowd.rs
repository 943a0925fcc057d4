//! What the clients of a crowded server are told: some ask now and then, some without a pause.

use super::job::slow;
use super::{Caller, Connect};
use crate::exit::Failure;
use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// A line of the driver's.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Order {
    /// Every connection asks, waits for so long, and asks again, for so long in all. The answer is how many calls there were,
    /// and how long each took.
    Paced { pause: Duration, time: Duration },
    /// New connections, one after the other: each asks once and is closed. The answer is as that of `Paced`.
    Newcomers { pause: Duration, time: Duration },
    /// Every connection asks so much at once, without a pause, until the next line. The answer is how many requests each
    /// had answered, and the nanoseconds that it took.
    Flood { batch: usize },
    /// Every connection asks for what takes so long, without a pause, until the next line. The answer is as that of `Flood`.
    Slow { time: Duration },
}

impl Order {
    /// The order that a word and its numbers are.
    pub(super) fn from(word: &str, numbers: &[usize]) -> Option<Self> {
        let micros = |number| Some(Duration::from_micros(u64::try_from(number).ok()?));
        match (word, numbers) {
            ("paced", &[pause, time]) => Some(Self::Paced {
                pause: micros(pause)?,
                time: micros(time)?,
            }),
            ("newcomers", &[pause, time]) => Some(Self::Newcomers {
                pause: micros(pause)?,
                time: micros(time)?,
            }),
            ("flood", &[batch]) if batch > 0 => Some(Self::Flood { batch }),
            ("slow", &[time]) => Some(Self::Slow {
                time: micros(time)?,
            }),
            _ => None,
        }
    }
}

/// Does it, and gives the answer.
pub(super) fn obey(
    order: Order,
    callers: &mut [Box<dyn Caller>],
    connect: Option<&Connect>,
    next_line: impl FnMut() -> Result<Option<String>, Failure>,
) -> Result<Vec<u8>, Failure> {
    match order {
        Order::Paced { pause, time } => {
            for caller in &mut *callers {
                caller.prepare(0, 1)?;
            }
            let all = on_threads(callers, |caller| {
                paced(pause, time, |number| caller.round_trip(number))
            });
            Ok(times(&all?.concat()))
        }
        Order::Newcomers { pause, time } => {
            let connect = connect.ok_or_else(|| Failure::Usage("nobody can join it".to_owned()))?;
            // A connection has asked once when it is there.
            Ok(times(&paced(pause, time, |_| connect().map(drop))?))
        }
        Order::Flood { batch } => {
            for caller in &mut *callers {
                caller.prepare(0, batch)?;
            }
            let batch = u64::try_from(batch).unwrap_or(0);
            until_next_line(callers, next_line, |caller, number| {
                caller.round_trip(number)?;
                Ok(batch)
            })
        }
        Order::Slow { time } => until_next_line(callers, next_line, |caller, _| {
            caller
                .calculate(&slow(time))?
                .map_err(|error| Failure::Transport(error.to_string()))?;
            Ok(1)
        }),
    }
}

/// Asks, pauses, asks again; gives the nanoseconds that each call took.
fn paced(
    pause: Duration,
    time: Duration,
    mut ask: impl FnMut(u64) -> Result<(), Failure>,
) -> Result<Vec<u32>, Failure> {
    let mut times = Vec::new();
    let began = Instant::now();
    for number in 0.. {
        let before = Instant::now();
        if number > 0 && before - began >= time {
            break;
        }
        ask(number)?;
        times.push(u32::try_from(before.elapsed().as_nanos()).unwrap_or(u32::MAX));
        thread::sleep(pause);
    }
    Ok(times)
}

fn times(times: &[u32]) -> Vec<u8> {
    let count = u32::try_from(times.len()).unwrap_or(0);
    let words = [&count].into_iter().chain(times);
    words.flat_map(|word| word.to_ne_bytes()).collect()
}

/// Each connection on a thread of its own; all begin at once.
fn on_threads<T: Send>(
    callers: &mut [Box<dyn Caller>],
    run: impl Fn(&mut dyn Caller) -> Result<T, Failure> + Sync,
) -> Result<Vec<T>, Failure> {
    let (run, start) = (&run, &Barrier::new(callers.len()));
    thread::scope(|scope| {
        let threads: Vec<_> = callers
            .iter_mut()
            .map(|caller| {
                scope.spawn(move || {
                    start.wait();
                    run(&mut **caller)
                })
            })
            .collect();
        let join = |thread: thread::ScopedJoinHandle<'_, _>| {
            let panicked = |_| Failure::Transport("a thread panicked".to_owned());
            thread.join().map_err(panicked)?
        };
        threads.into_iter().map(join).collect()
    })
}

/// Lets every connection ask until the driver's next line comes; `ask` gives how many requests were answered.
fn until_next_line(
    callers: &mut [Box<dyn Caller>],
    mut next_line: impl FnMut() -> Result<Option<String>, Failure>,
    ask: impl Fn(&mut dyn Caller, u64) -> Result<u64, Failure> + Sync,
) -> Result<Vec<u8>, Failure> {
    let (is_over, ask) = (&AtomicBool::new(false), &ask);
    let began = Instant::now();
    let served = thread::scope(|scope| {
        let asking = scope.spawn(|| {
            on_threads(callers, |caller| {
                let mut answered = ask(caller, 0)?;
                while !is_over.load(Ordering::Relaxed) {
                    answered += ask(caller, answered)?;
                }
                Ok(answered)
            })
        });
        let line = next_line();
        is_over.store(true, Ordering::Relaxed);
        let panicked = |_| Failure::Transport("a thread panicked".to_owned());
        let served = asking.join().map_err(panicked)?;
        line.and(served)
    })?;
    let took = u64::try_from(began.elapsed().as_nanos()).unwrap_or(u64::MAX);
    let words = served.into_iter().chain([took]);
    Ok(words.flat_map(u64::to_ne_bytes).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc;

    /// Counts what it is asked.
    struct Counter(mpsc::Sender<u64>);

    impl Caller for Counter {
        fn prepare(&mut self, _: usize, _: usize) -> Result<(), Failure> {
            Ok(())
        }

        fn round_trip(&mut self, number: u64) -> Result<(), Failure> {
            let gone = |_| Failure::Transport("gone".to_owned());
            self.0.send(number).map_err(gone)
        }
    }

    fn counters(count: usize) -> (Vec<Box<dyn Caller>>, mpsc::Receiver<u64>) {
        let (sender, receiver) = mpsc::channel();
        let counter = |_| Box::new(Counter(sender.clone())) as Box<dyn Caller>;
        ((0..count).map(counter).collect(), receiver)
    }

    #[test]
    fn orders_are_words_and_numbers() {
        let micros = Duration::from_micros;
        let (pause, time) = (micros(200), micros(5000));
        for (word, numbers, order) in [
            (
                "paced",
                &[200, 5000][..],
                Some(Order::Paced { pause, time }),
            ),
            (
                "newcomers",
                &[200, 5000],
                Some(Order::Newcomers { pause, time }),
            ),
            ("flood", &[512], Some(Order::Flood { batch: 512 })),
            ("slow", &[5000], Some(Order::Slow { time })),
            ("flood", &[0], None),
            ("paced", &[200], None),
            ("halt", &[], None),
        ] {
            assert_eq!(Order::from(word, numbers), order, "{word}");
        }
    }

    #[test]
    fn every_call_of_a_paced_client_is_timed() {
        let (mut callers, receiver) = counters(3);
        let time = Duration::from_millis(2);
        let order = Order::Paced {
            pause: Duration::from_micros(100),
            time,
        };
        let answer = obey(order, &mut callers, None, || Ok(None)).unwrap();
        drop(callers);
        let calls = receiver.iter().count();
        let (words, _) = answer.as_chunks::<4>();
        assert_eq!(u32::from_ne_bytes(words[0]), u32::try_from(calls).unwrap());
        assert_eq!(words.len(), calls + 1);
        assert!(calls >= 3);
    }

    #[test]
    fn a_flood_ends_with_the_next_line() {
        let (mut callers, receiver) = counters(2);
        let flood = Order::Flood { batch: 8 };
        let halt = || {
            // Both have asked.
            let first = receiver.recv().unwrap();
            let _ = receiver.iter().find(|&number| number == first);
            Ok(Some("halt".to_owned()))
        };
        let answer = obey(flood, &mut callers, None, halt).unwrap();
        let (words, _) = answer.as_chunks::<8>();
        let [one, other, took] = [words[0], words[1], words[2]].map(u64::from_ne_bytes);
        assert!(one % 8 == 0 && other % 8 == 0 && one + other >= 16);
        assert!(took > 0);
    }

    #[test]
    fn what_fails_in_a_flood_is_told() {
        let (mut callers, receiver) = counters(1);
        drop(receiver);
        let flood = Order::Flood { batch: 1 };
        assert!(obey(flood, &mut callers, None, || Ok(None)).is_err());
    }
}
