//! `grpc.reflection`, and what descriptor sets say of services.

use crate::ingress::Path;
use crate::proto;
use prost::Message as _;
use prost_types::{FileDescriptorProto, FileDescriptorSet, MethodDescriptorProto};
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path as File, PathBuf};
use tonic::service::Routes;
use tonic_reflection::server::{Builder, Error};

/// Both versions of the service; grpcurl and older clients ask for the second.
pub const SERVICES: [&str; 2] = [
    "grpc.reflection.v1.ServerReflection",
    "grpc.reflection.v1alpha.ServerReflection",
];

/// How such a file is made.
const HINT: &str = "write it by protoc --include_imports --descriptor_set_out=FILE";

/// What is known of services: the gateway's own, and those of the user's descriptor sets.
pub struct Descriptors {
    sets: Vec<Vec<u8>>,
    files: Vec<FileDescriptorProto>,
}

/// How many messages a call of a method has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Manner {
    /// The caller may send more than one.
    pub is_client_streaming: bool,
    /// The server may.
    pub is_server_streaming: bool,
}

impl Manner {
    /// One there, one back.
    pub const UNARY: Self = Self {
        is_client_streaming: false,
        is_server_streaming: false,
    };

    fn of(method: &MethodDescriptorProto) -> Self {
        Self {
            is_client_streaming: method.client_streaming(),
            is_server_streaming: method.server_streaming(),
        }
    }
}

impl Descriptors {
    /// The gateway's own, and those of these files, of which each has to bring what it imports.
    pub fn open(protosets: &[PathBuf]) -> Result<Self, String> {
        let mut known = Self {
            sets: Vec::new(),
            files: Vec::new(),
        };
        let own = [
            proto::DESCRIPTORS,
            tonic_health::pb::FILE_DESCRIPTOR_SET,
            tonic_reflection::pb::v1::FILE_DESCRIPTOR_SET,
            tonic_reflection::pb::v1alpha::FILE_DESCRIPTOR_SET,
        ];
        for set in own {
            known.add(set.to_vec())?;
        }
        for file in protosets {
            known
                .read(file)
                .map_err(|why| format!("--protoset {}: {why}", file.display()))?;
        }
        Ok(known)
    }

    fn read(&mut self, file: &File) -> Result<(), String> {
        let set = fs::read(file).map_err(|cause| cause.to_string())?;
        self.add(set)?;
        let names: BTreeSet<_> = self.files.iter().map(FileDescriptorProto::name).collect();
        for importing in &self.files {
            let mut imports = importing.dependency.iter();
            if let Some(import) = imports.find(|import| !names.contains(import.as_str())) {
                let name = importing.name();
                return Err(format!("{name} imports {import}, which is missing; {HINT}"));
            }
        }
        Ok(())
    }

    /// Adds a set whose services nobody else has.
    fn add(&mut self, set: Vec<u8>) -> Result<(), String> {
        let decoded = FileDescriptorSet::decode(set.as_slice());
        let decoded =
            decoded.map_err(|cause| format!("this is no descriptor set: {cause}; {HINT}"))?;
        if decoded.file.is_empty() {
            return Err(format!("it has no descriptors; {HINT}"));
        }
        // What tonic-reflection would find wrong later.
        let built = Builder::configure().register_encoded_file_descriptor_set(&set);
        built.build_v1().map_err(|error| reason(&error))?;
        for file in decoded.file {
            let is_known = self.files.iter().any(|known| known.name() == file.name());
            if !is_known {
                self.files.push(file);
            }
        }
        self.sets.push(set);
        Ok(())
    }

    /// The methods of a service, if it is known.
    pub fn methods(&self, service: &str) -> Option<Vec<(&str, Manner)>> {
        let name = |file: &FileDescriptorProto, own: &str| match file.package() {
            "" => own.to_owned(),
            package => format!("{package}.{own}"),
        };
        let mut services = self
            .files
            .iter()
            .flat_map(|file| file.service.iter().map(move |own| (file, own)));
        let (_, found) = services.find(|(file, own)| name(file, own.name()) == service)?;
        let methods = found.method.iter();
        Some(
            methods
                .map(|method| (method.name(), Manner::of(method)))
                .collect(),
        )
    }

    /// Says why a route does not fit what is known of its service. Where that is nothing, any does.
    pub fn check(&self, route: &Path) -> Result<(), String> {
        let Some(methods) = self.methods(route.service()) else {
            return Ok(());
        };
        let path = route.as_str();
        match methods.iter().find(|(name, _)| *name == route.method()) {
            None => Err(format!(
                "--route {path}: {} has no method {}",
                route.service(),
                route.method()
            )),
            Some((_, manner)) if *manner != Manner::UNARY => Err(format!(
                "--route {path}: a route carries one message there and one back, and this method is one of streams"
            )),
            Some(_) => Ok(()),
        }
    }

    /// Adds both versions of reflection, which list these services.
    pub fn serve(&self, routes: Routes, services: &[&str]) -> Result<Routes, String> {
        let v1 = self.builder(services).build_v1();
        let v1alpha = self.builder(services).build_v1alpha();
        let routes = routes.add_service(v1.map_err(|error| reason(&error))?);
        Ok(routes.add_service(v1alpha.map_err(|error| reason(&error))?))
    }

    fn builder(&self, services: &[&str]) -> Builder<'_> {
        // Its own descriptors are among the sets.
        let mut builder = Builder::configure().include_reflection_service(false);
        for set in &self.sets {
            builder = builder.register_encoded_file_descriptor_set(set);
        }
        services
            .iter()
            .fold(builder, |builder, name| builder.with_service_name(*name))
    }
}

fn reason(error: &Error) -> String {
    match error {
        Error::DecodeError(cause) => format!("this is no descriptor set: {cause}; {HINT}"),
        Error::InvalidFileDescriptorSet(why) => {
            format!("this is no good descriptor set: {why}; {HINT}")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use prost_types::ServiceDescriptorProto;

    fn method(name: &str, is_streaming: bool) -> MethodDescriptorProto {
        MethodDescriptorProto {
            name: Some(name.to_owned()),
            server_streaming: Some(is_streaming),
            ..MethodDescriptorProto::default()
        }
    }

    fn set(imports: &[&str]) -> Vec<u8> {
        let service = ServiceDescriptorProto {
            name: Some("Values".to_owned()),
            method: vec![method("Get", false), method("Watch", true)],
            ..ServiceDescriptorProto::default()
        };
        let file = FileDescriptorProto {
            name: Some("demo/values.proto".to_owned()),
            package: Some("demo.v1".to_owned()),
            dependency: imports.iter().map(|&import| import.to_owned()).collect(),
            service: vec![service],
            ..FileDescriptorProto::default()
        };
        FileDescriptorSet { file: vec![file] }.encode_to_vec()
    }

    fn open(bytes: &[u8]) -> Result<Descriptors, String> {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("demo.fds");
        fs::write(&file, bytes).unwrap();
        Descriptors::open(&[file])
    }

    #[test]
    fn what_is_served_of_the_gateway_is_known_without_a_file() {
        let known = Descriptors::open(&[]).unwrap();
        for service in ["calc_ipc.v1.Bytes", "grpc.health.v1.Health"]
            .iter()
            .chain(&SERVICES)
        {
            assert!(known.methods(service).is_some(), "{service}");
        }
        assert!(known.methods("demo.v1.Values").is_none());
    }

    #[test]
    fn a_route_is_a_unary_method_where_its_service_is_known() {
        let known = open(&set(&["calc_ipc/v1/calc_ipc.proto"])).unwrap();
        let check = |path: &str| known.check(&path.parse().unwrap());
        assert_eq!(check("/demo.v1.Values/Get"), Ok(()));
        assert_eq!(check("/other.v1.Values/Any"), Ok(()));
        let streams = check("/demo.v1.Values/Watch").unwrap_err();
        assert!(streams.contains("streams"), "{streams}");
        let none = check("/demo.v1.Values/Put").unwrap_err();
        assert!(none.contains("no method Put"), "{none}");
    }

    #[test]
    fn a_file_that_is_no_whole_descriptor_set_is_refused_with_the_reason() {
        let import = set(&["google/protobuf/any.proto"]);
        let cut = set(&[]);
        let cut = cut.get(..cut.len() - 1).unwrap();
        let nameless = FileDescriptorSet {
            file: vec![FileDescriptorProto::default()],
        };
        for (bytes, reason) in [
            (import.as_slice(), "imports google/protobuf/any.proto"),
            (cut, "no descriptor set"),
            (b"syntax = \"proto3\";", "no descriptor set"),
            (b"", "no descriptors"),
            (&nameless.encode_to_vec(), "missing name"),
        ] {
            let error = open(bytes).err().unwrap();
            assert!(error.contains(reason), "{error}");
            assert!(
                error.contains("--protoset") && error.contains(HINT),
                "{error}"
            );
        }
        let gone = Descriptors::open(&["/nonexistent.fds".into()])
            .err()
            .unwrap();
        assert!(gone.contains("No such file"), "{gone}");
    }
}
