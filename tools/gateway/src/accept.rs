//! Connections of TCP, each served by a task, not too many at once.

use crate::reclaim::Reclaim;
use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::sleep;

/// How long nothing is accepted when that failed, such as for want of a descriptor.
const PAUSE: Duration = Duration::from_millis(20);

/// Accepts connections until `end` is over, and gives those that are left then. `most` are `serve`d at once, and others wait.
pub(crate) async fn until<F>(
    end: impl Future<Output = ()>,
    listener: &TcpListener,
    most: usize,
    serve: impl Fn(TcpStream) -> F,
) -> JoinSet<()>
where
    F: Future<Output = ()> + Send + 'static,
{
    let places = Arc::new(Semaphore::new(most));
    let mut connections = JoinSet::new();
    let mut reclaim = Reclaim::default();
    let mut end = pin!(end);
    loop {
        let accept = async {
            let place = places.clone().acquire_owned().await;
            (place, listener.accept().await)
        };
        tokio::select! {
            () = &mut end => return connections,
            Some(_) = connections.join_next() => reclaim.gone(),
            () = reclaim.is_due() => reclaim.give_back(),
            (place, accepted) = accept => match accepted {
                Ok((stream, _)) => {
                    let served = serve(stream);
                    connections.spawn(async move {
                        served.await;
                        drop(place);
                    });
                }
                Err(error) => {
                    tracing::warn!(%error, "cannot accept a connection");
                    sleep(PAUSE).await;
                }
            },
        }
    }
}
