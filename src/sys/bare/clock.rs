//! A clock that is read faster than the one that deadlines go by: there is none.

pub(crate) fn lately() -> u64 {
    0
}

pub(crate) fn lag() -> Option<u64> {
    None
}
