//! The server's side of the FIFOs.

use super::hello::{Id, PairNames, Records, hello_path};
use super::public::PublicPair;
use super::public_pair;
use crate::error::{Error, Result, Status};
use crate::protocol::frame::Notice;
use crate::sys::unix::fd::{self, Fd};
use crate::sys::unix::file::{self, End, Identity, Kind};
use crate::sys::unix::poll::{self, PollFlags};
use crate::transport::claim::{Claim, check_still_there, foreign};
use crate::transport::framed::Stream;
use crate::transport::pipe::PipePair;
use crate::transport::reactor::{self, Admission, Door, DoorWatch, Limits, Listener, StreamPeer};
use crate::transport::{Endpoint, ServerOptions, Task};
use std::io::{self, ErrorKind};
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

const MAX_CLIENTS: u32 = 1024;

/// Reads in one turn of looking for an announcement.
const READS_A_TURN: usize = 64;

/// The places of the doors.
const HELLO: usize = 0;
const PUBLIC: usize = 1;

struct FifoEndpoint {
    request: PathBuf,
    hello: Fd,
    public: Arc<PublicPair>,
    announced: Mutex<Announced>,
    limits: Limits,
    max_message: u32,
    /// What this server made or took over, in the order of its making.
    names: Vec<(PathBuf, Identity)>,
    /// Of the public pair, so that no other server makes or removes either.
    claims: [Claim; 2],
}

/// What came by the FIFO of announcements.
struct Announced {
    records: Records,
    /// A client that announced itself when there was no descriptor left for it.
    waiting: Option<Id>,
}

/// A server's address: the public pair `request` and `response`, and `<request>.hello`.
pub fn bind(request: &str, response: &str, options: &ServerOptions) -> Result<Box<dyn Endpoint>> {
    options.validate()?;
    if options.is_open_to_others() {
        let context = "FIFOs cannot tell who writes, so only mode 0600 and narrower is offered";
        return Err(Error::new(Status::Unsupported, context));
    }
    let (request, response) = public_pair(request, response)?;
    let claims = [Claim::take(&request)?, Claim::take(&response)?];
    let mut names = Names(Vec::new());
    let requests = names.open(&request, End::Read)?;
    let answers = names.open(&response, End::Both)?;
    // Before anybody can announce itself here: looking at a live client ends it.
    sweep(&request);
    let hello = names.open(&hello_path(&request), End::Both)?;
    Ok(Box::new(FifoEndpoint {
        request,
        hello,
        public: Arc::new(PublicPair::new(requests, answers)),
        announced: Mutex::new(Announced {
            records: Records::new(),
            waiting: None,
        }),
        limits: Limits::new(options, MAX_CLIENTS),
        max_message: options.max_message,
        names: std::mem::take(&mut names.0),
        claims,
    }))
}

/// Names made so far, removed again unless bind succeeds.
struct Names(Vec<(PathBuf, Identity)>);

impl Names {
    /// Opens the FIFO at `path`, made now or left by a dead server of this user's.
    fn open(&mut self, path: &Path, end: End) -> Result<Fd> {
        let failure = |error: io::Error| Error::os(&format!("FIFO {}", path.display()), &error);
        if !file::make_fifo(path).map_err(failure)? {
            check_left_over(path)?;
        }
        let named = file::about(path).map_err(failure)?;
        let named = named.ok_or_else(|| failure(ErrorKind::NotFound.into()))?;
        // Noted first, so that it is removed again whatever fails from here on.
        self.0.push((path.to_owned(), named.identity));
        file::set_mode(path, 0o600).map_err(failure)?;
        Ok(Fd::inherited(file::open_fifo(path, end).map_err(failure)?))
    }
}

impl Drop for Names {
    fn drop(&mut self) {
        for (path, identity) in &self.0 {
            let _ = file::remove_if(path, *identity);
        }
    }
}

fn check_left_over(path: &Path) -> Result<()> {
    let failure = |error: io::Error| Error::os(&format!("look at {}", path.display()), &error);
    match file::about(path).map_err(failure)? {
        Some(found) if found.kind != Kind::Fifo => Err(foreign(path, "is no FIFO")),
        Some(found) if !found.is_ours => Err(Error::new(
            Status::PermissionDenied,
            format!("{} belongs to another user", path.display()),
        )),
        _ => Ok(()),
    }
}

/// Removes the pairs of dead clients of dead servers. One that still lives sees a writer of its answers
/// come and go, and so that its server has gone, even if it never noticed that before this one came.
fn sweep(request: &Path) {
    let (Some(folder), Some(name)) = (
        request.parent(),
        request.file_name().and_then(|name| name.to_str()),
    ) else {
        return;
    };
    let Ok(entries) = std::fs::read_dir(folder) else {
        return;
    };
    for entry in entries.flatten() {
        let id = entry.file_name().to_str().and_then(|entry| {
            let hex = entry
                .strip_prefix(name)?
                .strip_prefix('.')?
                .strip_suffix(".a")?;
            Id::from_hex(hex)
        });
        if let Some(id) = id {
            let names = PairNames::new(request, id);
            if file::open_fifo(&names.answers, End::Write)
                .is_err_and(|error| file::has_no_reader(&error))
            {
                names.remove();
            }
        }
    }
}

/// The server's ends of a client's pair; should the client die from here on, its requests end.
fn open_pair(names: &PairNames) -> io::Result<PipePair> {
    let requests = Fd::new(file::open_fifo(&names.requests, End::Read)?);
    let answers = Fd::new(file::open_fifo(&names.answers, End::Both)?);
    Ok(PipePair::of_fifos(requests, answers))
}

impl FifoEndpoint {
    fn announced(&self) -> MutexGuard<'_, Announced> {
        self.announced
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// The next client that announced itself.
    fn next_id(&self) -> io::Result<Option<Id>> {
        let mut announced = self.announced();
        if let Some(id) = announced.waiting.take() {
            return Ok(Some(id));
        }
        // Whoever writes nonsense without a pause does not keep the thread: the FIFO stays readable.
        for _ in 0..READS_A_TURN {
            match fd::read(self.hello.as_fd(), announced.records.room()) {
                Ok(count) => {
                    if let Some(id) = announced.records.fill(count) {
                        return Ok(Some(id));
                    }
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(None),
                Err(error) => return Err(error),
            }
        }
        Ok(None)
    }

    /// Opens the pair of the client with this id, and says so to it.
    fn let_in(&self, id: Id, is_full: bool) -> io::Result<Admission> {
        let names = PairNames::new(&self.request, id);
        let client = match file::open_fifo(&names.answers, End::Write) {
            Ok(client) => client,
            Err(error) if file::has_no_reader(&error) || error.kind() == ErrorKind::NotFound => {
                names.remove();
                return Ok(Admission::Left);
            }
            Err(error) => return Err(error),
        };
        let pair = if is_full {
            None
        } else {
            match open_pair(&names) {
                // Closing the one that is open would be the end to the client: it is refused here.
                Err(error) if fd::is_shortage(&error) => None,
                pair => Some(pair?),
            }
        };
        names.remove();
        let Some(mut pair) = pair else {
            let _ = fd::write(client.as_fd(), &Notice::Refused.to_bytes());
            return Ok(Admission::TurnedAway);
        };
        match pair.write(&Notice::Welcome.to_bytes()) {
            Ok(_) => Ok(Admission::Peer(Box::new(StreamPeer::new(
                pair,
                self.max_message,
            )))),
            Err(_) => Ok(Admission::Left),
        }
    }

    fn admit_announced(&self, is_full: bool) -> io::Result<Admission> {
        let Some(id) = self.next_id()? else {
            return Ok(Admission::Nobody);
        };
        match self.let_in(id, is_full) {
            Err(error) if fd::is_shortage(&error) => {
                self.announced().waiting = Some(id);
                Err(error)
            }
            // Not a FIFO, not this user's, or gone: no client of this library made it so.
            Err(_) => Ok(Admission::TurnedAway),
            admission => admission,
        }
    }

    /// The public pair has no way to refuse, and one client of it more or less is no burden.
    fn admit_public(&self) -> io::Result<Admission> {
        if self.public.is_deaf() {
            return Ok(Admission::Nobody);
        }
        let state = poll::state(self.public.requests.as_fd(), PollFlags::POLLIN)?;
        if !state.contains(PollFlags::POLLIN) {
            return Ok(Admission::Nobody);
        }
        Ok(match self.public.take()? {
            Some(stream) => Admission::Peer(Box::new(StreamPeer::new(stream, self.max_message))),
            None => Admission::Nobody,
        })
    }
}

impl Endpoint for FifoEndpoint {
    fn adopt(&self) -> Result<()> {
        for claim in &self.claims {
            claim.adopt()?;
        }
        for (path, identity) in &self.names {
            check_still_there(path, *identity)?;
        }
        for fd in [&self.hello, &self.public.requests, &self.public.answers] {
            fd.own();
        }
        Ok(())
    }

    fn serve(&self, task: &Task<'_>) -> Result<()> {
        reactor::serve(self, &self.limits, task)
    }
}

impl Listener for FifoEndpoint {
    fn doors(&self) -> Vec<Door<'_>> {
        vec![
            Door {
                fd: self.hello.as_fd(),
                watch: DoorWatch::ByAll,
            },
            Door {
                fd: self.public.requests.as_fd(),
                watch: DoorWatch::ByFirst,
            },
        ]
    }

    fn admit(&self, door: usize, is_full: bool) -> io::Result<Admission> {
        debug_assert!(door == HELLO || door == PUBLIC);
        match door {
            PUBLIC => self.admit_public(),
            _ => self.admit_announced(is_full),
        }
    }
}

impl Drop for FifoEndpoint {
    fn drop(&mut self) {
        if self.claims.iter().all(Claim::is_held) {
            drop(Names(std::mem::take(&mut self.names)));
        }
    }
}
