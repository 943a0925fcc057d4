//! Who is let in, and who is not.

use crate::support::{Gateway, PATIENCE, Place, add, by_hand, refused, result, serve, soon, told};
use crate::trust::{Authority, Caller, FORGED, Identity};
use calc_ipc::service::Handler;
use calc_ipc_gateway::proto::bytes_client::BytesClient;
use calc_ipc_gateway::proto::{CallRequest, ExecuteRequest};
use nix::sys::signal::Signal::SIGTERM;
use rcgen::ExtendedKeyUsagePurpose::{ClientAuth, ServerAuth};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tonic::{Code, Request};
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_client::HealthClient;

/// A gateway with TLS before this backend, with more arguments.
fn secured(place: &Place, backend: &str, authority: &Authority, more: &[&str]) -> Gateway {
    let [cert, key] = place.identity("server", &authority.server());
    let args = [&["--tls-cert", &cert, "--tls-key", &key], more].concat();
    Gateway::with(&[backend], &args)
}

async fn is_answered(caller: &Caller, gateway: &Gateway) {
    let mut client = caller.calculator(gateway).await;
    let response = soon("execute", client.execute(add(1, 2))).await.unwrap();
    assert_eq!(response.into_inner(), result(3));
}

#[tokio::test(flavor = "multi_thread")]
async fn without_certificates_of_clients_whoever_trusts_the_gateway_may_call() {
    let place = Place::new();
    let url = place.url("calc.sock");
    let _server = serve(&url, Handler::Calculator);
    let (ours, theirs) = (Authority::new(), Authority::new());
    let gateway = secured(&place, &url, &ours, &[]);
    is_answered(&Caller::new(&ours, None), &gateway).await;
    let stranger = Caller::new(&theirs, None);
    let shaken = soon("a handshake", stranger.open(&gateway)).await;
    assert!(shaken.is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn only_certificates_of_the_right_signer_are_taken() {
    let place = Place::new();
    let url = place.url("calc.sock");
    let _server = serve(&url, Handler::Calculator);
    let (ours, theirs) = (Authority::new(), Authority::new());
    let ca = place.file("ca.pem", &ours.pem);
    let gateway = secured(&place, &url, &ours, &["--client-ca", &ca]);
    let refusal = async |identity: Option<&Identity>| {
        let caller = Caller::new(&ours, identity);
        caller.refusal(&gateway).await
    };
    let cases = [
        (None, "CertificateRequired"),
        (Some(theirs.client("a")), FORGED),
        (Some(ours.expired_client("a")), "CertificateExpired"),
        (Some(ours.sign("a", ServerAuth)), "UnsupportedCertificate"),
    ];
    for (identity, alert) in &cases {
        let said = refusal(identity.as_ref()).await;
        assert!(said.contains(alert), "{said}, not {alert}");
    }
    let right = ours.sign("a", ClientAuth);
    is_answered(&Caller::new(&ours, Some(&right)), &gateway).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn only_certificates_with_a_name_that_is_allowed_are_taken() {
    let place = Place::new();
    let url = place.url("calc.sock");
    let _server = serve(&url, Handler::Calculator);
    let (ours, theirs) = (Authority::new(), Authority::new());
    let ca = place.file("ca.pem", &ours.pem);
    let names = ["a.example.com", "spiffe://example.com/a"];
    let args = [
        "--client-ca",
        &ca,
        "--allow-san",
        names[0],
        "--allow-san",
        names[1],
    ];
    let gateway = secured(&place, &url, &ours, &args);
    for right in [
        ours.client(names[0]),
        ours.client("A.Example.COM"),
        ours.client_with_uri(names[1]),
    ] {
        is_answered(&Caller::new(&ours, Some(&right)), &gateway).await;
    }
    let others = [
        ours.client("b.example.com"),
        ours.client("*.example.com"),
        ours.client("example.com"),
        ours.client_with_uri("spiffe://example.com/A"),
        ours.client_with_uri("spiffe://example.com/a/b"),
    ];
    for other in &others {
        let said = Caller::new(&ours, Some(other)).refusal(&gateway).await;
        assert!(said.contains("AccessDenied"), "{said}");
    }
    let forged = theirs.client(names[0]);
    let said = Caller::new(&ours, Some(&forged)).refusal(&gateway).await;
    assert!(said.contains(FORGED), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_encrypted_is_not_answered() {
    let place = Place::new();
    let url = place.url("calc.sock");
    let (handler, requests) = by_hand();
    let _server = serve(&url, handler);
    let ours = Authority::new();
    let gateway = secured(&place, &url, &ours, &[]);
    let mut stream = TcpStream::connect(&gateway.address).await.unwrap();
    stream
        .write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
        .await
        .unwrap();
    stream
        .write_all(&[0, 0, 0, 4, 0, 0, 0, 0, 0])
        .await
        .unwrap();
    let mut said = Vec::new();
    // It may be told so in an alert, or cut off.
    let _ = soon("the end", stream.read_to_end(&mut said)).await;
    let is_alert = said.first().is_none_or(|kind| *kind == 21);
    assert!(is_alert && said.len() <= 7, "{said:?}");
    assert!(requests.rest().is_empty());
}

/// What a call with these values of the header is told.
async fn with_tokens(
    caller: &Caller,
    gateway: &Gateway,
    values: &[&str],
) -> Result<(), tonic::Status> {
    let mut client = caller.calculator(gateway).await;
    let asked = client.execute(showing(values, add(1, 2)));
    let response = soon("execute", asked).await?;
    assert_eq!(response.into_inner(), result(3));
    Ok(())
}

fn showing<T>(values: &[&str], message: T) -> Request<T> {
    let mut request = Request::new(message);
    for value in values {
        let metadata = request.metadata_mut();
        metadata.append("authorization", value.parse().unwrap());
    }
    request
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_token_that_is_right_nothing_is_asked() {
    let place = Place::new();
    let url = place.url("calc.sock");
    let (handler, requests) = by_hand();
    let _server = serve(&url, handler);
    let ours = Authority::new();
    let tokens = place.file("tokens", "one\ntwo\n");
    let gateway = secured(&place, &url, &ours, &["--token-file", &tokens]);
    let caller = Caller::new(&ours, None);
    let wrong: [&[&str]; 6] = [
        &[],
        &["Bearer three"],
        &["Bearer on"],
        &["one"],
        &["Basic one"],
        &["Bearer one", "Bearer one"],
    ];
    let expected = (Code::Unauthenticated, "PERMISSION_DENIED", "no");
    for values in wrong {
        let status = with_tokens(&caller, &gateway, values).await.unwrap_err();
        assert_eq!(told(&status), expected, "{values:?}");
    }
    let mut client = caller.calculator(&gateway).await;
    let endless = tokio_stream::pending::<ExecuteRequest>();
    let status = soon("stream", client.execute_stream(endless))
        .await
        .unwrap_err();
    assert_eq!(told(&status), expected);
    let connection = || async {
        let stream = caller.open(&gateway).await.unwrap();
        crate::support::Connection::over(stream, &gateway.address)
            .await
            .unwrap()
    };
    let mut bytes = BytesClient::new(connection().await);
    let status = soon("call", bytes.call(CallRequest::default()))
        .await
        .unwrap_err();
    assert_eq!(told(&status), expected);
    assert!(requests.rest().is_empty());
    for right in ["Bearer one", "bearer two"] {
        let asked = client.execute(showing(&[right], add(1, 2)));
        let answered = tokio::join!(soon("execute", asked), async {
            requests.next().0.send(b"OK 3").unwrap();
        });
        assert_eq!(answered.0.unwrap().into_inner(), result(3));
    }
    // Whoever looks after it has no token.
    let mut health = HealthClient::new(connection().await);
    soon("check", health.check(HealthCheckRequest::default()))
        .await
        .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn files_and_arguments_that_would_let_anybody_in_are_refused() {
    let place = Place::new();
    let (ours, theirs) = (Authority::new(), Authority::new());
    let [cert, key] = place.identity("server", &ours.server());
    let [_, other_key] = place.identity("other", &theirs.server());
    let tokens = place.file("tokens", "one\n");
    let empty = place.file("empty", "\n");
    let missing = place.path("missing");
    let backend = place.url("calc.sock");
    let serving = ["--listen", "127.0.0.1:0", "--backend", &backend];
    let tls = ["--tls-cert", &cert, "--tls-key", &key];
    let cases: [(i32, &str, &[&str]); 9] = [
        (2, "--token-file", &["--token-file", &tokens]),
        (2, "--tls-key", &["--tls-cert", &cert]),
        (2, "--tls-cert", &["--client-ca", &cert]),
        (
            2,
            "--client-ca",
            &["--allow-san", "a", tls[0], tls[1], tls[2], tls[3]],
        ),
        (1, &missing, &["--tls-cert", &missing, "--tls-key", &key]),
        (1, &cert, &["--tls-cert", &cert, "--tls-key", &other_key]),
        (
            1,
            &empty,
            &[tls[0], tls[1], tls[2], tls[3], "--token-file", &empty],
        ),
        (
            1,
            &empty,
            &[tls[0], tls[1], tls[2], tls[3], "--client-ca", &empty],
        ),
        (1, &key, &["--tls-cert", &key, "--tls-key", &key]),
    ];
    for (status, word, args) in cases {
        let (exit, said) = refused(&[&serving, args].concat());
        assert_eq!(exit, Some(status), "{args:?}: {said}");
        assert!(said.contains(word), "{args:?}: {said}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_handshake_that_never_ends_keeps_nobody() {
    let place = Place::new();
    let url = place.url("calc.sock");
    let _server = serve(&url, Handler::Calculator);
    let ours = Authority::new();
    let gateway = secured(&place, &url, &ours, &[]);
    let mut silent = Vec::new();
    for number in 0..64 {
        let mut stream = TcpStream::connect(&gateway.address).await.unwrap();
        // The beginning of a record that says that more follows.
        let begun: &[u8] = &[22, 3, 1, 2, 0, 1, 0];
        stream
            .write_all(&begun[..number % (begun.len() + 1)])
            .await
            .unwrap();
        silent.push(stream);
    }
    let caller = Caller::new(&ours, None);
    // One that has shaken hands, and then is silent.
    let mut shaken = soon("a handshake", caller.open(&gateway)).await.unwrap();
    shaken.write_all(b"PRI * HTTP/2.0\r\n").await.unwrap();
    is_answered(&caller, &gateway).await;
    // They are told, or cut off, long before they say more.
    for stream in &mut silent {
        let ended = tokio::time::timeout(PATIENCE, stream.read_to_end(&mut Vec::new())).await;
        assert!(ended.is_ok(), "it is kept");
    }
    let ended = tokio::time::timeout(PATIENCE, shaken.read_to_end(&mut Vec::new())).await;
    assert!(ended.is_ok(), "it is kept");
    is_answered(&caller, &gateway).await;
    let _stuck = TcpStream::connect(&gateway.address).await.unwrap();
    // The next one is taken after that one.
    is_answered(&caller, &gateway).await;
    gateway.signal(SIGTERM);
    assert_eq!(gateway.wait(), Some(0));
}
