//! Words on the command line, lines on stdin, binary results on stdout.

use crate::alive::{Alive, Watch};
use crate::asker::{Asker, Passing};
use crate::server::{self, Server};
use crate::{Mode, Result, Skip, service};
use std::io::{Read, Write, stdin, stdout};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

/// The version of the library that is linked.
fn version() -> &'static str {
    let packages = include_str!("../Cargo.lock");
    let rest = packages.split("name = \"iceoryx2\"\nversion = \"").nth(1);
    rest.and_then(|rest| rest.split('"').next()).unwrap_or("?")
}

/// What `main` does.
#[must_use]
pub fn contend(mode: Mode) -> ExitCode {
    match obey(mode) {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("{why}");
            ExitCode::from(if why.is::<Skip>() { 77 } else { 1 })
        }
    }
}

fn obey(mode: Mode) -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments[..] {
        ["describe"] => describe(mode),
        ["server", address] => serve(mode, address),
        ["client", address] => client(mode, address, 1),
        ["client", address, clients] => client(mode, address, clients.parse()?),
        _ => Err("usage: describe | server ADDRESS | client ADDRESS [N]".into()),
    }
}

fn describe(mode: Mode) -> Result<()> {
    let version = version();
    let (how, waiting) = match mode.sleeps {
        false => ("polling", "spinning"),
        true => ("event", "blocking"),
    };
    let what = match mode.depth {
        1 => "request-response",
        _ => "pending responses",
    };
    // With many under way at once, frames would be no other.
    let frames = match mode.depth {
        1 => r#","frames":["copied","lent"]"#,
        _ => "",
    };
    say(&format!(
        r#"{{"name":"iceoryx2 {version} {what} ({how})","family":"rival","transport":"shm","waiting":"{waiting}"{frames}}}"#
    ))
}

fn say(line: &str) -> Result<()> {
    writeln!(stdout(), "{line}")?;
    Ok(stdout().flush()?)
}

fn serve(mode: Mode, address: &str) -> Result<()> {
    let _alive = Alive::new(address)?;
    let mut server = Server::new(mode, address)?;
    say("ready")?;
    let stop = Arc::new(AtomicBool::new(false));
    let (stopping, at) = (stop.clone(), address.to_owned());
    let ending = thread::spawn(move || -> Result<()> {
        let end = std::io::copy(&mut stdin(), &mut std::io::sink());
        stopping.store(true, SeqCst);
        server::wake(mode, &at)?;
        end?;
        Ok(())
    });
    server.serve(&stop)?;
    ending.join().map_err(|_| "a thread has panicked")??;
    drop(server);
    service::clean_up(address)
}

#[derive(Clone, Copy)]
enum Command {
    Calls(usize, usize, usize),
    Until(Instant, usize),
    Frames(Passing, usize, usize, Duration),
}

/// A connection, in a thread of its own, since the library's fast ports cannot be sent to another one.
struct Worker {
    commands: Sender<Command>,
    results: Receiver<Result<Vec<u8>>>,
}

impl Worker {
    fn start(mode: Mode, address: &str) -> Result<Self> {
        let (commands, to_obey) = channel();
        let (to_say, results) = channel();
        let address = address.to_owned();
        thread::spawn(move || {
            if let Err(why) = work(mode, &address, &to_obey, &to_say) {
                let _ = to_say.send(Err(why));
            }
        });
        let worker = Self { commands, results };
        worker.result()?;
        Ok(worker)
    }

    fn obey(&self, command: Command) -> Result<Vec<u8>> {
        self.commands.send(command)?;
        self.result()
    }

    fn result(&self) -> Result<Vec<u8>> {
        self.results.recv()?
    }
}

fn work(
    mode: Mode,
    address: &str,
    commands: &Receiver<Command>,
    results: &Sender<Result<Vec<u8>>>,
) -> Result<()> {
    let mut asker = Asker::new(mode, address)?;
    results.send(Ok(Vec::new()))?;
    for command in commands {
        results.send(Ok(match command {
            Command::Calls(count, size, batch) => bytes(&asker.calls(count, size, batch)?),
            Command::Frames(passing, count, size, period) => {
                bytes(&asker.frames(passing, count, size, period)?)
            }
            Command::Until(end, size) => asker.until(end, size)?.to_ne_bytes().to_vec(),
        }))?;
    }
    Ok(())
}

fn bytes(times: &[u32]) -> Vec<u8> {
    times.iter().flat_map(|time| time.to_ne_bytes()).collect()
}

fn client(mode: Mode, address: &str, clients: usize) -> Result<()> {
    if clients > mode.clients {
        return Err(Skip("one server has fewer clients").into());
    }
    let watch = Watch::start(address)?;
    let workers: Vec<Worker> = (0..clients)
        .map(|_| Worker::start(mode, address))
        .collect::<Result<_>>()?;
    say("ready 0")?;
    for line in stdin().lines() {
        let result = watch.asking(|| execute(mode, &line?, &workers))?;
        stdout().write_all(&result)?;
        stdout().flush()?;
    }
    Ok(())
}

fn first(workers: &[Worker]) -> Result<&Worker> {
    let worker = workers.first();
    worker.ok_or_else(|| "the number of clients must be positive".into())
}

fn execute(mode: Mode, line: &str, workers: &[Worker]) -> Result<Vec<u8>> {
    let words: Vec<&str> = line.split_whitespace().collect();
    match words[..] {
        ["calls", count, size, batch] => {
            let batch = batch.parse()?;
            if !(1..=mode.depth).contains(&batch) {
                return Err(Skip("it has fewer requests under way at a time").into());
            }
            let command = Command::Calls(count.parse()?, size.parse()?, batch);
            first(workers)?.obey(command)
        }
        [
            order @ ("frames-copied" | "frames-lent"),
            count,
            size,
            micros,
        ] => {
            let passing = match order {
                "frames-copied" => Passing::Copied,
                _ => Passing::Lent,
            };
            let period = Duration::from_micros(micros.parse()?);
            let command = Command::Frames(passing, count.parse()?, size.parse()?, period);
            first(workers)?.obey(command)
        }
        ["during", time, size] => {
            let end = Instant::now() + Duration::from_millis(time.parse()?);
            let command = Command::Until(end, size.parse()?);
            workers
                .iter()
                .try_for_each(|worker| worker.commands.send(command))?;
            let mut sum = 0;
            for worker in workers {
                let mut answered = [0; size_of::<u64>()];
                worker.result()?.as_slice().read_exact(&mut answered)?;
                sum += u64::from_ne_bytes(answered);
            }
            Ok(sum.to_ne_bytes().to_vec())
        }
        _ => Err(format!("not understood: {line}").into()),
    }
}
