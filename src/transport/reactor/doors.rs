//! The doors of a server: who watches them, who is let in, and whether anybody may still come.

use super::token::Token;
use super::{Admission, Door, DoorWatch, Limits, Listener, Refusal, Sleepers};
use crate::sys::mutex::lock;
use crate::sys::ready::Want;
use crate::sys::{Handle, Poller, room};
use std::io;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// How long a door stays shut after this process could not let anybody in.
pub(super) const DOOR_PAUSE: Duration = Duration::from_millis(20);

/// The doors of a server, which all of its threads share. Places are given away here, each once.
pub(super) struct Doors<'a> {
    listener: &'a dyn Listener,
    most_clients: usize,
    /// Serving ends once clients have come and all have gone.
    end_when_idle: bool,
    book: &'a Book,
}

/// What is known at the doors.
pub(super) struct Book {
    /// Who watches each.
    watches: Vec<DoorWatch>,
    clients: AtomicUsize,
    have_come: AtomicBool,
    /// A handle to let go of, so that a newcomer can be refused when there are no more.
    spare: Mutex<Option<Handle>>,
}

impl Book {
    /// That of doors at which nobody has been so far.
    pub(super) fn new(listener: &dyn Listener) -> Self {
        let doors = listener.doors();
        Self {
            watches: doors.iter().map(|door| door.watch).collect(),
            clients: AtomicUsize::new(0),
            have_come: AtomicBool::new(false),
            spare: Mutex::new(Handle::spare().ok()),
        }
    }
}

impl<'a> Doors<'a> {
    pub(super) fn new(
        listener: &'a dyn Listener,
        limits: &Limits,
        may_end_when_idle: bool,
        book: &'a Book,
    ) -> Self {
        Self {
            listener,
            most_clients: limits.max_clients,
            end_when_idle: limits.stop_when_idle && may_end_when_idle,
            book,
        }
    }

    /// Where the threads that sleep are counted, if peers ask in memory.
    #[inline]
    pub(super) fn sleepers(&self) -> Option<&dyn Sleepers> {
        self.listener.sleepers()
    }

    /// Has the thread with this number watch, by this poller, the doors that are its.
    pub(super) fn watch(&self, poller: &Poller, thread: usize) -> io::Result<()> {
        for (number, Door { source, watch }) in self.listener.doors().into_iter().enumerate() {
            let want = match watch {
                DoorWatch::ByAll => Want::READ | Want::SHARED,
                DoorWatch::ByFirst => Want::READ | Want::EDGE,
            };
            if is_watched_by(watch, thread) {
                poller.add(source, want, Token::Door(number).into())?;
            }
        }
        Ok(())
    }

    /// Has nobody watch the doors by this poller.
    pub(super) fn unwatch(&self, poller: &Poller) {
        for door in self.listener.doors() {
            // A door that its thread does not watch is not in it.
            let _ = poller.remove(door.source);
        }
    }

    /// The numbers of the doors that the thread with this number watches.
    pub(super) fn watched_by(&self, thread: usize) -> impl Iterator<Item = usize> {
        let watches = self.book.watches.iter().enumerate();
        watches.filter_map(move |(number, watch)| is_watched_by(*watch, thread).then_some(number))
    }

    /// How many doors there are.
    pub(super) fn count(&self) -> usize {
        self.book.watches.len()
    }

    /// Whether whoever comes to this door stays with the thread that lets them in.
    pub(super) fn is_for_first(&self, door: usize) -> bool {
        self.book.watches.get(door) == Some(&DoorWatch::ByFirst)
    }

    /// Deals with the next newcomer at a door. One for whom this process has no handle left is
    /// refused, with the one that is kept for that; an error means that not even that could be done.
    ///
    /// One thread does so at a time: another would let its newcomer in with that handle, or
    /// for the place that this one just gave away.
    pub(super) fn admit(&self, door: usize) -> io::Result<Admission> {
        let mut spare = lock(&self.book.spare);
        let has_place = self.book.clients.load(Ordering::Relaxed) < self.most_clients;
        let is_full = !has_place || !room::has_headroom();
        let admission = self.listener.admit(door, is_full).or_else(|_| {
            drop(spare.take());
            self.listener.admit(door, true)
        })?;
        if spare.is_none() {
            *spare = Handle::spare().ok();
        }
        match admission {
            Admission::Peer(_) => self.let_in(),
            Admission::Left => self.book.have_come.store(true, Ordering::Release),
            Admission::Nobody | Admission::Refused(..) | Admission::Vanished => {}
        }
        Ok(match admission {
            // There was a place, but nothing to let anybody in with.
            Admission::Refused(visitor, Refusal::Full) if has_place => {
                Admission::Refused(visitor, Refusal::Shortage)
            }
            admission => admission,
        })
    }

    /// A client has come.
    pub(super) fn let_in(&self) {
        self.book.clients.fetch_add(1, Ordering::Relaxed);
        self.book.have_come.store(true, Ordering::Release);
    }

    /// A client has gone.
    pub(super) fn let_out(&self) {
        self.book.clients.fetch_sub(1, Ordering::Relaxed);
    }

    /// How many clients there are.
    pub(super) fn clients(&self) -> usize {
        self.book.clients.load(Ordering::Relaxed)
    }

    /// Whether serving is to end because clients have come and all have gone. Whoever sees that one has
    /// come sees it counted.
    pub(super) fn are_idle(&self) -> bool {
        self.end_when_idle
            && self.book.have_come.load(Ordering::Acquire)
            && self.book.clients.load(Ordering::Relaxed) == 0
    }
}

/// Whether a door is watched by the thread with this number.
fn is_watched_by(watch: DoorWatch, thread: usize) -> bool {
    thread == 0 || watch == DoorWatch::ByAll
}

/// The doors are shut for one thread, or not: while nobody can be let in, whoever waits there would keep it
/// from sleeping.
#[derive(Debug, Default)]
pub(super) struct Pause {
    until: Option<Instant>,
}

impl Pause {
    /// They are shut from now on.
    pub(super) fn begin(&mut self, now: Instant) {
        self.until = Some(now + DOOR_PAUSE);
    }

    /// Until when they are shut, if they are.
    #[inline]
    pub(super) fn until(&self) -> Option<Instant> {
        self.until
    }

    /// Ends a pause that has lasted long enough; whether there was one.
    pub(super) fn ends(&mut self, now: Instant) -> bool {
        self.until.take_if(|until| *until <= now).is_some()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

    use super::*;
    use crate::transport::ServerOptions;
    use crate::transport::reactor::stage::{ScriptedDoors, refused};
    use std::io::ErrorKind;

    /// Acts at doors, where serving may end.
    fn at(listener: &ScriptedDoors, limits: &Limits, act: impl FnOnce(&Doors<'_>)) {
        act(&Doors::new(listener, limits, true, &Book::new(listener)));
    }

    fn limits(max_clients: u32, stop_when_idle: bool) -> Limits {
        let options = ServerOptions {
            stop_when_idle,
            ..ServerOptions::default()
        };
        Limits::new(&options, max_clients)
    }

    #[test]
    fn the_last_place_is_given_away_once() {
        let listener = ScriptedDoors::new(&[DoorWatch::ByAll], false);
        for _ in 0..4 {
            listener.come(0);
        }
        at(&listener, &limits(2, false), |doors| {
            for clients in [1, 2] {
                assert!(matches!(doors.admit(0), Ok(Admission::Peer(_))));
                assert_eq!(doors.clients(), clients);
            }
            let _ = doors.admit(0);
            (0..2).for_each(|_| doors.let_out());
            let _ = doors.admit(0);
        });
        let asked = [(0, false), (0, false), (0, true), (0, false)];
        assert_eq!(*lock(&listener.asked), asked);
    }

    #[test]
    fn one_for_whom_there_is_no_handle_is_asked_again_so_as_to_be_refused() {
        let listener = ScriptedDoors::new(&[DoorWatch::ByAll], false);
        listener.put(0, Err(ErrorKind::Other.into()));
        listener.put(0, Ok(refused()));
        listener.put(0, Err(ErrorKind::Other.into()));
        listener.put(0, Err(ErrorKind::Other.into()));
        at(&listener, &limits(8, false), |doors| {
            let admission = doors.admit(0);
            let refusal = Refusal::Shortage;
            assert!(matches!(admission, Ok(Admission::Refused(_, why)) if why == refusal));
            assert!(
                lock(&doors.book.spare).is_some(),
                "there is one for the next"
            );
            assert!(doors.admit(0).is_err());
            assert_eq!(doors.clients(), 0);
        });
        let asked = [(0, false), (0, true), (0, false), (0, true)];
        assert_eq!(*lock(&listener.asked), asked);
    }

    #[test]
    fn the_first_thread_has_every_door_and_the_others_those_of_all() {
        let listener = ScriptedDoors::new(&[DoorWatch::ByAll, DoorWatch::ByFirst], false);
        at(&listener, &limits(8, false), |doors| {
            assert_eq!(doors.count(), 2);
            assert!(doors.watched_by(0).eq([0, 1]));
            assert!(doors.watched_by(1).eq([0]) && doors.watched_by(2).eq([0]));
            assert_eq!(
                [0, 1, 2].map(|door| doors.is_for_first(door)),
                [false, true, false]
            );
        });
    }

    #[test]
    fn they_are_idle_once_somebody_has_come_and_all_have_gone_where_that_was_asked_for() {
        for (stop_when_idle, may_end) in [(true, true), (true, false), (false, true)] {
            let listener = ScriptedDoors::new(&[DoorWatch::ByAll], false);
            let book = Book::new(&listener);
            let doors = Doors::new(&listener, &limits(8, stop_when_idle), may_end, &book);
            let ends = stop_when_idle && may_end;
            listener.put(0, Ok(refused()));
            let _ = [doors.admit(0), doors.admit(0)];
            assert!(!doors.are_idle(), "nobody has come");
            listener.put(0, Ok(Admission::Left));
            let _ = doors.admit(0);
            assert_eq!(doors.are_idle(), ends);
            listener.come(0);
            let _ = doors.admit(0);
            assert!(!doors.are_idle());
            doors.let_out();
            assert_eq!(doors.are_idle(), ends);
        }
    }

    #[test]
    fn a_pause_lasts_and_ends_once() {
        let mut pause = Pause::default();
        let now = Instant::now();
        assert!(!pause.ends(now) && pause.until().is_none());
        pause.begin(now);
        let until = now + DOOR_PAUSE;
        assert!(!pause.ends(until - Duration::from_nanos(1)));
        assert_eq!(pause.until(), Some(until));
        assert!(pause.ends(until) && !pause.ends(until));
        assert_eq!(pause.until(), None);
    }
}
