//! Where the service would be, and the lines that serve and ask it there.

use super::facts::Facts;
use crate::bench::report::Transport;
use crate::exit::Failure;
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
    pub(super) fn new(transport: Transport, facts: &Facts, name: &str) -> Result<Self, Failure> {
        let (server, client) = urls(transport, facts, name)?;
        Ok(Self {
            server: server_lines(transport, facts, [&server, &client])?,
            client: client_lines(transport, facts, &client)?,
        })
    }
}

/// The URLs of the server's side and of the client's, which differ where each sees the other from afar.
fn urls(transport: Transport, facts: &Facts, name: &str) -> Result<(Address, Address), Failure> {
    let same = |url: Address| (url.clone(), url);
    Ok(match transport {
        Transport::Shm => same(Address::Shm(name.to_owned())),
        Transport::Unix => same(Address::Unix(text(
            folder(facts).join(format!("{name}.sock")),
        )?)),
        Transport::Seqpacket => same(Address::SeqPacket(text(
            folder(facts).join(format!("{name}.sock")),
        )?)),
        Transport::Fifo => same(Address::fifo_pair(&text(folder(facts).join(name))?)),
        Transport::Pipe => {
            let here = std::env::current_dir()
                .map_err(|error| Failure::io("the current folder", &error))?;
            let program = text(here.join(format!("{name}-server")))?;
            (Address::Stdio, Address::exec(program))
        }
        Transport::Tcp => {
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
    let name = nix::unistd::gethostname()
        .ok()
        .and_then(|name| name.into_string().ok());
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

fn server_options(transport: Transport, facts: &Facts) -> Vec<Needed> {
    let is_tcp = transport == Transport::Tcp;
    let mut needed = Vec::new();
    if facts.message_size > ServerOptions::default().max_message {
        needed.push(Needed::new(
            "--max-message",
            "max_message",
            facts.message_size,
        ));
    }
    if facts.clients > usual_clients(transport) {
        needed.push(Needed::new("--max-clients", "max_clients", facts.clients));
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
pub(super) fn usual_clients(transport: Transport) -> u32 {
    match transport {
        Transport::Shm => USUAL_CLIENTS_OF_MEMORY,
        _ => USUAL_CLIENTS,
    }
}

fn client_options(transport: Transport, facts: &Facts) -> Vec<Needed> {
    let mut needed = Vec::new();
    if facts.message_size > ClientOptions::default().max_message {
        // What the command asks is short.
        needed.push(Needed {
            flag: String::new(),
            field: "max_message",
            value: facts.message_size.to_string(),
        });
    }
    if facts.other_users && transport != Transport::Tcp {
        let user = nix::unistd::getuid();
        needed.push(Needed::new("--server-user", "server_uid", user));
    }
    needed
}

fn server_lines(
    transport: Transport,
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
        Address::Exec { program, .. } => {
            let path = quoted(program.to_string_lossy())?;
            format!("printf '#!/bin/sh\\nexec {serve}\\n' > {path} && chmod +x {path}")
        }
        _ => serve,
    };
    Ok(Lines {
        url: url.to_string(),
        shell,
        c: in_c("server", url, "NULL, NULL, ", &options),
        cxx: in_cxx(["Server", "server"], url, ", {}", &options),
    })
}

fn client_lines(transport: Transport, facts: &Facts, url: &Address) -> Result<Lines, Failure> {
    let options = client_options(transport, facts);
    let address = quoted(url.to_string())?;
    Ok(Lines {
        url: url.to_string(),
        shell: format!("calc-ipc call{} {address} ADD 10 20", flags(&options)),
        c: in_c("client", url, "", &options),
        cxx: in_cxx(["Client", "client"], url, "", &options),
    })
}

fn flags(options: &[Needed]) -> String {
    options.iter().map(|option| option.flag.as_str()).collect()
}

fn settings(options: &[Needed]) -> String {
    let set = |option: &Needed| format!("options.{} = {};\n", option.field, option.value);
    options.iter().map(set).collect()
}

/// `handler` stands for the calculator.
fn in_c(side: &str, url: &Address, handler: &str, options: &[Needed]) -> String {
    let url = literal(url);
    let create =
        |options: &str| format!("calc_ipc_{side}_create({url}, {handler}{options}, &{side});");
    if options.is_empty() {
        return create("NULL");
    }
    format!(
        "calc_ipc_{side}_options options;\ncalc_ipc_{side}_options_init(&options, sizeof options);\n{}{}",
        settings(options),
        create("&options")
    )
}

/// As [`in_c`].
fn in_cxx(
    [class, variable]: [&str; 2],
    url: &Address,
    handler: &str,
    options: &[Needed],
) -> String {
    let url = literal(url);
    if options.is_empty() {
        return format!("calc_ipc::{class} {variable}({url});");
    }
    format!(
        "calc_ipc::{class}Options options;\n{}calc_ipc::{class} {variable}({url}{handler}, options);",
        settings(options)
    )
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
