//! What command lines make sense.

use super::*;
use clap::CommandFactory as _;

fn parse(args: &[&str]) -> Result<Cli, String> {
    let args = ["calc-ipc-gateway"].iter().chain(args);
    let cli = Cli::try_parse_from(args).map_err(|error| error.to_string())?;
    cli.check().map(|()| cli)
}

#[test]
fn the_command_line_is_well_formed() {
    Cli::command().debug_assert();
}

#[test]
fn somebody_has_to_answer_somewhere() {
    assert!(parse(&[]).is_err());
    assert!(parse(&["--listen", ":0"]).is_err());
    assert!(parse(&["--backend", "unix:///a"]).is_err());
    assert!(parse(&["--listen", ":0", "--backend", "unix:///a"]).is_ok());
    assert!(parse(&["--listen", ":0", "--route", "/S/M=unix:///a"]).is_ok());
    assert!(parse(&["--listen", ":0", "--route", "/S=unix:///a"]).is_err());
    assert!(parse(&["--listen", ":0", "--backend", "nowhere"]).is_err());
}

#[test]
fn urls_that_cannot_be_served_or_asked_are_refused_with_what_to_give() {
    let route = "/S/M=exec:///bin/true";
    for args in [
        &["--serve", "stdio:", "--to", "grpc://localhost:1"][..],
        &["--listen", ":0", "--backend", "exec:///bin/true"],
        &["--listen", ":0", "--route", route],
    ] {
        let said = parse(args).unwrap_err();
        assert!(said.contains("unix:///path"), "{said}");
    }
}

#[test]
fn metrics_are_for_this_machine() {
    let metrics = |address, more: &[&str]| {
        let args = [
            "--listen",
            ":0",
            "--backend",
            "unix:///a",
            "--metrics",
            address,
        ];
        parse(&[&args, more].concat())
    };
    assert!(metrics("127.0.0.1:0", &[]).is_ok());
    assert!(metrics("[::1]:0", &[]).is_ok());
    assert!(metrics("0.0.0.0:0", &[]).is_err());
    assert!(metrics("[::]:0", &["--allow-remote-plaintext"]).is_ok());
    assert!(metrics("9464", &[]).is_err());
}

#[test]
fn a_remote_is_asked_for_one_kind_of_clients_and_beyond_this_machine_over_tls() {
    let egress = |to: &str, more: &[&str]| {
        let args = [&["--serve", "unix:///a", "--to", to], more].concat();
        parse(&args).map(drop)
    };
    assert_eq!(egress("grpc://localhost:1", &[]), Ok(()));
    assert_eq!(egress("grpc://[::1]:1/S/M", &[]), Ok(()));
    assert!(
        egress("grpc://svc:1", &[])
            .unwrap_err()
            .contains("--tls-ca")
    );
    assert_eq!(
        egress("grpc://svc:1", &["--allow-remote-plaintext"]),
        Ok(())
    );
    let tls = [
        "--tls-ca",
        "ca",
        "--tls-cert",
        "c",
        "--tls-key",
        "k",
        "--token-file",
        "t",
    ];
    assert_eq!(egress("grpc://svc:1", &tls), Ok(()));
    for unencrypted in [&["--token-file", "t"][..], &tls[2..6]] {
        assert!(egress("grpc://localhost:1", unencrypted).is_err());
    }
    for of_backends in ["--connections", "--queue", "--probe"] {
        assert!(egress("grpc://localhost:1", &[of_backends, "100"]).is_err());
    }
    for of_clients in [
        ["--listen", ":0"],
        ["--backend", "unix:///b"],
        ["--route", "/S/M=unix:///b"],
    ] {
        let said = egress("grpc://localhost:1", &of_clients).unwrap_err();
        assert!(said.contains(of_clients[0]), "{said}");
    }
    assert!(parse(&["--serve", "unix:///a"]).is_err());
    assert!(parse(&["--to", "grpc://localhost:1"]).is_err());
    assert!(parse(&["--listen", ":0", "--backend", "unix:///a", "--tls-ca", "ca"]).is_err());
}

#[test]
fn only_this_machine_is_served_in_the_clear() {
    let listen = |address, more: &[&str]| {
        let args = [&["--backend", "unix:///a", "--listen", address], more].concat();
        parse(&args).unwrap().addresses()
    };
    let own = listen(":0", &[]).unwrap();
    assert_eq!(own, ["127.0.0.1:0".parse().unwrap()]);
    assert!(listen("[::1]:0", &[]).is_ok());
    assert!(matches!(
        listen("0.0.0.0:0", &[]),
        Err(Unlistenable::Exposed(_))
    ));
    assert!(listen("0.0.0.0:0", &["--allow-remote-plaintext"]).is_ok());
    assert!(matches!(
        listen("nonsense", &[]),
        Err(Unlistenable::Unknown(_))
    ));
}
