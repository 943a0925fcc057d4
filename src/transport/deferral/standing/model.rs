//! The word under loom, which runs each model once for every order that the memory model allows: `scripts/loom.sh`.
//!
//! Nobody waits with a limit here, so a wake-up that is lost is a deadlock, which loom reports.

use super::{Phase, Standing};
use crate::sys::atomic::model::Word;
use loom::sync::{Arc, Mutex, Notify};
use loom::thread;

/// What `Deferral` is made of.
struct Model {
    standing: Standing<Word>,
    kept: Mutex<Option<u32>>,
    bell: Notify,
}

impl Model {
    /// A request of this number is with its handler.
    fn asked(number: u32) -> Arc<Self> {
        let model = Self {
            standing: Standing::default(),
            kept: Mutex::new(None),
            bell: Notify::new(),
        };
        model.standing.begin(number);
        Arc::new(model)
    }

    /// As `Promise::end`.
    fn keep(&self, number: u32) -> Phase {
        let mut place = self.kept.lock().unwrap();
        let before = self.standing.keep(number);
        if matches!(before, Phase::Inside | Phase::Parked) {
            *place = Some(number);
        }
        drop(place);
        if before == Phase::Parked {
            self.bell.notify();
        }
        before
    }

    /// As `Parking::ask` and, once woken, `Parking::resume`.
    fn await_answer(&self, number: u32) -> Option<u32> {
        if self.standing.park(number) {
            while self.standing.phase(number) != Phase::Kept {
                self.bell.wait(); // May end by itself, as a turn may come for another reason.
            }
        }
        self.standing.end(number);
        self.kept.lock().unwrap().take()
    }
}

#[test]
fn an_answer_is_found_or_wakes() {
    loom::model(|| {
        let model = Model::asked(1);
        let there = Arc::clone(&model);
        let replying = thread::spawn(move || there.keep(1));
        assert_eq!(model.await_answer(1), Some(1));
        assert!(matches!(
            replying.join().unwrap(),
            Phase::Inside | Phase::Parked
        ));
    });
}

#[test]
fn a_late_second_end_is_no_answer_to_the_next_request() {
    loom::model(|| {
        let model = Model::asked(1);
        let there = Arc::clone(&model);
        let replying = thread::spawn(move || [there.keep(1), there.keep(1)]);
        assert_eq!(model.await_answer(1), Some(1));
        model.standing.begin(2);
        let [_, second] = replying.join().unwrap();
        assert!(matches!(second, Phase::Kept | Phase::Free));
        assert_eq!(model.standing.phase(2), Phase::Inside);
        assert_eq!(*model.kept.lock().unwrap(), None);
    });
}

#[test]
fn who_answers_a_connection_that_goes_learns_it_or_is_not_heard() {
    loom::model(|| {
        let model = Model::asked(1);
        let there = Arc::clone(&model);
        let replying = thread::spawn(move || there.keep(1));
        if model.standing.park(1) {
            model.standing.lose(1, Phase::Closed);
        }
        let before = replying.join().unwrap();
        let after = model.standing.phase(1);
        match before {
            Phase::Closed => assert_eq!(after, Phase::Free),
            Phase::Inside | Phase::Parked => assert_eq!(after, Phase::Kept),
            other => panic!("{other:?}"),
        }
    });
}
