//! `calc-ipc serve` under a service manager: what it tells, and the socket that it was passed.

use crate::support::{Names, Serving, calc_ipc, run};
use nix::sys::signal::Signal;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::time::Duration;

/// What the next datagram says; none in a minute: it hangs.
fn told(manager: &UnixDatagram) -> String {
    let minute = Some(Duration::from_secs(60));
    manager.set_read_timeout(minute).unwrap();
    let mut text = [0; 4096];
    let length = manager.recv(&mut text).unwrap();
    String::from_utf8(text[..length].to_vec()).unwrap()
}

#[test]
fn a_manager_is_told_when_it_is_ready_and_when_it_stops() {
    let names = Names::new();
    let path = names.path("notify").to_str().unwrap().to_owned();
    let at_path = UnixDatagram::bind(&path).unwrap();
    let word = names.word();
    let address = SocketAddr::from_abstract_name(word).unwrap();
    let abstractly = UnixDatagram::bind_addr(&address).unwrap();
    for (manager, name) in [(at_path, path), (abstractly, format!("@{word}"))] {
        let mut command = calc_ipc(["serve", &names.unix(), &names.shm()]);
        command.env("NOTIFY_SOCKET", name);
        let server = Serving::spawn(command, 2);
        let ready = format!("READY=1\nSTATUS=serving {} {}", names.unix(), names.shm());
        assert_eq!(told(&manager), ready);
        let output = server.end_by(Signal::SIGTERM);
        assert_eq!(told(&manager), "STOPPING=1");
        assert_eq!((output.status, output.stderr.as_str()), (Some(0), ""));
    }
}

#[test]
fn a_manager_that_cannot_be_told_is_no_reason_not_to_serve() {
    let names = Names::new();
    let nobody = names.path("nobody").to_str().unwrap().to_owned();
    for name in [nobody.as_str(), "vsock:2:1"] {
        let mut command = calc_ipc(["serve", &names.unix()]);
        command.env("NOTIFY_SOCKET", name);
        let server = Serving::spawn(command, 1);
        let answer = run(["call", &names.unix(), "ADD", "10", "20"]);
        assert_eq!(answer.stdout, "30\n");
        let output = server.end_by(Signal::SIGTERM);
        assert_eq!(output.status, Some(0));
        let says = format!("NOTIFY_SOCKET={name}: ");
        assert!(output.stderr.starts_with(&says), "{output:?}");
    }
}

#[test]
fn where_no_socket_was_passed_it_says_what_to_do() {
    let output = run(["serve", "systemd:"]);
    assert_eq!(output.status, Some(2), "{output:?}");
    assert!(
        output.stderr.contains("systemd-socket-activate"),
        "{output:?}"
    );
}
