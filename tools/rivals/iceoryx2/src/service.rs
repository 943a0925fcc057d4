//! What both sides open: one request-response service, and event services that wake who waits.

use crate::{Mode, Result};
use iceoryx2::node::Node;
use iceoryx2::prelude::*;
use iceoryx2::service::port_factory::{event, request_response};
use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};

pub(crate) type Ipc = ipc::Service;
pub(crate) type Calls = request_response::PortFactory<Ipc, [u8], (), [u8], ()>;
pub(crate) type Events = event::PortFactory<Ipc>;

/// Where Linux keeps shared memory.
const SHARED_MEMORY: &str = "/dev/shm";

/// The largest body that the benchmark sends.
pub(crate) const MAX_BODY: usize = 16 << 20;

/// More than the benchmark has.
const MAX_CLIENTS: usize = 128;
const MAX_NODES: usize = MAX_CLIENTS + 8;

/// The beginning of the names of its files: that of `address`, unless it is too long for the sockets among them.
fn prefix(address: &str) -> String {
    let name = address.rsplit('/').next().unwrap_or(address);
    if name.len() <= 24 {
        return name.to_owned();
    }
    let mut hasher = DefaultHasher::new();
    name.hash(&mut hasher);
    format!("{:x}", hasher.finish())
}

/// Where its other files are. The benchmark's folder may be too deep for sockets.
fn folder(address: &str) -> String {
    format!("{SHARED_MEMORY}/{}.iox2", prefix(address))
}

/// A node whose files have the benchmark's name, which nobody else has.
pub(crate) fn node(address: &str) -> Result<Node<Ipc>> {
    set_log_level(LogLevel::Fatal);
    let mut config = Config::default();
    config.global.prefix = FileName::new(format!("{}_", prefix(address)).as_bytes())?;
    config
        .global
        .set_root_path(&Path::new(folder(address).as_bytes())?);
    Ok(NodeBuilder::new()
        .config(&config)
        // The benchmark ends them.
        .signal_handling_mode(SignalHandlingMode::Disabled)
        .create()?)
}

/// Removes what the library keeps for the next node.
pub(crate) fn clean_up(address: &str) -> Result<()> {
    fs::remove_dir_all(folder(address))?;
    let prefix = format!("{}_", prefix(address));
    for entry in fs::read_dir(SHARED_MEMORY)? {
        let entry = entry?;
        if entry.file_name().to_string_lossy().starts_with(&prefix) {
            fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

/// Of bytes, as much as each call has.
/// <https://github.com/eclipse-iceoryx/iceoryx2/tree/main/examples/rust/request_response_dynamic_data>
pub(crate) fn calls(node: &Node<Ipc>, mode: Mode) -> Result<Calls> {
    let service = node
        .service_builder(&"calls".try_into()?)
        .request_response::<[u8], [u8]>()
        .max_servers(1)
        .max_clients(mode.clients)
        .max_nodes(MAX_NODES);
    Ok(match mode.depth {
        1 => service.open_or_create()?,
        // A request has one answer.
        depth => service
            .max_active_requests_per_client(depth)
            .max_response_buffer_size(1)
            .max_borrowed_responses_per_pending_response(1)
            .open_or_create()?,
    })
}

/// Wakes the server if `client` is `None`, else that client.
/// <https://github.com/eclipse-iceoryx/iceoryx2/tree/main/examples/rust/event_based_communication>
pub(crate) fn events(node: &Node<Ipc>, client: Option<u128>) -> Result<Events> {
    let name = client.map_or_else(
        || "requests".to_owned(),
        |client| format!("answers/{client:x}"),
    );
    Ok(node
        .service_builder(&name.as_str().try_into()?)
        .event()
        .max_listeners(1)
        .max_notifiers(MAX_CLIENTS + 1)
        .max_nodes(MAX_NODES)
        .open_or_create()?)
}
