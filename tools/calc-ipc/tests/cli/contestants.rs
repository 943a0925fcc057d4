//! The processes that `calc-ipc bench` measures.

use crate::support::{Names, calc_ipc, finish};
use std::path::Path;

#[test]
fn contestants_end_with_their_input() {
    let names = Names::new();
    for name in [
        "shm",
        "fifo",
        "unix",
        "seqpacket",
        "tcp",
        "raw-futex",
        "raw-spin",
        "raw-fifo",
        "raw-unix",
        "raw-seqpacket",
        "raw-tcp",
    ] {
        // Unique in /dev/shm, too.
        let folder = Path::new(names.folder());
        let address = format!("{}-{name}", folder.file_name().unwrap().display());
        let address = folder.join(address);
        let server = calc_ipc(["contestant", name, "server", address.to_str().unwrap()]);
        let output = finish(server, "");
        assert_eq!(
            (output.status, output.stdout.as_str()),
            (Some(0), "ready\n"),
            "{name}: {output:?}"
        );
    }
    // What tells the ports is in the driver's folder, and goes with that.
    let left = names.in_use();
    assert!(
        left.iter().all(|name| name.ends_with("tcp.port")),
        "{left:?}"
    );
}
