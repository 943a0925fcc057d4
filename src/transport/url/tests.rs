//! What is a URL, and of which side.

use super::*;

#[test]
fn urls_are_read_and_written() {
    for (text, url) in [
        ("unix:///run/calc.sock", Address::unix("/run/calc.sock")),
        ("unix:///a%20b%3Fc%23d%25", Address::unix("/a b?c#d%")),
        ("unix:///%C3%A9", Address::unix("/\u{e9}")),
        (
            "seqpacket:///run/calc.sock",
            Address::seqpacket("/run/calc.sock"),
        ),
        (
            "fifo:///run/calc",
            Address::fifo("/run/calc.request", "/run/calc.response"),
        ),
        ("shm://calc", Address::shm("calc")),
        ("tcp://localhost:7000", Address::tcp("localhost", 7000)),
        ("tcp://127.0.0.1:0", Address::tcp("127.0.0.1", 0)),
        ("tcp://[::1]:65535", Address::tcp("::1", 65535)),
        ("npipe://calc", Address::named_pipe("calc")),
        ("npipe://a%20b%3F%25", Address::named_pipe("a b?%")),
        ("exec:///usr/lib/calc", Address::exec("/usr/lib/calc")),
        ("stdio:", Address::Stdio),
        ("systemd:", Address::Systemd(None)),
        ("systemd:calc", Address::Systemd(Some("calc".into()))),
        (
            "systemd:a/b%20c%3F%25",
            Address::Systemd(Some("a/b c?%".into())),
        ),
    ] {
        let sides = [Side::Server, Side::Client];
        let read = sides.map(|side| Address::parse(text, side).ok());
        let expected = sides.map(|side| url.clone().checked_for(side).ok());
        assert_eq!(read, expected, "{text}");
        assert!(read.contains(&Some(url.clone())), "{text}");
        assert_eq!(url.to_string(), text);
    }
}

#[test]
fn what_is_none_is_told_the_right_forms() {
    for text in [
        "",
        "/run/calc.sock",
        "unix:/run/calc",
        "unix://run/calc",
        "seqpacket://run/calc",
        "unix://",
        "unix:///",
        "fifo://calc",
        "shm://",
        "tcp://localhost",
        "tcp://:7000",
        "tcp://localhost:",
        "tcp://localhost:+1",
        "tcp://localhost:65536",
        "tcp://localhost:99999999999999999999",
        "tcp://*:7000",
        "tcp://::1:7000",
        "tcp://a@b:1",
        "tcp://a/b:1",
        "tcp://a b:1",
        "tcp://a\u{1b}[0m:1",
        "tcp://\u{e9}:1",
        "stdio",
        "stdio://",
        "http://localhost",
        "UNIX:///a",
        "unix:///a?b",
        "unix:///a#b",
        "unix:///%",
        "unix:///%2",
        "unix:///%zz",
        "unix:///%00",
        "unix:///%ff",
        "npipe://",
        "npipe:///x",
        "npipe:///",
        "npipe:////./pipe/",
        "npipe:////./pipe/a/b",
        "npipe:////./pipe//x",
        "npipe://a\\b",
        "npipe://a%5Cb",
        "npipe://a%2Fb",
        "npipe://a?b",
        "npipe://a%00b",
        "npipe://x.",
        "npipe://x%20",
        "systemd",
        "systemd://calc",
        "systemd:%2F/calc",
        "systemd:a?b",
        "systemd:a#b",
        "systemd:a:b",
        "systemd:a%3Ab",
        "systemd:a%",
        "systemd:a%0Ab",
        "systemd:\u{e9}",
    ] {
        for side in [Side::Server, Side::Client] {
            let error = Address::parse(text, side).unwrap_err();
            assert_eq!(error.status(), Status::InvalidArgument, "{text}");
            assert!(error.context().contains("tcp://host:port"), "{error}");
            let is_for = |form| error.context().contains(form);
            assert_eq!(
                is_for("or systemd: or stdio: alone"),
                side == Side::Server,
                "{error}"
            );
            assert_eq!(is_for("or exec:///path"), side == Side::Client, "{error}");
        }
    }
}

#[test]
fn a_pipe_is_also_known_by_its_path_with_slashes() {
    for text in [
        "npipe:////./pipe/calc",
        "npipe:////./PIPE/calc",
        "npipe:////./pipe/c%61lc",
    ] {
        for side in [Side::Server, Side::Client] {
            let address = Address::parse(text, side).unwrap();
            assert_eq!(address, Address::named_pipe("calc"), "{text}");
            assert_eq!(address.to_string(), "npipe://calc");
        }
    }
    // What has other text in front of it is the same pipe.
    let path = Address::named_pipe(r"\\.\pipe\a b");
    assert_eq!(path.to_string(), "npipe://a%20b");
}

#[test]
fn a_path_that_begins_with_a_drive_has_no_slash_before_it() {
    for (path, real) in [
        ("/C:/folder/a.exe", "C:/folder/a.exe"),
        ("/c:/a.exe", "c:/a.exe"),
        ("/folder/a", "/folder/a"),
        ("/C:", "/C:"),
        ("/CC:/a", "/CC:/a"),
        ("//C:/a", "//C:/a"),
    ] {
        assert_eq!(of_drive(path, true), real);
        assert_eq!(of_drive(path, false), path);
        assert_eq!(behind_drive(real.as_ref(), true), OsStr::new(path));
    }
    let real = r"C:\folder\a.exe".as_ref();
    assert_eq!(behind_drive(real, true), OsStr::new("/C:/folder/a.exe"));
    assert_eq!(behind_drive(real, false), real);
}

#[test]
fn a_pipe_of_another_machine_is_unsupported() {
    for text in ["npipe://host/calc", "npipe:////host/pipe/calc"] {
        for side in [Side::Server, Side::Client] {
            let error = Address::parse(text, side).unwrap_err();
            assert_eq!(error.status(), Status::Unsupported, "{text}");
            let why = format!("'{text}': named pipes of other machines are for a later version; ");
            assert!(error.context().starts_with(&why), "{error}");
        }
    }
}

#[test]
fn a_passed_socket_has_a_name_of_255_bytes_at_most() {
    for (length, is_one) in [(255, true), (256, false)] {
        let text = format!("systemd:{}", "x".repeat(length));
        assert_eq!(Address::parse(&text, Side::Server).is_ok(), is_one);
    }
}

#[test]
fn a_scheme_that_is_none_is_named() {
    for side in [Side::Server, Side::Client] {
        let error = Address::parse("http://x", side).unwrap_err();
        let why = "'http://x': the scheme 'http' is not known; ";
        assert!(error.context().starts_with(why), "{error}");
    }
}

#[test]
fn an_address_without_a_url_is_told_to_people() {
    let program = Address::Exec {
        program: "/bin/sh".into(),
        arguments: vec!["-c".into(), "cat".into()],
    };
    for (address, text) in [
        (Address::fifo("/a", "/b"), "FIFOs /a and /b"),
        (
            Address::fifo("/a.request", "/b.response"),
            "FIFOs /a.request and /b.response",
        ),
        (Address::named_pipe("a/b"), "named pipe a/b"),
        (program, "program /bin/sh -c cat"),
    ] {
        assert_eq!(address.to_string(), text);
    }
}
