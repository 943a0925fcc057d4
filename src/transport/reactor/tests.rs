use super::shard::Held;
use super::*;
use crate::sys::ready::Want;
use crate::sys::{AsSource, Source};
use crate::transport::Written;

/// Answers nothing.
struct Mute {
    is_for_many_threads: bool,
}

impl Answer for Mute {
    fn answer(&self, _body: &[u8], _room: &mut [u8]) -> Written {
        Ok(0)
    }

    fn too_large(&self, _room: &mut [u8]) -> Written {
        Ok(0)
    }

    fn longest_answer(&self, _max_message: u32) -> u32 {
        0
    }

    fn takes_aligned(&self) -> bool {
        false
    }

    fn is_for_many_threads(&self) -> bool {
        self.is_for_many_threads
    }

    fn note(&self, _visit: Visit) {}
}

const CALCULATOR: Mute = Mute {
    is_for_many_threads: true,
};
const USERS: Mute = Mute {
    is_for_many_threads: false,
};

/// Nobody comes.
struct Lonely;

impl Listener for Lonely {
    fn doors(&self) -> Vec<Door<'_>> {
        Vec::new()
    }

    fn admit(&self, _door: usize, _is_full: bool) -> io::Result<Admission> {
        Ok(Admission::Nobody)
    }
}

/// Asks nothing.
struct Silent(Bell);

impl Peer for Silent {
    fn watches(&self, _is_blocked: bool) -> [Option<(Source<'_>, Want)>; 2] {
        [Some((self.0.as_source(), Want::READ)), None]
    }

    fn turn(&mut self, _happened: Happened, _work: &mut Work<'_>) -> TurnEnd {
        TurnEnd::Idle { answered: false }
    }
}

fn limits(workers: u32, stop_when_idle: bool) -> Limits {
    let options = ServerOptions {
        workers,
        stop_when_idle,
        ..ServerOptions::default()
    };
    Limits::new(&options, 8)
}

#[test]
fn work_is_requests_and_each_256_bytes_of_them() {
    let stop = Bell::new().unwrap();
    let mut work = Work::new(&CALCULATOR, &stop, 300).unwrap();
    for (requests, bytes, done) in [
        (1, 0, 1),
        (2, 255, 3),
        (1, 256, 5),
        (0, 1023, 8),
        (u32::MAX, 0, u32::MAX),
        (1, 256, u32::MAX),
    ] {
        work.count(requests, bytes);
        assert_eq!(work.done, done, "{requests} requests of {bytes} bytes");
    }
}

#[test]
fn only_a_calculator_for_many_clients_has_many_threads_without_being_told() {
    let many = cpu::usable().min(MOST_THREADS);
    for (answer, stop_when_idle, threads) in [
        (CALCULATOR, false, many),
        (CALCULATOR, true, 1),
        (USERS, false, 1),
        (USERS, true, 1),
    ] {
        assert_eq!(limits(0, stop_when_idle).threads(&answer), threads);
        assert_eq!(limits(3, stop_when_idle).threads(&answer), 3);
    }
}

#[test]
fn a_peer_to_which_nothing_happened_in_its_turn_has_no_other_turn() {
    let stop = Bell::new().unwrap();
    let task = Task {
        answer: &USERS,
        stop: &stop,
        may_end_when_idle: false,
        begun: &|| (),
    };
    let limits = limits(2, false);
    let crew = Crew::new(&Lonely, &limits, &task).unwrap();
    assert!(crew.relief.is_some());
    let mut worker = Worker::new(&crew, 0).unwrap();
    let mut shard = Held::take(&crew.desk(0).shard);
    worker.take_in(&mut shard, Box::new(Silent(Bell::new().unwrap())));
    let key = shard.next_in_line().unwrap();
    assert!(!shard.queue.is_busy());
    let end = worker.turn(&mut shard, key);
    assert_eq!(end, Some(TurnEnd::Idle { answered: false }));
    assert!(!shard.queue.is_busy());
}
