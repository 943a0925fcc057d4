//! The same for all of a list, two at once for each processor: tests wait half of their time.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use anyhow::{Result, anyhow, bail};

pub fn side_by_side<T: Sync, R: Send>(
    items: &[T],
    work: impl Fn(&T) -> Result<R> + Sync,
) -> Result<Vec<R>> {
    let next = AtomicUsize::new(0);
    let done = Mutex::new(Vec::new());
    let take = || items.get(next.fetch_add(1, Ordering::Relaxed));
    let worker = || -> Result<()> {
        while let Some(item) = take() {
            let result = work(item)?;
            match done.lock() {
                Ok(mut done) => done.push(result),
                Err(_) => bail!("another thread panicked"),
            }
        }
        Ok(())
    };
    thread::scope(|scope| {
        let count = 2 * thread::available_parallelism().map_or(1, usize::from);
        let workers: Vec<_> = (0..count).map(|_| scope.spawn(worker)).collect();
        workers
            .into_iter()
            .try_for_each(|worker| match worker.join() {
                Ok(result) => result,
                Err(_) => bail!("a thread panicked"),
            })
    })?;
    done.into_inner().map_err(|_| anyhow!("a thread panicked"))
}
