//! Waiting for a few sources until a deadline: WaitForMultipleObjects.

use super::call::milliseconds;
use super::node::Source;
use crate::sys::deadline::Deadline;
use crate::sys::ready::{Ready, Want};
use std::io;
use std::time::Duration;
use windows_sys::Win32::Foundation::{HANDLE, WAIT_FAILED, WAIT_TIMEOUT};
use windows_sys::Win32::System::Threading::WaitForMultipleObjects;

/// A source that is waited for, and what was found there.
pub(crate) struct Awaited<'a> {
    source: Source<'a>,
    want: Want,
    ready: Ready,
}

impl<'a> Awaited<'a> {
    /// Waits for this at that source; its failure and its end are always told.
    pub(crate) fn new(source: Source<'a>, want: Want) -> Self {
        Self {
            source,
            want,
            ready: Ready::NOTHING,
        }
    }

    /// What was found there.
    pub(crate) fn ready(&self) -> Ready {
        self.ready
    }
}

/// Waits until a source has what is asked of it, or has failed; `false` when the deadline passed first.
pub(crate) fn wait(sources: &mut [Awaited<'_>], deadline: &Deadline) -> io::Result<bool> {
    loop {
        if look(sources) {
            return Ok(true);
        }
        let left = deadline.remaining();
        if left == Some(Duration::ZERO) {
            return Ok(false);
        }
        let slept = objects(sources).and_then(|objects| wait_for(&objects, left));
        for awaited in &*sources {
            awaited.source.watchable().rest();
        }
        slept?;
    }
}

/// The same, but for so long at most.
pub(crate) fn wait_a_while(
    sources: &mut [Awaited<'_>],
    time: Duration,
    deadline: &Deadline,
) -> io::Result<bool> {
    wait(sources, &deadline.within(time))
}

/// Waits until the source can be read without blocking.
pub(crate) fn wait_readable(source: Source<'_>, deadline: &Deadline) -> io::Result<bool> {
    wait(&mut [Awaited::new(source, Want::READ)], deadline)
}

/// Waits until the source can be written without blocking.
pub(crate) fn wait_writable(source: Source<'_>, deadline: &Deadline) -> io::Result<bool> {
    wait(&mut [Awaited::new(source, Want::WRITE)], deadline)
}

/// What holds of the source at this moment, hang-ups and errors included.
#[expect(clippy::unnecessary_wraps, reason = "the other systems' may fail")]
pub(crate) fn state(source: Source<'_>, asked: Want) -> io::Result<Ready> {
    Ok(look_at(source, asked))
}

fn look_at(source: Source<'_>, want: Want) -> Ready {
    source.watchable().catch_up();
    source.watchable().state(want)
}

/// Looks at all of them; whether one has something.
fn look(sources: &mut [Awaited<'_>]) -> bool {
    let mut any = false;
    for awaited in sources {
        awaited.ready = look_at(awaited.source, awaited.want);
        any |= !awaited.ready.is_empty();
    }
    any
}

fn objects(sources: &[Awaited<'_>]) -> io::Result<Vec<HANDLE>> {
    let mut objects = Vec::new();
    for awaited in sources {
        awaited
            .source
            .watchable()
            .objects(awaited.want, &mut objects)?;
    }
    Ok(objects)
}

/// Waits until one of these objects is signalled, this long at most (`None`: without limit); whether one was.
pub(super) fn wait_for(objects: &[HANDLE], time: Option<Duration>) -> io::Result<bool> {
    let count = u32::try_from(objects.len()).unwrap_or(u32::MAX);
    // SAFETY: so many objects are there, and who asks has borrowed what they belong to.
    match unsafe { WaitForMultipleObjects(count, objects.as_ptr(), 0, milliseconds(time)) } {
        WAIT_FAILED => Err(io::Error::last_os_error()),
        WAIT_TIMEOUT => Ok(false),
        _ => Ok(true),
    }
}
