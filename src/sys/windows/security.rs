//! Who may open what, and whose it is: security descriptors and SIDs.

#[cfg(test)]
mod tests;

use super::call::{check, last, size};
use std::ffi::c_void;
use std::io::{self, ErrorKind};
use std::os::windows::io::{AsRawHandle, FromRawHandle, OwnedHandle};
use std::ptr;
use windows_sys::Win32::Foundation::{ERROR_SUCCESS, HANDLE, LocalFree};
use windows_sys::Win32::Security::Authorization::{
    ConvertSecurityDescriptorToStringSecurityDescriptorW, ConvertSidToStringSidW,
    ConvertStringSecurityDescriptorToSecurityDescriptorW, GetSecurityInfo, SDDL_REVISION_1,
    SE_KERNEL_OBJECT,
};
use windows_sys::Win32::Security::{
    DACL_SECURITY_INFORMATION, EqualSid, GetTokenInformation, IsWellKnownSid,
    OWNER_SECURITY_INFORMATION, PSECURITY_DESCRIPTOR, PSID, SECURITY_ATTRIBUTES, TOKEN_QUERY,
    TOKEN_USER, TokenUser, WinBuiltinAdministratorsSid, WinLocalSystemSid,
};
use windows_sys::Win32::System::Threading::{
    GetCurrentProcess, OpenProcess, OpenProcessToken, PROCESS_QUERY_LIMITED_INFORMATION,
};

/// What a client of a pipe may do: read and write, and not make an instance of its own, as GENERIC_WRITE would let it.
pub(super) const CLIENT: u32 = 0x0012_019b;

/// Text of the system's, as it uses it: UTF-16, with a 0 at its end.
pub(super) fn wide(text: &str) -> Vec<u16> {
    text.encode_utf16().chain([0]).collect()
}

/// A security descriptor.
#[derive(Debug)]
pub(super) struct Descriptor(PSECURITY_DESCRIPTOR);

// SAFETY: nobody changes it once it is made.
unsafe impl Send for Descriptor {}
// SAFETY: as above.
unsafe impl Sync for Descriptor {}

impl Descriptor {
    /// One that lets in this user and the system, and where it is open to others whoever logged on to this machine.
    pub(super) fn of_server(is_open_to_others: bool) -> io::Result<Self> {
        let own = User::own()?.text()?;
        let others = match is_open_to_others {
            true => format!("(A;;{CLIENT:#x};;;AU)"),
            false => String::new(),
        };
        // Its owner is named: of a process with an administrator's rights it would be all administrators.
        Self::of(&format!("O:{own}D:P(A;;FA;;;{own})(A;;FA;;;SY){others}"))
    }

    /// One that lets nobody in.
    pub(super) fn of_nobody() -> io::Result<Self> {
        Self::of("D:P")
    }

    fn of(text: &str) -> io::Result<Self> {
        let (text, mut made) = (wide(text), ptr::null_mut());
        // SAFETY: the text ends with 0, and there is room for a pointer.
        check(unsafe {
            ConvertStringSecurityDescriptorToSecurityDescriptorW(
                text.as_ptr(),
                SDDL_REVISION_1,
                &raw mut made,
                ptr::null_mut(),
            )
        })?;
        Ok(Self(made))
    }

    /// As what is made gets it. No process inherits that.
    pub(super) fn attributes(&self) -> SECURITY_ATTRIBUTES {
        let attributes = SECURITY_ATTRIBUTES {
            lpSecurityDescriptor: self.0,
            ..SECURITY_ATTRIBUTES::default()
        };
        SECURITY_ATTRIBUTES {
            nLength: size(&attributes),
            ..attributes
        }
    }

    /// Whom it lets in, as text.
    pub(super) fn rights(&self) -> io::Result<String> {
        let mut made = ptr::null_mut();
        // SAFETY: the descriptor is one, and there is room for a pointer.
        check(unsafe {
            ConvertSecurityDescriptorToStringSecurityDescriptorW(
                self.0,
                SDDL_REVISION_1,
                DACL_SECURITY_INFORMATION,
                &raw mut made,
                ptr::null_mut(),
            )
        })?;
        // SAFETY: it was just made, and ends with 0.
        Ok(unsafe { take_text(made) })
    }
}

impl Drop for Descriptor {
    fn drop(&mut self) {
        // SAFETY: the system made it with LocalAlloc.
        unsafe { LocalFree(self.0) };
    }
}

/// A user, by its token's information.
struct User(Box<[u64]>);

impl User {
    /// Whoever this process acts as.
    fn own() -> io::Result<Self> {
        // SAFETY: it is no real handle, and need not be closed.
        Self::of_process(unsafe { GetCurrentProcess() })
    }

    fn of_process(process: HANDLE) -> io::Result<Self> {
        let mut token = ptr::null_mut();
        // SAFETY: the process is open, and there is room for a handle.
        check(unsafe { OpenProcessToken(process, TOKEN_QUERY, &raw mut token) })?;
        // SAFETY: it was just made, and nobody else has it.
        let token = unsafe { OwnedHandle::from_raw_handle(token) };
        // A SID has 68 bytes at most (SECURITY_MAX_SID_SIZE).
        let mut user = vec![0_u64; 16].into_boxed_slice();
        let mut length = 0;
        // SAFETY: there is room for so many bytes, aligned as the information is.
        check(unsafe {
            GetTokenInformation(
                token.as_raw_handle(),
                TokenUser,
                user.as_mut_ptr().cast(),
                size(&*user),
                &raw mut length,
            )
        })?;
        Ok(Self(user))
    }

    fn sid(&self) -> PSID {
        // SAFETY: the system filled it in so.
        unsafe { (*self.0.as_ptr().cast::<TOKEN_USER>()).User.Sid }
    }

    fn text(&self) -> io::Result<String> {
        let mut made = ptr::null_mut();
        // SAFETY: the SID is one, and there is room for a pointer.
        check(unsafe { ConvertSidToStringSidW(self.sid(), &raw mut made) })?;
        // SAFETY: it was just made, and ends with 0.
        Ok(unsafe { take_text(made) })
    }
}

/// What an object of the kernel's says of itself.
pub(super) struct About {
    descriptor: Descriptor,
    owner: PSID,
}

impl About {
    pub(super) fn of(handle: HANDLE) -> io::Result<Self> {
        let (mut descriptor, mut owner) = (ptr::null_mut(), ptr::null_mut());
        let what = OWNER_SECURITY_INFORMATION | DACL_SECURITY_INFORMATION;
        // SAFETY: the handle is open, and there is room for two pointers.
        let result = unsafe {
            GetSecurityInfo(
                handle,
                SE_KERNEL_OBJECT,
                what,
                &raw mut owner,
                ptr::null_mut(),
                ptr::null_mut(),
                ptr::null_mut(),
                &raw mut descriptor,
            )
        };
        match result {
            ERROR_SUCCESS => Ok(Self {
                descriptor: Descriptor(descriptor),
                owner,
            }),
            number => Err(io::Error::from_raw_os_error(number.cast_signed())),
        }
    }

    /// Whom it lets in, as text.
    pub(super) fn rights(&self) -> io::Result<String> {
        self.descriptor.rights()
    }

    #[cfg(test)]
    pub(super) fn owner(&self) -> String {
        if self.owner.is_null() {
            return "none".into();
        }
        let mut made = ptr::null_mut();
        // SAFETY: the SID is one, there is room for a pointer, and what was made ends with 0.
        unsafe {
            assert_ne!(ConvertSidToStringSidW(self.owner, &raw mut made), 0);
            take_text(made)
        }
    }

    /// Whether its owner is this user, or may do anything to this user; `None`: nobody knows the owner, as under Wine.
    pub(super) fn is_trusted(&self) -> io::Result<Option<bool>> {
        match self.owner.is_null() {
            true => Ok(None),
            false => is_trusted(self.owner).map(Some),
        }
    }
}

/// Whether the process with this number acts as this user, or as one who may do anything to this user.
pub(super) fn is_process_trusted(number: u32) -> io::Result<bool> {
    // SAFETY: takes no pointer.
    let process = unsafe { OpenProcess(PROCESS_QUERY_LIMITED_INFORMATION, 0, number) };
    if process.is_null() {
        return Err(io::Error::from_raw_os_error(last().cast_signed()));
    }
    // SAFETY: it was just made, and nobody else has it.
    let process = unsafe { OwnedHandle::from_raw_handle(process) };
    is_trusted(User::of_process(process.as_raw_handle())?.sid())
}

fn is_trusted(sid: PSID) -> io::Result<bool> {
    let own = User::own()?;
    let mighty = [WinLocalSystemSid, WinBuiltinAdministratorsSid];
    // SAFETY: both are SIDs.
    Ok(unsafe { EqualSid(sid, own.sid()) != 0 }
        // SAFETY: as above.
        || mighty.iter().any(|kind| unsafe { IsWellKnownSid(sid, *kind) != 0 }))
}

/// Text that the system made, which is freed.
///
/// # Safety
///
/// It was made by LocalAlloc, nobody else has it, and it ends with 0.
unsafe fn take_text(text: *mut u16) -> String {
    // SAFETY: the caller's promise.
    unsafe {
        let length = (0..).take_while(|at| *text.add(*at) != 0).count();
        let copy = String::from_utf16_lossy(std::slice::from_raw_parts(text, length));
        LocalFree(text.cast::<c_void>());
        copy
    }
}

/// The failure where an object is another's.
pub(super) fn not_ours() -> io::Error {
    ErrorKind::AddrInUse.into()
}
