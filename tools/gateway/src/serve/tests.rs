//! How connections end.

use super::*;
use crate::cli::Cli;
use clap::Parser as _;
use tokio::io::{AsyncWriteExt as _, duplex};
use tokio::time::Instant;
use tonic::service::Routes;

fn ingress() -> Ingress {
    let args = [
        "calc-ipc-gateway",
        "--listen",
        ":0",
        "--backend",
        "unix:///a",
    ];
    let cli = Cli::try_parse_from(args).unwrap();
    let guard = Guard::open(&cli.guard).unwrap();
    Ingress::new(Routes::default(), guard, cli.limits.max_timeout())
}

#[tokio::test(start_paused = true)]
async fn whoever_has_not_said_its_preface_is_not_waited_for() {
    for said in ["", "PRI * HTTP/2.0"] {
        let (ours, mut theirs) = duplex(100);
        theirs.write_all(said.as_bytes()).await.unwrap();
        let (_draining, drains) = watch::channel(true);
        let began = Instant::now();
        converse(ours, None, ingress(), drains).await;
        assert_eq!(began.elapsed(), Duration::ZERO, "{said}");
    }
}
