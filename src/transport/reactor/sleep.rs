//! Sleeping where peers announce requests in memory.

/// Counts sleeping threads where peers can see it.
pub(crate) trait Sleepers {
    /// This thread is about to sleep; requests published before it looks again may not ring.
    fn enter(&self);
    /// It is awake.
    fn leave(&self);
}

/// Sleeps, counted, after one more look at the memory: `sleep` is told whether that found work.
///
/// A request published before the thread is counted did not ring: the look finds it. One published
/// after sees this thread asleep, and rings.
#[inline]
pub(crate) fn sleep_counted<C, T>(
    sleepers: &dyn Sleepers,
    context: &mut C,
    look: impl FnOnce(&mut C) -> bool,
    sleep: impl FnOnce(&mut C, bool) -> T,
) -> T {
    sleepers.enter();
    let has_work = look(context);
    let slept = sleep(context, has_work);
    sleepers.leave();
    slept
}
