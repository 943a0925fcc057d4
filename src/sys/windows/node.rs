//! What can be watched, and who is told of it.
//!
//! Windows has no readiness. So whatever can be watched says here what holds of it at this moment, and tells those who
//! watch when that may have changed.

use crate::sys::mutex::lock;
use crate::sys::ready::{Ready, Want};
use crate::sys::windows::port::Port;
use std::any::Any;
use std::fmt::Debug;
use std::io;
use std::os::windows::io::{AsRawHandle, RawHandle};
use std::sync::{Arc, Mutex, Weak};
use windows_sys::Win32::Foundation::HANDLE;

/// What can be watched.
pub(super) trait Watchable: Any + Debug + Send + Sync {
    /// Who is told that something may have changed.
    fn watchers(&self) -> &Watchers;

    /// What has to come before a look that no wait of a poller's came before, which takes what its port has.
    fn catch_up(&self) {}

    /// What holds at this moment, and is asked for or always told. What has to be begun so that a change is noticed is
    /// begun.
    fn state(&self, want: Want) -> Ready;

    /// Its operations tell this port of their ends from now on; gives the key that they do so by, which is `key` unless
    /// they did before.
    fn join(&self, _port: &Arc<Port>, key: usize) -> io::Result<usize> {
        Ok(key)
    }

    /// Adds the objects of the system, one of which is signalled once the state may have changed. Valid while it lives.
    fn objects(&self, want: Want, objects: &mut Vec<HANDLE>) -> io::Result<()>;

    /// Nobody waits for its objects any more.
    fn rest(&self) {}

    /// Whether nobody is told of changes, so that its state has to be looked at now and then.
    fn is_silent(&self) -> bool {
        false
    }

    /// Whether it is a set that has what is at this address, or a set that has.
    fn has(&self, _address: usize) -> bool {
        false
    }
}

/// Who is told by a key.
pub(super) trait Told: Debug + Send + Sync {
    /// Something may have changed at what was added with this key.
    fn tell(&self, key: usize);

    /// The same, where who tells holds no lock: whoever waits knows when this returns.
    fn tell_now(&self, key: usize);

    /// Whether a host waits for an object that has to be signalled as long as something is ready.
    fn is_observed(&self) -> bool;

    /// Something is ready no more.
    fn calm(&self);
}

/// Those who are told.
#[derive(Debug, Default)]
pub(super) struct Watchers(Mutex<Vec<(Weak<dyn Told>, usize)>>);

impl Watchers {
    /// Tells this one, too, by this key.
    pub(super) fn add(&self, told: Weak<dyn Told>, key: usize) {
        let mut all = lock(&self.0);
        all.retain(|(other, _)| other.strong_count() > 0);
        all.push((told, key));
    }

    /// Tells this one no more.
    pub(super) fn remove(&self, told: &Weak<dyn Told>) {
        lock(&self.0).retain(|(other, _)| !other.ptr_eq(told));
    }

    /// Whether nobody is told.
    pub(super) fn are_none(&self) -> bool {
        lock(&self.0)
            .iter()
            .all(|(told, _)| told.strong_count() == 0)
    }

    /// Something is ready no more.
    pub(super) fn calm(&self) {
        let all = lock(&self.0);
        let told = all.iter().filter_map(|(told, _)| told.upgrade());
        let observed: Vec<_> = told.filter(|told| told.is_observed()).collect();
        drop(all);
        observed.iter().for_each(|told| told.calm());
    }

    /// Tells all of them, where who tells holds no lock.
    pub(super) fn tell_now(&self) {
        let all = lock(&self.0).clone();
        for (told, key) in all {
            if let Some(told) = told.upgrade() {
                told.tell_now(key);
            }
        }
    }

    /// Tells all of them.
    pub(super) fn tell(&self) {
        for (told, key) in &*lock(&self.0) {
            if let Some(told) = told.upgrade() {
                told.tell(*key);
            }
        }
    }
}

/// Anything that can be watched.
#[derive(Clone, Debug)]
pub struct Node(Arc<dyn Watchable>);

impl Node {
    pub(super) fn new(watchable: Arc<dyn Watchable>) -> Self {
        Self(watchable)
    }

    pub(super) fn watchable(&self) -> &dyn Watchable {
        &*self.0
    }

    /// It, as what it is.
    pub(super) fn get<T: Watchable>(&self) -> Option<&T> {
        let any: &dyn Any = &*self.0;
        any.downcast_ref()
    }

    /// By which it is told from all others that live.
    pub(super) fn address(&self) -> usize {
        Arc::as_ptr(&self.0).cast::<()>().addr()
    }

    pub(super) fn downgrade(&self) -> Weak<dyn Watchable> {
        Arc::downgrade(&self.0)
    }
}

impl AsRawHandle for &Node {
    /// Signalled once something can be read there; of a poller, once something may have happened. NULL: there is no such.
    fn as_raw_handle(&self) -> RawHandle {
        let mut objects = Vec::new();
        let asked = self.0.objects(Want::READ, &mut objects);
        let first = objects.first().copied();
        first
            .filter(|_| asked.is_ok())
            .unwrap_or(std::ptr::null_mut())
    }
}

/// What a poller watches and a wait waits for, borrowed from its owner.
pub(crate) type Source<'a> = &'a Node;

/// What can be watched.
pub(crate) trait AsSource {
    /// What of it is watched.
    fn as_source(&self) -> Source<'_>;
}
