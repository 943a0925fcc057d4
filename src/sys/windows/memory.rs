//! Memory shared with another process: section objects, CreateFileMappingW.
//!
//! Backed by the paging file and committed when it is made, so that an access can neither find it shorter nor fail for want of
//! memory. It has no name: a peer has it by a handle that it is given, which allows what it is to do and no more. The peer may
//! write at any moment: what is shared is only ever touched through atomics, never behind a Rust reference to plain data.

use super::plain::Plain;
use super::rights::narrowed;
use super::security::Descriptor;
use crate::sys::atomic::Mapped;
use crate::sys::line::{Line, Page};
use crate::sys::view::View;
use crate::sys::{Handle, Source};
use std::io;
use std::mem;
use std::ops::{Deref, DerefMut, Range};
use std::os::windows::io::{AsHandle, AsRawHandle, BorrowedHandle, FromRawHandle, OwnedHandle};
use std::ptr::{NonNull, null};
use windows_sys::Win32::Foundation::INVALID_HANDLE_VALUE;
use windows_sys::Win32::System::Memory::{
    CreateFileMappingW, FILE_MAP_READ, FILE_MAP_WRITE, MEMORY_MAPPED_VIEW_ADDRESS, MapViewOfFile,
    PAGE_READWRITE, SEC_COMMIT, UnmapViewOfFile,
};

/// What a peer that is handed the memory may do with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Access {
    /// Read only.
    Read,
    /// Read and write.
    Write,
}

impl Access {
    fn rights(self) -> u32 {
        match self {
            Self::Read => FILE_MAP_READ,
            Self::Write => FILE_MAP_READ | FILE_MAP_WRITE,
        }
    }
}

/// Shared memory mapped into this process, all of it there and none of it ever taken away.
#[derive(Debug)]
pub(crate) struct Mapping(View);

/// Makes `length` bytes of zeros, mapped here for reading and writing; a peer that is handed the handle can do with it what
/// `access` says, and nobody can change its size.
pub(crate) fn create(length: usize, access: Access) -> io::Result<(Handle, Mapping)> {
    let section = section(length)?;
    let mut mapping = Mapping::new(section.as_handle(), length, Access::Write)?;
    let for_peer = narrowed(section.as_handle(), access.rights())?;
    if access == Access::Read {
        mapping = mapping.own();
    }
    Ok((Plain::handle(for_peer), mapping))
}

/// The same: all of it is there, whatever `_there` says.
pub(crate) fn reserve(
    length: usize,
    _there: usize,
    access: Access,
) -> io::Result<(Handle, Mapping)> {
    create(length, access)
}

/// Whether memory can be reserved and comes to be there later: not what another process is to access, too.
pub(crate) fn populates() -> bool {
    false
}

/// What is there to be locked by one process: nothing, since none is forked.
pub(crate) fn nameless() -> io::Result<Handle> {
    Handle::spare()
}

fn section(length: usize) -> io::Result<OwnedHandle> {
    let size = u64::try_from(length).map_err(|_| io::ErrorKind::InvalidInput)?;
    let high = u32::try_from(size >> 32).expect("the upper half");
    let low = u32::try_from(size & u64::from(u32::MAX)).expect("the lower half");
    // What a handle allows is no bound for who has it: DuplicateHandle gives more, as far as the object lets in who asks, and by
    // default that is this user. Who makes it has all rights, and what is given away is a part of those, which nobody asks.
    let nobody = Descriptor::of_nobody()?;
    let attributes = nobody.attributes();
    // SAFETY: no file, so the paging file's; the attributes are there, and NULL is no name.
    let section = unsafe {
        CreateFileMappingW(
            INVALID_HANDLE_VALUE,
            &raw const attributes,
            PAGE_READWRITE | SEC_COMMIT,
            high,
            low,
            null(),
        )
    };
    if section.is_null() {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: it was just made, and nobody else has it.
    Ok(unsafe { OwnedHandle::from_raw_handle(section) })
}

impl Mapping {
    /// Maps memory that a peer handed over: at least `length` bytes. Of a shorter section so much cannot be mapped.
    pub(crate) fn from_peer(
        section: Source<'_>,
        length: usize,
        access: Access,
    ) -> io::Result<Self> {
        Self::new(Plain::of(section)?, length, access)
    }

    /// Nothing comes to be there later.
    #[expect(clippy::unused_self, reason = "elsewhere it does")]
    pub(crate) fn populate(&self, _range: Range<usize>) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }

    /// The same, of which others have handles alone that cannot be mapped for writing.
    fn own(self) -> Self {
        let (start, length) = self.0.extent();
        mem::forget(self);
        // SAFETY: it is mapped as it was. The section's own handle ends with `create`, and no other has the right to write.
        Self(unsafe { View::new(start, length).own() })
    }

    fn new(section: BorrowedHandle<'_>, length: usize, access: Access) -> io::Result<Self> {
        // SAFETY: a new mapping at an address of the system's choice touches nothing that exists.
        let view = unsafe { MapViewOfFile(section.as_raw_handle(), access.rights(), 0, 0, length) };
        let start = NonNull::new(view.Value).ok_or_else(io::Error::last_os_error)?;
        // SAFETY: so many bytes were mapped there, which begin on a multiple of 64 KiB, and end with this.
        Ok(Self(unsafe { View::new(start, length) }))
    }
}

impl Deref for Mapping {
    type Target = View;

    #[inline]
    fn deref(&self) -> &View {
        &self.0
    }
}

impl DerefMut for Mapping {
    #[inline]
    fn deref_mut(&mut self) -> &mut View {
        &mut self.0
    }
}

impl Page for Mapping {
    type Memory = Mapped;

    #[inline]
    fn line(&self, number: usize) -> &Line {
        self.0.line(number)
    }
}

impl Drop for Mapping {
    fn drop(&mut self) {
        let view = MEMORY_MAPPED_VIEW_ADDRESS {
            Value: self.0.extent().0.as_ptr(),
        };
        // SAFETY: it was mapped there, and nothing borrowed from it outlives `self`.
        unsafe { UnmapViewOfFile(view) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sys::AsSource;

    #[test]
    fn what_one_view_writes_another_reads() {
        let (handle, own) = create(8192, Access::Write).unwrap();
        let other = Mapping::from_peer(handle.as_source(), 8192, Access::Write).unwrap();
        own.write(4090, b"twelve bytes");
        let mut copy = [0; 12];
        other.read(4090, &mut copy);
        assert_eq!(copy, *b"twelve bytes");
        own.read(0, &mut copy);
        assert_eq!(copy, [0; 12], "it begins as zeros");
        assert_eq!(
            other
                .line(127)
                .word
                .load(std::sync::atomic::Ordering::SeqCst),
            0
        );
    }

    #[test]
    fn a_peer_can_do_with_it_what_it_is_to() {
        let (handle, _own) = create(4096, Access::Read).unwrap();
        assert!(Mapping::from_peer(handle.as_source(), 4096, Access::Read).is_ok());
        let written = Mapping::from_peer(handle.as_source(), 4096, Access::Write);
        assert_eq!(written.unwrap_err().kind(), io::ErrorKind::PermissionDenied);
    }

    #[test]
    fn a_peer_cannot_have_more_of_it_than_it_was_given() {
        let (handle, _own) = create(4096, Access::Read).unwrap();
        let given = Plain::of(handle.as_source()).unwrap();
        assert!(narrowed(given, Access::Read.rights()).is_ok());
        let widened = narrowed(given, Access::Write.rights());
        assert_eq!(widened.unwrap_err().kind(), io::ErrorKind::PermissionDenied);
    }

    #[test]
    fn more_than_there_is_cannot_be_mapped() {
        let (handle, _own) = create(4096, Access::Write).unwrap();
        assert!(Mapping::from_peer(handle.as_source(), 1 << 17, Access::Write).is_err());
    }
}
