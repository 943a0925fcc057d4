//! What is a URL, and of which side.

use super::*;

#[test]
fn urls_are_read_and_written() {
    let tcp = |host: &str, port| Url::Tcp {
        host: host.into(),
        port,
    };
    for (text, url) in [
        ("unix:///run/calc.sock", Url::Unix("/run/calc.sock".into())),
        ("unix:///a%20b%3Fc%23d%25", Url::Unix("/a b?c#d%".into())),
        ("unix:///%C3%A9", Url::Unix("/\u{e9}".into())),
        ("fifo:///run/calc", Url::Fifo("/run/calc".into())),
        ("shm://calc", Url::Shm("calc".into())),
        ("tcp://localhost:7000", tcp("localhost", 7000)),
        ("tcp://127.0.0.1:0", tcp("127.0.0.1", 0)),
        ("tcp://[::1]:65535", tcp("::1", 65535)),
        ("exec:///usr/lib/calc", Url::Exec("/usr/lib/calc".into())),
        ("stdio:", Url::Stdio),
    ] {
        let sides = [Side::Server, Side::Client];
        let read = sides.map(|side| Url::parse(text, side).ok());
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
        "npipe://x",
    ] {
        for side in [Side::Server, Side::Client] {
            let error = Url::parse(text, side).unwrap_err();
            assert_eq!(error.status(), Status::InvalidArgument, "{text}");
            assert!(error.context().contains("tcp://host:port"), "{error}");
            let is_for = |form| error.context().contains(form);
            assert_eq!(is_for("or stdio: alone"), side == Side::Server, "{error}");
            assert_eq!(is_for("or exec:///path"), side == Side::Client, "{error}");
        }
    }
}

#[test]
fn each_side_has_its_own() {
    let server = bind(&Url::Exec("/bin/true".into()), &ServerOptions::default());
    assert_eq!(server.err().unwrap().status(), Status::InvalidArgument);
    let client = connect(&Url::Stdio, &ClientOptions::default());
    assert_eq!(client.err().unwrap().status(), Status::InvalidArgument);
}

#[test]
fn a_scheme_that_is_none_is_told_from_one_to_come() {
    for side in [Side::Server, Side::Client] {
        for (text, why) in [
            ("npipe://x", "named pipes are for Windows, and yet to come"),
            ("http://x", "the scheme 'http' is not known"),
        ] {
            let error = Url::parse(text, side).unwrap_err();
            let why = format!("'{text}': {why}; ");
            assert!(error.context().starts_with(&why), "{error}");
        }
    }
}
