pub(crate) fn direct(_: &str, _: u64, _: usize) {}
