//! Panics, which are bugs of this library, turned into errors: none unwinds into C or prints.

use crate::error::{Error, Result, Status};
use std::cell::Cell;
use std::panic::{self, AssertUnwindSafe, PanicHookInfo};
use std::sync::atomic::{AtomicBool, Ordering};

thread_local! {
    /// How many calls of [`catch`] this thread is inside of: handlers call the library, too.
    static DEPTH: Cell<u32> = const { Cell::new(0) };

    /// What the hook noted of the panic on its way to [`catch`].
    static NOTE: Cell<Option<String>> = const { Cell::new(None) };
}

/// The hook is there, before those that a Rust host set until the first call. No Once: a child forked while
/// another thread is inside of it would wait for ever.
static IS_INSTALLED: AtomicBool = AtomicBool::new(false);

/// What `body` returns, or [`Status::Internal`] if it panics.
pub(crate) fn catch<T>(body: impl FnOnce() -> T) -> Result<T> {
    // The load keeps threads that call at once from taking the flag's cache line from each other.
    if !IS_INSTALLED.load(Ordering::Relaxed) {
        install_hook();
    }
    let outcome = DEPTH.with(|depth| {
        depth.set(depth.get() + 1);
        // Unwind-safe: what a panic may leave half-changed is behind handles, and theirs to guard.
        let outcome = panic::catch_unwind(AssertUnwindSafe(body));
        depth.set(depth.get() - 1);
        outcome
    });
    outcome.map_err(|_payload| {
        let note = NOTE.try_with(Cell::take).ok().flatten();
        Error::new(Status::Internal, note.unwrap_or_default())
    })
}

/// Keeps panics inside of [`catch`] from being printed. Others, which in a shared library there are
/// none of and in a Rust host are the host's, go the way that they went before.
#[cold]
fn install_hook() {
    if !IS_INSTALLED.swap(true, Ordering::Relaxed) {
        set_hook();
    }
}

fn set_hook() {
    let others = panic::take_hook();
    panic::set_hook(Box::new(move |panic| {
        if DEPTH.get() == 0 {
            others(panic);
        } else {
            note(panic);
        }
    }));
}

/// Installs the hook while nobody else can be inside of the standard library's lock on it: the library is
/// being loaded.
pub(crate) fn hook_at_load() {
    set_hook();
}

/// In a forked child: another thread may have been inside of that lock at the fork, and would be for ever.
/// What was installed at load has to do.
pub(crate) fn forked() {
    IS_INSTALLED.store(true, Ordering::Relaxed);
}

fn note(panic: &PanicHookInfo<'_>) {
    // The thread may be ending, its locals with destructors gone: then the status has to do.
    let _ = NOTE.try_with(|note| note.set(Some(panic.to_string())));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_becomes_an_internal_error_that_says_where() {
        let error = catch(|| panic!("the cat is gone")).unwrap_err();
        assert_eq!(error.status(), Status::Internal);
        assert!(error.context().contains("the cat is gone"), "{error}");
        assert!(error.context().contains(file!()), "{error}");
    }

    #[test]
    fn nested_calls_catch_their_own_panics() {
        let outcome = catch(|| {
            catch(|| panic!("inner")).unwrap_err();
            7
        });
        assert_eq!(outcome.unwrap(), 7);
        assert_eq!(DEPTH.get(), 0);
    }
}
