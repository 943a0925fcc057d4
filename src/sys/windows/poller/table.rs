//! Which sources a set has, and which of them may have something to tell.

use crate::sys::ready::{Ready, Want};
use crate::sys::windows::node::{Source, Watchable};
use std::collections::{HashMap, VecDeque};
use std::io::{self, ErrorKind};
use std::sync::Weak;

/// Sources of which no more is looked whether they are gone.
pub(super) const FEW: usize = 64;

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

#[derive(Debug, Default)]
pub(super) struct Table {
    pub(super) entries: HashMap<usize, Entry>,
    /// The keys, by where the sources are.
    pub(super) keys: HashMap<usize, usize>,
    /// Those that may have something to tell, each once.
    pub(super) hot: VecDeque<usize>,
    /// Those that tell nobody.
    pub(super) silent: Vec<usize>,
    pub(super) last: usize,
    /// So many entries are looked through for those whose sources are gone.
    pub(super) most: usize,
}

#[derive(Debug)]
pub(super) struct Entry {
    pub(super) source: Weak<dyn Watchable>,
    pub(super) want: Want,
    pub(super) token: u64,
    pub(super) is_hot: bool,
}

impl Entry {
    /// What there is to tell.
    pub(super) fn ready(&self) -> Ready {
        self.source
            .upgrade()
            .map_or(Ready::NOTHING, |source| source.state(self.want))
    }

    pub(super) fn is_told_once(&self) -> bool {
        self.want.bits() & Want::EDGE.bits() != 0
    }
}

impl Table {
    /// What this key names is to be looked at.
    pub(super) fn heat(&mut self, key: usize) {
        if let Some(entry) = self.entries.get_mut(&key)
            && !std::mem::replace(&mut entry.is_hot, true)
        {
            self.hot.push_back(key);
        }
    }

    /// Those that tell nobody are to be looked at; whether there are any.
    pub(super) fn heat_silent(&mut self) -> bool {
        let silent = std::mem::take(&mut self.silent);
        silent.iter().for_each(|key| self.heat(*key));
        self.silent = silent;
        !self.silent.is_empty()
    }

    /// Puts what there is to tell in `events`, round by round; gives how many.
    pub(super) fn tell(&mut self, events: &mut [Event]) -> usize {
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
    pub(super) fn has_any(&mut self) -> bool {
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
    pub(super) fn forget_gone(&mut self) {
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

    pub(super) fn key_of(&self, source: Source<'_>) -> io::Result<usize> {
        let key = self.keys.get(&source.address()).copied();
        key.ok_or_else(|| ErrorKind::NotFound.into())
    }
}
