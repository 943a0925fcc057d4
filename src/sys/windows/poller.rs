//! Waiting for many sources: a completion port, and who of those that it named has something to tell.
//!
//! A key from the port says only where to look. What is looked at and found ready is told; what is watched until it holds no
//! more (level-triggered) is looked at in every wait from then on, until it is not ready.

mod table;
#[cfg(test)]
mod tests;

use super::event::Event as Object;
use super::node::{AsSource, Node, Source, Told, Watchable, Watchers};
use super::port::{AT_ONCE, Port};
use crate::sys::mutex::lock;
use crate::sys::ready::{Ready, Want};
use std::io::{self, ErrorKind};
use std::sync::atomic::{AtomicUsize, Ordering, fence};
use std::sync::{Arc, Mutex, OnceLock, Weak};
use std::thread;
use std::time::{Duration, Instant};
pub(crate) use table::Event;
use table::{Entry, Table};
use windows_sys::Win32::Foundation::HANDLE;

/// Keys that name no source: a wait is to look again, or the relay to end.
const LOOK: usize = 0;
const END: usize = usize::MAX;
/// How often what tells nobody is looked at.
const SLICE: Duration = Duration::from_millis(1);
/// One set at a time becomes a part of another, so that none becomes a part of itself.
static NESTING: Mutex<()> = Mutex::new(());

/// A set of sources to wait for, each with a token of the caller's.
#[derive(Debug)]
pub(crate) struct Poller {
    set: Arc<Set>,
    node: Node,
}

/// The set, which duplicates share.
#[derive(Debug)]
struct Set {
    port: Arc<Port>,
    table: Mutex<Table>,
    /// Who waits for the set as a whole.
    watchers: Watchers,
    /// Threads that sleep, or are about to; those of them that sleep at the port.
    sleepers: AtomicUsize,
    at_port: AtomicUsize,
    /// Signalled while there may be something to tell, once a host waits for it. Then the port is the relay's alone.
    relay: OnceLock<Object>,
    /// Held while the relay is made.
    making: Mutex<()>,
    itself: Weak<Set>,
}

impl Poller {
    /// An empty set.
    pub(crate) fn new() -> io::Result<Self> {
        let port = Arc::new(Port::new()?);
        let set = Arc::new_cyclic(|itself| Set {
            port,
            table: Mutex::default(),
            watchers: Watchers::default(),
            sleepers: AtomicUsize::new(0),
            at_port: AtomicUsize::new(0),
            relay: OnceLock::new(),
            making: Mutex::default(),
            itself: itself.clone(),
        });
        Ok(Self::of(set))
    }

    fn of(set: Arc<Set>) -> Self {
        let node = Node::new(set.clone());
        Self { set, node }
    }

    /// The same set.
    #[expect(clippy::unnecessary_wraps, reason = "the other systems' may fail")]
    pub(crate) fn duplicate(&self) -> io::Result<Self> {
        Ok(Self::of(self.set.clone()))
    }

    /// Adds a source; its closing removes it.
    pub(crate) fn add(&self, source: Source<'_>, want: Want, token: u64) -> io::Result<()> {
        let nesting = lock(&NESTING);
        if source.address() == self.node.address() || source.watchable().has(self.node.address()) {
            let what = "two pollers would be inside of each other";
            return Err(io::Error::new(ErrorKind::InvalidInput, what));
        }
        let mut table = lock(&self.set.table);
        table.forget_gone();
        if let Some(key) = table.keys.get(&source.address()) {
            let entry = table.entries.get(key);
            if entry.is_some_and(|entry| entry.source.strong_count() > 0) {
                return Err(ErrorKind::AlreadyExists.into());
            }
        }
        table.last += 1;
        let key = source.watchable().join(&self.set.port, table.last)?;
        let entry = Entry {
            source: source.downgrade(),
            want,
            token,
            is_hot: false,
        };
        // It tells before it is looked at, so that no change is missed.
        source
            .watchable()
            .watchers()
            .add(self.set.itself.clone(), key);
        if source.watchable().is_silent() {
            table.silent.push(key);
        }
        table.keys.insert(source.address(), key);
        table.entries.insert(key, entry);
        table.heat(key);
        drop(table);
        drop(nesting);
        self.set.look_again();
        Ok(())
    }

    /// Changes what a source of the set is watched for.
    pub(crate) fn change(&self, source: Source<'_>, want: Want, token: u64) -> io::Result<()> {
        let mut table = lock(&self.set.table);
        let key = table.key_of(source)?;
        if let Some(entry) = table.entries.get_mut(&key) {
            (entry.want, entry.token) = (want, token);
        }
        table.heat(key);
        drop(table);
        self.set.look_again();
        Ok(())
    }

    /// Takes a source out of the set.
    pub(crate) fn remove(&self, source: Source<'_>) -> io::Result<()> {
        let mut table = lock(&self.set.table);
        let key = table.key_of(source)?;
        table.keys.remove(&source.address());
        table.entries.remove(&key);
        table.silent.retain(|silent| *silent != key);
        // Before another thread adds it again, which would not be told then, or adds this set to it: sets that tell each other do so
        // without end.
        let told: Weak<dyn Told> = self.set.itself.clone();
        source.watchable().watchers().remove(&told);
        Ok(())
    }

    /// Waits until something is there, or `timeout` (rounded up to milliseconds; `None`: for ever)
    /// is over; gives how many of `events` it filled.
    pub(crate) fn wait(
        &self,
        events: &mut [Event],
        timeout: Option<Duration>,
    ) -> io::Result<usize> {
        let until = timeout.and_then(|timeout| Instant::now().checked_add(timeout));
        loop {
            let left = match timeout {
                Some(Duration::ZERO) => Some(Duration::ZERO),
                _ => until.map(|until| until.saturating_duration_since(Instant::now())),
            };
            self.set.sleep(left)?;
            let count = self.set.tell(events);
            if count > 0 || left.is_some_and(|left| left.is_zero()) {
                return Ok(count);
            }
        }
    }
}

impl AsSource for Poller {
    /// Readable when something of the set is ready, so that a set can be in another one.
    fn as_source(&self) -> Source<'_> {
        &self.node
    }
}

impl Set {
    /// Sleeps until there may be something to tell, this long at most.
    fn sleep(&self, time: Option<Duration>) -> io::Result<()> {
        self.sleepers.fetch_add(1, Ordering::SeqCst);
        let (is_idle, is_silent) = {
            let mut table = lock(&self.table);
            (table.hot.is_empty(), table.heat_silent())
        };
        let time = match (is_idle, is_silent) {
            (false, _) => Some(Duration::ZERO),
            (true, true) => Some(time.map_or(SLICE, |time| time.min(SLICE))),
            (true, false) => time,
        };
        let result = self.take(time);
        self.sleepers.fetch_sub(1, Ordering::SeqCst);
        result
    }

    /// Takes what the port has, waiting this long for the first; once there is a relay, waits for that.
    fn take(&self, time: Option<Duration>) -> io::Result<()> {
        self.at_port.fetch_add(1, Ordering::SeqCst);
        // Whoever makes the relay finds this thread at the port, or is found by it.
        fence(Ordering::SeqCst);
        if let Some(relay) = self.relay.get() {
            self.at_port.fetch_sub(1, Ordering::SeqCst);
            relay.wait(time);
            return Ok(());
        }
        let mut keys = [LOOK; AT_ONCE];
        let taken = self.port.take(&mut keys, time);
        self.at_port.fetch_sub(1, Ordering::SeqCst);
        let mut table = lock(&self.table);
        keys.iter().take(taken?).for_each(|key| table.heat(*key));
        Ok(())
    }

    /// Tells what there is.
    fn tell(&self, events: &mut [Event]) -> usize {
        let mut table = lock(&self.table);
        let count = table.tell(events);
        let has_more = !table.hot.is_empty();
        if !has_more && let Some(relay) = self.relay.get() {
            relay.reset();
        }
        drop(table);
        // What is left is for another thread that sleeps, too.
        if has_more {
            self.look_again();
        }
        count
    }

    /// Has those who sleep look again.
    fn look_again(&self) {
        if let Some(relay) = self.relay.get() {
            relay.set();
        } else if self.sleepers.load(Ordering::SeqCst) > 0 {
            self.port.post(LOOK);
        }
        self.watchers.tell();
    }

    /// Signals what these keys tell of, unless it was taken since: a thread that looks need not wait for the port.
    fn pass_on(&self, keys: &[usize]) {
        let mut table = lock(&self.table);
        keys.iter().for_each(|key| table.heat(*key));
        if !table.has_any() {
            return;
        }
        if let Some(relay) = self.relay.get() {
            relay.set();
        }
        drop(table);
        self.watchers.tell();
    }

    fn object(&self) -> io::Result<HANDLE> {
        let making = lock(&self.making);
        if let Some(relay) = self.relay.get() {
            return Ok(relay.raw());
        }
        let fresh = Object::new()?;
        fresh.set(); // It is looked at what there is.
        // What was told before is known to whoever looks, though the relay's thread has not run yet.
        self.take(Some(Duration::ZERO))?;
        let (port, set) = (self.port.clone(), self.itself.clone());
        thread::Builder::new()
            .name("calc_ipc-relay".into())
            .spawn(move || pass_on(&port, &set))?;
        let relay = self.relay.get_or_init(|| fresh).raw();
        // Whoever sleeps at the port sleeps at the object from now on.
        fence(Ordering::SeqCst);
        while self.at_port.load(Ordering::SeqCst) > 0 {
            self.port.post(LOOK);
            thread::sleep(SLICE);
        }
        drop(making);
        Ok(relay)
    }
}

/// Turns what the port tells into a signal, until the set has gone.
fn pass_on(port: &Port, set: &Weak<Set>) {
    // Whoever came last to a port is given what it has first: this thread comes when all others have left.
    match set.upgrade() {
        Some(set) => drop(lock(&set.making)),
        None => return,
    }
    let mut keys = [LOOK; AT_ONCE];
    while let Ok(count) = port.take(&mut keys, None) {
        let Some(set) = set.upgrade() else {
            return;
        };
        set.pass_on(keys.get(..count).unwrap_or_default());
    }
}

impl Told for Set {
    fn tell(&self, key: usize) {
        self.port.post(key);
        self.watchers.tell();
    }

    fn tell_now(&self, key: usize) {
        match self.relay.get() {
            Some(relay) => {
                let mut table = lock(&self.table);
                table.heat(key);
                relay.set();
                drop(table);
                self.watchers.tell();
            }
            None => Told::tell(self, key),
        }
    }

    fn is_observed(&self) -> bool {
        self.relay.get().is_some()
    }

    fn calm(&self) {
        let mut table = lock(&self.table);
        if let Some(relay) = self.relay.get().filter(|_| !table.has_any()) {
            relay.reset();
        }
    }
}

impl Watchable for Set {
    fn watchers(&self) -> &Watchers {
        &self.watchers
    }

    fn state(&self, want: Want) -> Ready {
        if self.relay.get().is_none() {
            // It fails only where the port does, as the set's own waits then say.
            let _ = self.take(Some(Duration::ZERO));
        }
        let mut table = lock(&self.table);
        table.heat_silent();
        match table.has_any() && want.bits() & Want::READ.bits() != 0 {
            true => Ready::READABLE,
            false => Ready::NOTHING,
        }
    }

    fn objects(&self, _: Want, objects: &mut Vec<HANDLE>) -> io::Result<()> {
        objects.push(self.object()?);
        self.calm();
        Ok(())
    }

    fn has(&self, address: usize) -> bool {
        let table = lock(&self.table);
        let silent = table.silent.iter().filter_map(|key| table.entries.get(key));
        table.keys.contains_key(&address)
            || silent
                .filter_map(|entry| entry.source.upgrade())
                .any(|set| set.has(address))
    }

    fn is_silent(&self) -> bool {
        true
    }
}

impl Drop for Set {
    fn drop(&mut self) {
        if self.relay.get().is_some() {
            self.port.post(END);
        }
    }
}
