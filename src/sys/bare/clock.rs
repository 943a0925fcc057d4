//! A clock that is read faster than the one that deadlines go by: there is none.

pub(crate) fn lately() -> Option<u64> {
    None
}

pub(crate) fn lag() -> Option<u64> {
    None
}
