//! The processes that `calc-ipc bench` measures.

use crate::support::{Alarm, Names, Serving, calc_ipc, finish};
use std::io::Write;
use std::path::Path;
use std::process::{Output, Stdio};

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

/// Of messages, which no line holds.
const SIZE: usize = 100_003;

/// One side of an echo of so many bytes over this transport, in this manner.
fn echoing(names: &Names, transport: &str, role: &str, manner: &[&str]) -> Vec<String> {
    let address = names.path(names.word());
    let words = ["contestant", transport, role, address.to_str().unwrap()];
    let mut words: Vec<_> = words
        .iter()
        .chain(manner)
        .copied()
        .map(str::to_owned)
        .collect();
    words.push(format!("--echo={SIZE}"));
    words
}

/// Three calls of a client in this manner to a server in that one.
fn call(transport: &str, client: &[&str], server: &[&str]) -> Output {
    let names = Names::new();
    let mut command = calc_ipc(echoing(&names, transport, "server", server));
    command.stdin(Stdio::piped());
    let server = Serving::spawn(command, 1);
    assert_eq!(server.urls, ["ready"]);
    let client = calc_ipc(echoing(&names, transport, "client", client))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let _hangs = Alarm::set(&client);
    writeln!(client.stdin.as_ref().unwrap(), "calls 3 {SIZE} 1").unwrap();
    let output = client.wait_with_output().unwrap();
    let ended = server.wait();
    assert_eq!((ended.status, ended.stderr.as_str()), (Some(0), ""));
    output
}

#[test]
fn messages_go_by_call_and_by_loan() {
    for transport in ["shm", "unix"] {
        for passing in ["--passing=by-call", "--passing=by-loan"] {
            for touching in ["--touching=ends", "--touching=whole"] {
                let manner = [passing, touching];
                let output = call(transport, &manner, &manner);
                assert!(
                    output.status.success(),
                    "{transport} {manner:?}: {output:?}"
                );
                // "ready 0", and the time of each call.
                let times = output.stdout.strip_prefix(b"ready 0\n").unwrap();
                assert_eq!(times.len(), 3 * size_of::<u32>(), "{transport} {manner:?}");
            }
        }
    }
}

/// That server leaves what is between the ends alone, and that client sees it.
#[test]
fn what_is_touched_of_messages_is_what_was_said() {
    let ends = ["--passing=by-loan", "--touching=ends"];
    for passing in ["--passing=by-call", "--passing=by-loan"] {
        let output = call("shm", &[passing, "--touching=whole"], &ends);
        assert_eq!(output.status.code(), Some(3), "{output:?}");
        let why = String::from_utf8(output.stderr).unwrap();
        assert!(why.contains("a wrong answer"), "{why}");
        let output = call("shm", &[passing, "--touching=ends"], &ends);
        assert!(output.status.success(), "{output:?}");
    }
}
