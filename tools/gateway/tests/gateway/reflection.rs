//! `--reflection`: what a client learns that knows nothing before.

use crate::support::{Gateway, Place, refused, serve, soon};
use calc_ipc::service::Handler;
use prost::Message as _;
use prost_types::FileDescriptorProto;
use std::collections::BTreeSet;
use std::fs;
use tonic::Code;
use tonic_reflection::pb::{v1, v1alpha};

const OWN: [&str; 5] = [
    "calc_ipc.v1.Bytes",
    "calc_ipc.v1.Calculator",
    "grpc.health.v1.Health",
    "grpc.reflection.v1.ServerReflection",
    "grpc.reflection.v1alpha.ServerReflection",
];

const PROTO: &str = "
    syntax = \"proto3\";
    package demo.v1;
    import \"google/protobuf/duration.proto\";
    message Key { string name = 1; google.protobuf.Duration age = 2; }
    service Values { rpc Get(Key) returns (Key); rpc Watch(Key) returns (stream Key); }
";

/// Asks each version of the service, which are the same but for their names.
macro_rules! ask {
    ($version:ident, $gateway:expr, $message:expr) => {{
        use $version::server_reflection_request::MessageRequest::*;
        let client = $version::server_reflection_client::ServerReflectionClient::new(
            $gateway.connect().await,
        );
        let request = $version::ServerReflectionRequest {
            host: String::new(),
            message_request: Some($message),
        };
        let mut client = client;
        let asked = client.server_reflection_info(tokio_stream::iter([request]));
        let mut answers = soon("reflection", asked).await.unwrap().into_inner();
        let answer = soon("an answer", answers.message()).await;
        answer.map(|answer| answer.unwrap().message_response.unwrap())
    }};
}

macro_rules! listed {
    ($version:ident, $gateway:expr) => {{
        use $version::server_reflection_response::MessageResponse;
        match ask!($version, $gateway, ListServices(String::new())).unwrap() {
            MessageResponse::ListServicesResponse(list) => {
                let names = list.service.into_iter().map(|service| service.name);
                names.collect::<BTreeSet<_>>()
            }
            other => panic!("{other:?}"),
        }
    }};
}

macro_rules! file_of {
    ($version:ident, $gateway:expr, $message:expr) => {{
        use $version::server_reflection_response::MessageResponse;
        match ask!($version, $gateway, $message).unwrap() {
            MessageResponse::FileDescriptorResponse(found) => {
                FileDescriptorProto::decode(&*found.file_descriptor_proto[0]).unwrap()
            }
            other => panic!("{other:?}"),
        }
    }};
}

/// Writes the demo's descriptor set, with what it imports or without.
fn protoset(place: &Place, is_whole: bool) -> String {
    let path = |name| {
        let url = place.url(name);
        url.strip_prefix("unix://").unwrap().to_owned()
    };
    let (folder, file) = (path("proto"), path("demo.fds"));
    fs::create_dir_all(&folder).unwrap();
    fs::write(format!("{folder}/demo.proto"), PROTO).unwrap();
    let mut compiler = protox::Compiler::new([&folder]).unwrap();
    compiler.include_imports(is_whole);
    compiler.open_file("demo.proto").unwrap();
    fs::write(&file, compiler.encode_file_descriptor_set()).unwrap();
    file
}

fn names(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|&name| name.to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_walks_from_the_list_to_each_type_in_both_versions() {
    let place = Place::new();
    let url = place.url("calc.sock");
    let _server = serve(&url, Handler::Calculator);
    let file = protoset(&place, true);
    let route = format!("/demo.v1.Values/Get={url}");
    let unknown = format!("/other.v1.Thing/Do={url}");
    let more = [
        "--reflection",
        "--protoset",
        &file,
        "--route",
        &route,
        "--route",
        &unknown,
    ];
    let gateway = Gateway::with(&[&url], &more);
    let all = names(&[&OWN[..], &["demo.v1.Values", "other.v1.Thing"]].concat());
    assert_eq!(listed!(v1, gateway), all);
    assert_eq!(listed!(v1alpha, gateway), all);
    for name in OWN.iter().chain(&["demo.v1.Values"]) {
        let symbol = || (*name).to_owned();
        let found = file_of!(v1, gateway, FileContainingSymbol(symbol()));
        let old = file_of!(v1alpha, gateway, FileContainingSymbol(symbol()));
        assert_eq!(found, old);
        let has = |service: &prost_types::ServiceDescriptorProto| {
            format!("{}.{}", found.package(), service.name()) == *name
        };
        assert!(found.service.iter().any(has), "{name}");
        // What it imports can be had as well.
        for import in found.dependency.clone() {
            let imported = file_of!(v1, gateway, FileByFilename(import.clone()));
            assert_eq!(imported.name(), import);
        }
    }
    // A service of which nothing is known is served and listed, and there is nothing to tell of it.
    let none = ask!(
        v1,
        gateway,
        FileContainingSymbol("other.v1.Thing".to_owned())
    );
    assert_eq!(none.unwrap_err().code(), Code::NotFound);
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_told_unless_it_is_asked_for() {
    let place = Place::new();
    let url = place.url("calc.sock");
    let _server = serve(&url, Handler::Calculator);
    let gateway = Gateway::before(&[&url]);
    let mut client =
        v1::server_reflection_client::ServerReflectionClient::new(gateway.connect().await);
    let asked = client.server_reflection_info(tokio_stream::iter([]));
    let refused = soon("reflection", asked).await.unwrap_err();
    assert_eq!(refused.code(), Code::Unimplemented);
}

#[test]
fn a_descriptor_set_that_does_not_fit_is_a_usage_error() {
    let place = Place::new();
    let partial = Place::new();
    let (whole, partial) = (protoset(&place, true), protoset(&partial, false));
    for (file, method, reason) in [
        (&*partial, "Get", "imports google/protobuf/duration.proto"),
        (&*whole, "Watch", "streams"),
        (&*whole, "Put", "has no method Put"),
        ("/nonexistent.fds", "Get", "No such file"),
        (env!("CARGO_MANIFEST_PATH"), "Get", "no descriptor set"),
    ] {
        let route = format!("/demo.v1.Values/{method}=unix:///nowhere");
        let args = ["--listen", ":0", "--route", &route, "--protoset", file];
        let (status, said) = refused(&args);
        assert_eq!(status, Some(2), "{said}");
        assert!(said.contains(reason), "{said}");
    }
}
