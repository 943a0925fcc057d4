//! Where the service would be, and the lines that serve and ask it there.

use super::facts::Facts;
use super::kind::Kind;
use crate::cli::System;
use crate::exit::Failure;
use crate::sys;
use calc_ipc::transport::{
    Address, ClientOptions, ServerOptions, USUAL_CLIENTS, USUAL_CLIENTS_OF_MEMORY,
};
use serde::Serialize;
use std::borrow::Cow;
use std::path::{Path, PathBuf};

/// Any that is free will do; this one needs no rights.
const PORT: u16 = 7000;

/// What one can paste.
#[derive(Debug, Serialize)]
pub(super) struct Lines {
    pub(super) url: String,
    pub(super) shell: String,
    pub(super) c: String,
    pub(super) cxx: String,
}

/// A server and a client.
#[derive(Debug, Serialize)]
pub(super) struct Ends {
    pub(super) server: Lines,
    pub(super) client: Lines,
}

impl Ends {
    pub(super) fn new(transport: Kind, facts: &Facts, name: &str) -> Result<Self, Failure> {
        let (server, client) = urls(transport, facts, name)?;
        Ok(Self {
            server: server_lines(transport, facts, [&server, &client])?,
            client: client_lines(transport, facts, &client)?,
        })
    }
}

/// The URLs of the server's side and of the client's, which differ where each sees the other from afar.
fn urls(transport: Kind, facts: &Facts, name: &str) -> Result<(Address, Address), Failure> {
    let same = |url: Address| (url.clone(), url);
    Ok(match transport {
        Kind::Shm => same(Address::Shm(name.to_owned())),
        Kind::Unix => same(Address::Unix(text(
            folder(facts).join(format!("{name}.sock")),
        )?)),
        Kind::NamedPipe => same(Address::named_pipe(name)),
        Kind::Fifo => same(Address::fifo_pair(&text(folder(facts).join(name))?)),
        Kind::Pipe if facts.system == System::Windows => {
            let program = format!("/C:/services/{name}-server.exe");
            (Address::Stdio, Address::exec(program))
        }
        Kind::Pipe => {
            let here = std::env::current_dir()
                .map_err(|error| Failure::io("the current folder", &error))?;
            let program = text(here.join(format!("{name}-server")))?;
            (Address::Stdio, Address::exec(program))
        }
        Kind::Tcp => {
            let at = |host: String| Address::Tcp { host, port: PORT };
            (at("0.0.0.0".to_owned()), at(this_host()))
        }
    })
}

/// Where this user's sockets belong; what other users shall reach has to be where they can go.
fn folder(facts: &Facts) -> PathBuf {
    let of_session = std::env::var_os("XDG_RUNTIME_DIR")
        .map(PathBuf::from)
        .filter(|folder| folder.is_absolute() && folder.is_dir() && !facts.other_users);
    of_session.unwrap_or_else(|| Path::new("/tmp").to_owned())
}

fn text(path: PathBuf) -> Result<String, Failure> {
    path.into_os_string()
        .into_string()
        .map_err(|path| Failure::Usage(format!("{} is no text", path.display())))
}

fn this_host() -> String {
    let name = sys::host();
    name.filter(|name| !name.is_empty())
        .unwrap_or_else(|| "localhost".to_owned())
}

/// An option that has to be set: on the command line, and in C and C++.
struct Needed {
    /// Empty: the command needs none.
    flag: String,
    field: &'static str,
    value: String,
}

impl Needed {
    fn new(flag: &str, field: &'static str, value: impl ToString) -> Self {
        let value = value.to_string();
        Self {
            flag: format!(" {flag} {value}"),
            field,
            value,
        }
    }
}

fn server_options(transport: Kind, facts: &Facts) -> Vec<Needed> {
    let is_tcp = transport == Kind::Tcp;
    let mut needed = Vec::new();
    if facts.message_size > ServerOptions::default().max_message {
        needed.push(Needed::new(
            "--max-message",
            "max_message",
            facts.message_size,
        ));
    }
    let connections = facts.connections();
    if connections > usual_clients(transport) {
        needed.push(Needed::new("--max-clients", "max_clients", connections));
    }
    if facts.other_users && !is_tcp {
        needed.push(Needed::new("--mode", "mode", "0666"));
    }
    if is_tcp {
        needed.push(Needed {
            flag: " --allow-remote".to_owned(),
            field: "allow_remote",
            value: "1".to_owned(),
        });
    }
    needed
}

/// How many clients a server takes unless it is told otherwise, see `calc_ipc_server_options`.
pub(super) fn usual_clients(transport: Kind) -> u32 {
    match transport {
        Kind::Shm => USUAL_CLIENTS_OF_MEMORY,
        _ => USUAL_CLIENTS,
    }
}

fn client_options(transport: Kind, facts: &Facts) -> Vec<Needed> {
    let mut needed = Vec::new();
    if facts.message_size > ClientOptions::default().max_message {
        // What the command asks is short.
        needed.push(Needed {
            flag: String::new(),
            field: "max_message",
            value: facts.message_size.to_string(),
        });
    }
    if facts.threads > 1 {
        // What the command asks is one call after another.
        needed.push(Needed {
            flag: String::new(),
            field: "connections",
            value: facts.threads.to_string(),
        });
    }
    if facts.other_users && transport != Kind::Tcp {
        let numbered = sys::user().filter(|_| facts.system == System::Linux);
        needed.push(match numbered {
            Some(user) => Needed::new("--server-user", "server_uid", user),
            // Users of Windows have no numbers.
            None => Needed {
                flag: " --server-user any".to_owned(),
                field: "server_uid",
                value: "CALC_IPC_SERVER_UID_ANY".to_owned(),
            },
        });
    }
    needed
}

fn server_lines(
    transport: Kind,
    facts: &Facts,
    [url, client]: [&Address; 2],
) -> Result<Lines, Failure> {
    let options = server_options(transport, facts);
    let serve = format!(
        "calc-ipc serve {}{}",
        quoted(url.to_string())?,
        flags(&options)
    );
    let shell = match client {
        // What exec: runs has no arguments, so it is a script.
        Address::Exec { program, .. } if facts.system == System::Linux => {
            let path = quoted(program.to_string_lossy())?;
            format!("printf '#!/bin/sh\\nexec {serve}\\n' > {path} && chmod +x {path}")
        }
        _ => serve,
    };
    Ok(Lines {
        url: url.to_string(),
        shell,
        c: server_in_c(facts, url, &options),
        cxx: server_in_cxx(facts, url, &options),
    })
}

fn client_lines(transport: Kind, facts: &Facts, url: &Address) -> Result<Lines, Failure> {
    let options = client_options(transport, facts);
    let address = quoted(url.to_string())?;
    Ok(Lines {
        url: url.to_string(),
        shell: format!("calc-ipc call{} {address} ADD 10 20", flags(&options)),
        c: client_in_c(facts, url, &options),
        cxx: client_in_cxx(facts, url, &options),
    })
}

fn flags(options: &[Needed]) -> String {
    options.iter().map(|option| option.flag.as_str()).collect()
}

fn settings(options: &[Needed]) -> String {
    let set = |option: &Needed| format!("options.{} = {};\n", option.field, option.value);
    options.iter().map(set).collect()
}

/// What an event loop of a system watches.
struct Watched {
    c: &'static str,
    declared: &'static str,
    variable: &'static str,
    cxx: &'static str,
    once: &'static str,
}

fn watched(system: System) -> Watched {
    match system {
        System::Linux => Watched {
            c: "fd",
            declared: "int fd;",
            variable: "fd",
            cxx: "fd",
            once: "when it is readable",
        },
        System::Windows => Watched {
            c: "wait_handle",
            declared: "void *event;",
            variable: "event",
            cxx: "waitHandle",
            once: "when it is signalled",
        },
    }
}

fn server_in_c(facts: &Facts, url: &Address, options: &[Needed]) -> String {
    let (kind, handler) = match facts.late_answers {
        true => ("_deferred", "handler, NULL, "),
        false => ("", "NULL, NULL, "),
    };
    let made = in_c("server", kind, url, handler, options);
    if !facts.event_loop {
        return made;
    }
    let Watched {
        c,
        declared,
        variable,
        once,
        ..
    } = watched(facts.system);
    format!(
        "{made}\n{declared}\ncalc_ipc_server_{c}(server, &{variable}); /* {once}: */\ncalc_ipc_server_dispatch(server, 0);"
    )
}

fn client_in_c(facts: &Facts, url: &Address, options: &[Needed]) -> String {
    let made = in_c("client", "", url, "", options);
    if !facts.event_loop {
        return made;
    }
    let Watched {
        c,
        declared,
        variable,
        once,
        ..
    } = watched(facts.system);
    format!(
        "{made}\n{declared}\ncalc_ipc_client_{c}(client, &{variable}); /* calc_ipc_client_submit_request(); {once}: */\n\
         uint8_t answer[CALC_IPC_FRAME_MAX];\ncalc_ipc_completion done = {{.size = sizeof done}};\n\
         calc_ipc_client_next(client, 0, answer, sizeof answer, &done);"
    )
}

/// `kind` is that of the handler's, and `handler` stands for the calculator.
fn in_c(side: &str, kind: &str, url: &Address, handler: &str, options: &[Needed]) -> String {
    let url = literal(url);
    let create = |options: &str| {
        format!("calc_ipc_{side}_create{kind}({url}, {handler}{options}, &{side});")
    };
    if options.is_empty() {
        return create("NULL");
    }
    format!(
        "calc_ipc_{side}_options options;\ncalc_ipc_{side}_options_init(&options, sizeof options);\n{}{}",
        settings(options),
        create("&options")
    )
}

fn server_in_cxx(facts: &Facts, url: &Address, options: &[Needed]) -> String {
    let url = literal(url);
    let (handler, last) = match (facts.late_answers, options.is_empty()) {
        (true, true) => (", handler", ""),
        (true, false) => (", handler", ", options"),
        (false, true) => ("", ""),
        (false, false) => (", {}", ", options"),
    };
    let made = match facts.late_answers {
        true => format!("auto server = calc_ipc::Server::deferred({url}{handler}{last});"),
        false => format!("calc_ipc::Server server({url}{handler}{last});"),
    };
    let made = with_options("Server", &made, options);
    let Watched { cxx, once, .. } = watched(facts.system);
    match facts.event_loop {
        true => {
            format!("{made}\nwatch(server.{cxx}()); // {once}:\nserver.dispatch();")
        }
        false => made,
    }
}

fn client_in_cxx(facts: &Facts, url: &Address, options: &[Needed]) -> String {
    let url = literal(url);
    let last = if options.is_empty() { "" } else { ", options" };
    let made = format!("calc_ipc::Client client({url}{last});");
    let made = with_options("Client", &made, options);
    let Watched { cxx, once, .. } = watched(facts.system);
    match facts.event_loop {
        true => format!(
            "{made}\nwatch(*client.{cxx}()); // client.submit(request, callback); {once}:\n\
             client.dispatch(std::chrono::milliseconds(0));"
        ),
        false => made,
    }
}

fn with_options(class: &str, made: &str, options: &[Needed]) -> String {
    match options.is_empty() {
        true => made.to_owned(),
        false => format!(
            "calc_ipc::{class}Options options;\n{}{made}",
            settings(options)
        ),
    }
}

/// A word of a shell's command line.
fn quoted(text: impl AsRef<str>) -> Result<String, Failure> {
    let text = text.as_ref();
    shlex::try_quote(text)
        .map(Cow::into_owned)
        .map_err(|error| Failure::Usage(format!("{text:?}: {error}")))
}

/// A string of C and of C++. What is not ASCII, or white, is encoded in a URL already.
fn literal(url: &Address) -> String {
    let text = url.to_string().replace('\\', "\\\\").replace('"', "\\\"");
    format!("\"{text}\"")
}
