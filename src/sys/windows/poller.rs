//! Waiting for many sources: a completion port, and who of those that it named has something to tell.
//!
//! A key from the port says only where to look. What is looked at and found ready is told; what is watched until it holds no
//! more (level-triggered) is looked at in every wait from then on, until it is not ready.

#[cfg(test)]
mod tests;

use super::event::Event as Object;
use super::node::{AsSource, Node, Source, Told, Watchable, Watchers};
use super::port::{AT_ONCE, Port};
use crate::sys::mutex::lock;
use crate::sys::ready::{Ready, Want};
use std::collections::{HashMap, VecDeque};
use std::io::{self, ErrorKind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock, Weak};
use std::thread;
use std::time::{Duration, Instant};
use windows_sys::Win32::Foundation::HANDLE;

/// Keys that name no source: a wait is to look again, or the relay to end.
const LOOK: usize = 0;
const END: usize = usize::MAX;
/// How often what tells nobody is looked at.
const SLICE: Duration = Duration::from_millis(1);
/// Sources of which no more is looked whether they are gone.
const FEW: usize = 64;

/// One set at a time becomes a part of another, so that none becomes a part of itself.
static NESTING: Mutex<()> = Mutex::new(());

/// What happened at one source of a set.
#[derive(Clone, Copy)]
pub(crate) struct Event {
    ready: Ready,
    token: u64,
}

impl Event {
    /// Room for one.
    pub(crate) const EMPTY: Self = Self {
        ready: Ready::NOTHING,
        token: 0,
    };

    /// This happened at the source with this token.
    #[cfg(test)]
    pub(crate) const fn new(ready: Ready, token: u64) -> Self {
        Self { ready, token }
    }

    /// The token with which the source was added.
    pub(crate) fn token(&self) -> u64 {
        self.token
    }

    /// What happened there.
    pub(crate) fn ready(&self) -> Ready {
        self.ready
    }
}

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
    /// Threads that sleep, or are about to.
    sleepers: AtomicUsize,
    /// Signalled while there may be something to tell, once a host waits for it.
    relay: OnceLock<Object>,
    itself: Weak<Set>,
}

#[derive(Debug, Default)]
struct Table {
    entries: HashMap<usize, Entry>,
    /// The keys, by where the sources are.
    keys: HashMap<usize, usize>,
    /// Those that may have something to tell, each once.
    hot: VecDeque<usize>,
    /// Those that tell nobody.
    silent: Vec<usize>,
    last: usize,
    /// So many entries are looked through for those whose sources are gone.
    most: usize,
}

#[derive(Debug)]
struct Entry {
    source: Weak<dyn Watchable>,
    want: Want,
    token: u64,
    is_hot: bool,
}

impl Entry {
    /// What there is to tell.
    fn ready(&self) -> Ready {
        self.source
            .upgrade()
            .map_or(Ready::NOTHING, |source| source.state(self.want))
    }

    fn is_told_once(&self) -> bool {
        self.want.bits() & Want::EDGE.bits() != 0
    }
}

impl Table {
    /// What this key names is to be looked at.
    fn heat(&mut self, key: usize) {
        if let Some(entry) = self.entries.get_mut(&key)
            && !std::mem::replace(&mut entry.is_hot, true)
        {
            self.hot.push_back(key);
        }
    }

    /// Those that tell nobody are to be looked at; whether there are any.
    fn heat_silent(&mut self) -> bool {
        let silent = std::mem::take(&mut self.silent);
        silent.iter().for_each(|key| self.heat(*key));
        self.silent = silent;
        !self.silent.is_empty()
    }

    /// Puts what there is to tell in `events`, round by round; gives how many.
    fn tell(&mut self, events: &mut [Event]) -> usize {
        let mut count = 0;
        for _ in 0..self.hot.len() {
            let Some(room) = events.get_mut(count) else {
                break;
            };
            let Some(key) = self.hot.pop_front() else {
                break;
            };
            let Some(entry) = self.entries.get_mut(&key) else {
                continue;
            };
            let ready = entry.ready();
            entry.is_hot = !ready.is_empty() && !entry.is_told_once();
            if entry.is_hot {
                self.hot.push_back(key);
            }
            if !ready.is_empty() {
                let token = entry.token;
                *room = Event { ready, token };
                count += 1;
            }
        }
        count
    }

    /// Whether there is anything to tell. What has nothing is not looked at again.
    fn has_any(&mut self) -> bool {
        while let Some(key) = self.hot.front() {
            let entry = self.entries.get_mut(key);
            if entry
                .as_ref()
                .is_some_and(|entry| !entry.ready().is_empty())
            {
                return true;
            }
            if let Some(entry) = entry {
                entry.is_hot = false;
            }
            self.hot.pop_front();
        }
        false
    }

    /// Forgets sources that are gone, once there are many.
    fn forget_gone(&mut self) {
        if self.entries.len() < self.most.max(FEW) {
            return;
        }
        self.entries
            .retain(|_, entry| entry.source.strong_count() > 0);
        let entries = &self.entries;
        self.keys.retain(|_, key| entries.contains_key(key));
        self.silent.retain(|key| entries.contains_key(key));
        self.most = 2 * self.entries.len();
    }
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
            relay: OnceLock::new(),
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
        drop(table);
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

impl Table {
    fn key_of(&self, source: Source<'_>) -> io::Result<usize> {
        let key = self.keys.get(&source.address()).copied();
        key.ok_or_else(|| ErrorKind::NotFound.into())
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
        let result = match self.relay.get() {
            Some(relay) => {
                relay.wait(time);
                Ok(())
            }
            None => self.take(time),
        };
        self.sleepers.fetch_sub(1, Ordering::SeqCst);
        result
    }

    /// Takes what the port has, waiting this long for the first.
    fn take(&self, time: Option<Duration>) -> io::Result<()> {
        let mut keys = [LOOK; AT_ONCE];
        let count = self.port.take(&mut keys, time)?;
        let mut table = lock(&self.table);
        keys.iter().take(count).for_each(|key| table.heat(*key));
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

    fn object(&self) -> io::Result<HANDLE> {
        if let Some(relay) = self.relay.get() {
            return Ok(relay.raw());
        }
        let fresh = Object::new()?;
        fresh.set(); // It is looked at what there is.
        let mut is_first = false;
        let relay = self.relay.get_or_init(|| {
            is_first = true;
            fresh
        });
        if is_first {
            let (port, set) = (self.port.clone(), self.itself.clone());
            thread::Builder::new()
                .name("calc_ipc-relay".into())
                .spawn(move || pass_on(&port, &set))?;
            self.port.post(LOOK); // Whoever sleeps at the port sleeps at the object from now on.
        }
        Ok(relay.raw())
    }
}

/// Turns what the port tells into a signal, until the set has gone.
fn pass_on(port: &Port, set: &Weak<Set>) {
    let mut keys = [LOOK; AT_ONCE];
    while let Ok(count) = port.take(&mut keys, None) {
        let Some(set) = set.upgrade() else {
            return;
        };
        let mut table = lock(&set.table);
        for key in keys.iter().take(count) {
            table.heat(*key);
        }
        if let Some(relay) = set.relay.get().filter(|_| !table.hot.is_empty()) {
            relay.set();
        }
        drop(table);
        set.watchers.tell();
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
