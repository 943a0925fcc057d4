//! What a host's loop waits for, as such a loop sees it.

#[cfg(unix)]
use std::os::fd::AsRawFd as Watched;
#[cfg(windows)]
use std::os::windows::io::AsRawHandle as Watched;
use std::time::Duration;

/// Whether there is something to read at this source within that time.
pub fn is_readable_within(source: &impl Watched, time: Duration) -> bool {
    !readable_among(&[source], time).is_empty()
}

/// The places of those at which there is something to read, which is waited for that long.
#[cfg(unix)]
pub fn readable_among(sources: &[&impl Watched], time: Duration) -> Vec<usize> {
    let entry = |source: &&_| libc::pollfd {
        fd: Watched::as_raw_fd(*source),
        events: libc::POLLIN,
        revents: 0,
    };
    let mut entries: Vec<_> = sources.iter().map(entry).collect();
    let count = libc::nfds_t::try_from(entries.len()).unwrap();
    // SAFETY: so many entries, which outlive the call.
    unsafe {
        libc::poll(
            entries.as_mut_ptr(),
            count,
            time.as_millis().try_into().unwrap(),
        )
    };
    let entries = entries.iter().enumerate();
    let readable = entries.filter(|(_, entry)| entry.revents != 0);
    readable.map(|(place, _)| place).collect()
}

#[cfg(windows)]
pub fn readable_among(sources: &[&impl Watched], time: Duration) -> Vec<usize> {
    use windows_sys::Win32::Foundation::WAIT_OBJECT_0;
    use windows_sys::Win32::System::Threading::{WaitForMultipleObjects, WaitForSingleObject};
    let handles: Vec<_> = sources
        .iter()
        .map(|source| source.as_raw_handle())
        .collect();
    let count = u32::try_from(handles.len()).unwrap();
    let milliseconds = time.as_millis().try_into().unwrap();
    // SAFETY: so many handles, all of them the sources', which live.
    let found = unsafe { WaitForMultipleObjects(count, handles.as_ptr(), 0, milliseconds) };
    let Some(first) = (found - WAIT_OBJECT_0 < count).then_some(found as usize) else {
        return Vec::new();
    };
    // The wait says nothing of those behind the first one, and whoever asks again may not find that one.
    let mut found = vec![first];
    for (place, handle) in handles.iter().enumerate().skip(first + 1) {
        // SAFETY: as above.
        if unsafe { WaitForSingleObject(*handle, 0) } == WAIT_OBJECT_0 {
            found.push(place);
        }
    }
    found
}
