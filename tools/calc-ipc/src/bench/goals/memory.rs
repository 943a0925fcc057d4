//! What a client costs that is connected and does not ask: memory of both processes, and descriptors.

use super::super::descriptors::allow_descriptors;
use super::super::goal::{Finding, Limit, Unit};
use super::super::pair::{Job, Pair};
use super::super::program::Process;
use super::super::report::{Placement, Transport, Waiting};
use super::super::session::Session;
use super::super::spec::{self, Setup, Spec};
use super::super::trouble::Trouble;
use std::fs;

/// So many are there, beside a server with just one.
const CLIENTS: u32 = 1000;
const DESCRIPTORS: u64 = 4096;
const TRANSPORTS: [Transport; 2] = [Transport::Shm, Transport::Unix];

/// What is counted, in the order of the rows.
const ROWS: [(&str, Unit); 4] = [
    ("memory of the server", Unit::Bytes),
    ("memory of the client", Unit::Bytes),
    ("shared memory", Unit::Bytes),
    ("descriptors of the server", Unit::Count),
];

pub(super) fn measure(session: &mut Session) -> Result<Vec<Finding>, Trouble> {
    session.progress.say("memory");
    let allowed = session.forgive("memory", allow_descriptors(DESCRIPTORS))?;
    let mut findings = Vec::new();
    for transport in TRANSPORTS {
        let spec = spec::ours(transport, Waiting::Adaptive);
        let each = match allowed {
            Some(()) => {
                let each = each(session, &spec);
                session.forgive(&spec.contestant.name, each)?.flatten()
            }
            None => None,
        };
        for (index, (what, unit)) in ROWS.into_iter().enumerate() {
            let name = spec::text(transport);
            findings.push(Finding {
                what: format!("{name}, {CLIENTS} clients, {what}, of each"),
                unit,
                limit: Limit::Open,
                value: each.and_then(|each| each.get(index).copied()),
            });
        }
    }
    Ok(findings)
}

/// What one more client costs.
fn each(session: &mut Session, spec: &Spec) -> Result<Option<[f64; ROWS.len()]>, Trouble> {
    let one = costs(session, spec, 1)?;
    let all = costs(session, spec, CLIENTS)?;
    Ok(one.zip(all).map(|(one, all)| {
        let mut each = all;
        for (each, one) in each.iter_mut().zip(one) {
            *each = (*each - one) / f64::from(CLIENTS - 1);
        }
        each
    }))
}

/// What a server and its clients have; `None` where the kernel does not say.
fn costs(
    session: &mut Session,
    spec: &Spec,
    clients: u32,
) -> Result<Option<[f64; ROWS.len()]>, Trouble> {
    let seats = session.processors.seats(Placement::Anywhere);
    let seats = seats.ok_or_else(|| Trouble::Unable("there is no processor".to_owned()))?;
    let setup = Setup {
        connected: CLIENTS,
        ..Setup::default()
    };
    // Both servers let in as many.
    let spec = match clients {
        1 => spec.clone(),
        _ => spec.clone().set_up("connected", setup),
    };
    let job = Job { size: 0, clients };
    let pair = Pair::start(session, &spec, &seats, job)?;
    let [Some(client), Some(server)] = pair.processes() else {
        return Ok(None);
    };
    let [of_client, of_server] = [client, server].map(Memory::of);
    Ok(of_client
        .zip(of_server)
        .zip(descriptors(server))
        .map(|((client, server), descriptors)| {
            let shared = client.shared + server.shared;
            [server.own, client.own, shared, descriptors]
        }))
}

/// Bytes that are there, a page that several processes have being divided among them.
struct Memory {
    own: f64,
    shared: f64,
}

impl Memory {
    fn of(process: Process) -> Option<Self> {
        let text = fs::read_to_string(format!("/proc/{process}/smaps_rollup")).ok()?;
        Self::parse(&text)
    }

    /// Out of what proc_pid_smaps(5) shows.
    fn parse(text: &str) -> Option<Self> {
        let field = |name: &str| {
            let line = text.lines().find_map(|line| line.strip_prefix(name))?;
            let kilobytes: f64 = line.split_ascii_whitespace().next()?.parse().ok()?;
            Some(kilobytes * 1024.0)
        };
        Some(Self {
            own: field("Pss_Anon:")?,
            shared: field("Pss_Shmem:")?,
        })
    }
}

fn descriptors(process: Process) -> Option<f64> {
    let count = fs::read_dir(format!("/proc/{process}/fd")).ok()?.count();
    Some(f64::from(u32::try_from(count).ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use nix::unistd::Pid;

    #[test]
    fn this_process_has_memory_and_descriptors() {
        assert!(Memory::of(Pid::this()).unwrap().own > 0.0);
        assert!(descriptors(Pid::this()).unwrap() >= 3.0);
    }

    #[test]
    fn memory_is_own_or_shared() {
        let text = "Pss:  9 kB\nPss_Anon:     4 kB\nPss_File:  3 kB\nPss_Shmem:    2 kB\n";
        let memory = Memory::parse(text).unwrap();
        assert_eq!((memory.own, memory.shared), (4096.0, 2048.0));
        assert!(Memory::parse("Rss: 1 kB\n").is_none());
    }
}
