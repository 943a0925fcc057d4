//! Which Windows this is.

use std::ffi::CStr;
use windows_sys::Win32::Foundation::NTSTATUS;
use windows_sys::Win32::System::LibraryLoader::{GetModuleHandleA, GetProcAddress};
use windows_sys::Win32::System::SystemInformation::OSVERSIONINFOW;

// Says the version to every program, while GetVersionExW asks what the program was made for.
#[link(name = "ntdll", kind = "raw-dylib")]
unsafe extern "system" {
    fn RtlGetVersion(version: *mut OSVERSIONINFOW) -> NTSTATUS;
}

/// The system and its version, and Wine where it is that.
pub(crate) fn system() -> String {
    let mut version = OSVERSIONINFOW {
        dwOSVersionInfoSize: u32::try_from(size_of::<OSVERSIONINFOW>()).unwrap_or(0),
        ..Default::default()
    };
    // SAFETY: there is room, and it says how much.
    unsafe { RtlGetVersion(&raw mut version) };
    let [major, minor, build] = [
        version.dwMajorVersion,
        version.dwMinorVersion,
        version.dwBuildNumber,
    ];
    let windows = format!("Windows {major}.{minor}.{build}");
    match wine() {
        Some(wine) => format!("{windows}, Wine {wine}"),
        None => windows,
    }
}

/// The version of Wine, if it is Wine.
fn wine() -> Option<String> {
    // SAFETY: the name ends with 0. The library is in every process, and stays there.
    let ntdll = unsafe { GetModuleHandleA(c"ntdll.dll".as_ptr().cast()) };
    // SAFETY: the library is loaded, and the name ends with 0.
    let version = unsafe { GetProcAddress(ntdll, c"wine_get_version".as_ptr().cast()) }?;
    type Version = unsafe extern "C" fn() -> *const std::ffi::c_char;
    // SAFETY: that is its type (wine/library.h).
    let version: Version = unsafe { std::mem::transmute(version) };
    // SAFETY: it takes nothing, and gives a text that lives as long as the library.
    let text = unsafe { CStr::from_ptr(version()) };
    Some(text.to_string_lossy().into_owned())
}
