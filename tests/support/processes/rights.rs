//! What a process may do and have. What it gave up it does not get back, so that it has to be one of the test's own.

/// Changes how many descriptors this process may have, until it is changed again; gives how many it might have.
pub fn allow_descriptors(count: libc::rlim_t) -> libc::rlim_t {
    let mut limit = libc::rlimit {
        rlim_cur: 0,
        rlim_max: 0,
    };
    // SAFETY: a live rlimit, for the old limits and then for the new.
    unsafe {
        assert_eq!(libc::getrlimit(libc::RLIMIT_NOFILE, &raw mut limit), 0);
        let before = std::mem::replace(&mut limit.rlim_cur, count);
        assert_eq!(libc::setrlimit(libc::RLIMIT_NOFILE, &raw const limit), 0);
        before
    }
}

/// What there may be no more of: the C libraries disagree on the sign.
#[cfg(not(target_env = "musl"))]
type Resource = libc::c_uint;
#[cfg(target_env = "musl")]
type Resource = libc::c_int;

/// Lets this process have no more of something (setrlimit(2)), which it cannot take back.
pub fn limit(resource: Resource, most: libc::rlim_t) {
    let limit = libc::rlimit {
        rlim_cur: most,
        rlim_max: most,
    };
    // SAFETY: a live rlimit.
    assert_eq!(unsafe { libc::setrlimit(resource, &raw const limit) }, 0);
}

/// Lets this process, and those forked from it, have `count` descriptors; as many as the system
/// allows, if that is less.
pub fn raise_descriptors(count: libc::rlim_t) -> libc::rlim_t {
    let mut limit = libc::rlimit {
        rlim_cur: count,
        rlim_max: count,
    };
    // SAFETY: live rlimits.
    unsafe {
        if libc::setrlimit(libc::RLIMIT_NOFILE, &raw const limit) != 0 {
            libc::getrlimit(libc::RLIMIT_NOFILE, &raw mut limit);
            limit.rlim_cur = limit.rlim_max;
            libc::setrlimit(libc::RLIMIT_NOFILE, &raw const limit);
        }
    }
    limit.rlim_cur
}

/// Becomes another user for good; `false` where this one may not.
pub fn become_user(uid: u32) -> bool {
    // SAFETY: changes this process's user, as a forked child of the test.
    unsafe { libc::setgroups(0, std::ptr::null()) == 0 && libc::setuid(uid) == 0 }
}

pub fn is_root() -> bool {
    // SAFETY: takes nothing.
    unsafe { libc::geteuid() == 0 }
}

/// Makes a system call unknown to this process, as it is to an older kernel (seccomp(2)).
pub fn forbid(number: libc::c_long) {
    forbid_with(number, libc::ENOSYS);
}

/// Has a system call of this process fail with this error, as filters of containers do (seccomp(2)).
pub fn forbid_with(number: libc::c_long, errno: libc::c_int) {
    forbid_where(number, None, errno);
}

/// The same, if an argument, told by its place, has one of these bits.
pub fn forbid_where(number: libc::c_long, argument: Option<(u32, u32)>, errno: libc::c_int) {
    let step = |code: u32, jf: u8, k: u32| libc::sock_filter {
        code: u16::try_from(code).unwrap(),
        jt: 0,
        jf,
        k,
    };
    let load = libc::BPF_LD | libc::BPF_W | libc::BPF_ABS;
    let jump = libc::BPF_JMP | libc::BPF_K;
    let give = libc::BPF_RET | libc::BPF_K;
    let number = u32::try_from(number).unwrap();
    // The number is at offset 0, the arguments' low words from 16 on, each 8 further (linux/seccomp.h).
    let mut program = vec![step(load, 0, 0)];
    match argument {
        None => program.push(step(jump | libc::BPF_JEQ, 1, number)),
        Some((place, bits)) => program.extend([
            step(jump | libc::BPF_JEQ, 3, number),
            step(load, 0, 16 + 8 * place),
            step(jump | libc::BPF_JSET, 1, bits),
        ]),
    }
    let errno = u32::try_from(errno).unwrap();
    program.push(step(give, 0, libc::SECCOMP_RET_ERRNO | errno));
    program.push(step(give, 0, libc::SECCOMP_RET_ALLOW));
    let filter = libc::sock_fprog {
        len: u16::try_from(program.len()).unwrap(),
        filter: program.as_mut_ptr(),
    };
    // SAFETY: the kernel copies the program.
    unsafe {
        assert_eq!(libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 0);
        let mode = libc::SECCOMP_MODE_FILTER;
        assert_eq!(
            libc::prctl(libc::PR_SET_SECCOMP, mode, &raw const filter),
            0
        );
    }
}
