//! How much of the system's this process has open.

/// How many descriptors, or handles, there are.
#[cfg(unix)]
pub fn own() -> usize {
    super::processes::state::descriptors("self")
}

/// How many descriptors, or handles, there are. GetProcessHandleCount knows none under Wine.
#[cfg(windows)]
pub fn own() -> usize {
    /// SYSTEM_HANDLE_INFORMATION_EX has a count, a number of no meaning, and entries of this form.
    #[repr(C)]
    #[derive(Clone, Copy)]
    struct Entry {
        object: usize,
        process: usize,
        handle: usize,
        rest: [u32; 4],
    }
    const EXTENDED_HANDLES: i32 = 64;
    #[link(name = "ntdll")]
    unsafe extern "system" {
        fn NtQuerySystemInformation(
            class: i32,
            room: *mut std::ffi::c_void,
            size: u32,
            length: *mut u32,
        ) -> i32;
    }
    let none = Entry {
        object: 0,
        process: 0,
        handle: 0,
        rest: [0; 4],
    };
    let mut room = vec![none; 1 << 14];
    loop {
        let (mut length, size) = (0, u32::try_from(size_of_val(&room[..])).unwrap());
        // SAFETY: there is room for so many bytes, aligned as the information is.
        let status = unsafe {
            NtQuerySystemInformation(
                EXTENDED_HANDLES,
                room.as_mut_ptr().cast(),
                size,
                &raw mut length,
            )
        };
        if status == 0 {
            break;
        }
        room.resize(room.len() * 2, none);
        assert!(room.len() < 1 << 22, "{status:#x}");
    }
    // SAFETY: the system wrote a count, and as many entries behind it and the word that follows.
    let entries = unsafe {
        let start = room.as_ptr().cast::<usize>();
        std::slice::from_raw_parts(start.add(2).cast::<Entry>(), *start)
    };
    let own = std::process::id() as usize;
    entries.iter().filter(|entry| entry.process == own).count()
}
