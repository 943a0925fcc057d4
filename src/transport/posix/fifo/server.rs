//! The server's side of the FIFOs.

use super::hello::{Id, PairNames, Records, hello_path};
use super::public::PublicPair;
use super::public_pair;
use crate::error::{Error, Result, Status};
use crate::protocol::frame::Notice;
use crate::sys::fifo::{self, End};
use crate::sys::file::{self, Kind};
use crate::sys::holder::{self, Use};
use crate::sys::mutex;
use crate::sys::ready::{Ready, Want};
use crate::sys::{AsSource, Handle, is_shortage, poll, process, transfer};
use crate::transport::channel::Stream;
use crate::transport::posix::claim::Claim;
use crate::transport::posix::pipe::PipePair;
use crate::transport::posix::place;
use crate::transport::reactor::{
    self, Admission, Door, DoorWatch, Limits, Listener, StreamPeer, Watched,
};
use crate::transport::{
    Credentials, Endpoint, EventLoop, Refusal, ServerOptions, Task, USUAL_CLIENTS, Visitor,
    Visitors,
};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard};

#[cfg(test)]
#[cfg(unix_sockets)]
mod tests;

/// Reads in one turn of looking for an announcement.
const READS_A_TURN: usize = 64;

/// The places of the doors.
const HELLO: usize = 0;
const PUBLIC: usize = 1;

/// What lock files call the FIFOs.
const NAME: &str = "name";
const HELLO_NAME: &str = "hello";

struct FifoEndpoint {
    /// Those of the public pair, so that no other server makes or removes its FIFOs. Dropped first, so that the names
    /// are gone before the FIFOs are closed.
    claims: [Claim; 2],
    request: PathBuf,
    hello: Handle,
    public: Arc<PublicPair>,
    announced: Mutex<Announced>,
    visitors: Visitors,
    limits: Limits,
    max_message: u32,
}

/// What was read from the hello FIFO.
struct Announced {
    records: Records,
    /// A client that announced itself when no handle was left for it.
    waiting: Option<Id>,
}

/// A server's address: the public pair `request` and `response`, and `<request>.hello`.
pub(in crate::transport) fn bind(
    request: &str,
    response: &str,
    options: &ServerOptions,
) -> Result<Box<dyn Endpoint>> {
    Ok(Box::new(bind_here(request, response, options)?))
}

fn bind_here(request: &str, response: &str, options: &ServerOptions) -> Result<FifoEndpoint> {
    if options.is_open_to_others() {
        let context = format!(
            "FIFOs cannot tell who writes, so they are for one user only, and mode {:04o} is for others too",
            options.mode
        );
        return Err(Error::new(Status::Unsupported, context));
    }
    let (request, response) = public_pair(request, response)?;
    let (mut of_request, mut of_response) = (Claim::take(&request)?, Claim::take(&response)?);
    // All three are checked before any is changed.
    let hello = hello_path(&request);
    check_left_over(&of_request, NAME, &request, End::Read)?;
    check_left_over(&of_response, NAME, &response, End::Both)?;
    check_left_over(&of_request, HELLO_NAME, &hello, End::Both)?;
    let requests = open(&mut of_request, NAME, &request, End::Read)?;
    let answers = open(&mut of_response, NAME, &response, End::Both)?;
    // Before a client can announce itself here: the sweep ends a live client.
    sweep(&request).map_err(|error| {
        let what = format!("FIFO {}: look for pairs of dead clients", request.display());
        Error::os(&what, &error)
    })?;
    let hello = open(&mut of_request, HELLO_NAME, &hello, End::Both)?;
    Ok(FifoEndpoint {
        claims: [of_request, of_response],
        request,
        hello,
        public: Arc::new(PublicPair::new(requests, answers)),
        announced: Mutex::new(Announced {
            records: Records::new(),
            waiting: None,
        }),
        visitors: Visitors::default(),
        limits: Limits::new(options, USUAL_CLIENTS),
        max_message: options.max_message,
    })
}

/// Opens the FIFO at `path`, made now or left by a dead server of this user's.
fn open(claim: &mut Claim, what: &str, path: &Path, end: End) -> Result<Handle> {
    let failure = |error: io::Error| Error::os(&format!("FIFO {}", path.display()), &error);
    if !fifo::make(path).map_err(failure)? {
        // Again, since somebody may have made it after the first check.
        check_left_over(claim, what, path, end)?;
    }
    claim.keep(what, path)?;
    file::set_mode(path, 0o600).map_err(failure)?;
    fifo::open(path, end).map_err(failure)
}

/// Fails if a process other than a dead server's children and clients may have the FIFO open.
fn check_left_over(claim: &Claim, what: &str, path: &Path, end: End) -> Result<()> {
    let failure = |error: io::Error| Error::os(&format!("look at {}", path.display()), &error);
    let Some(found) = file::about(path).map_err(failure)? else {
        return Ok(());
    };
    if found.kind != Kind::Fifo {
        return Err(place::of_another_kind("FIFO", path));
    }
    if !found.is_ours {
        return Err(place::of_another_user(path));
    }
    if claim.is_left_over(path)? {
        return Ok(());
    }
    // A process that only writes there is a client that waits for a server.
    let rival = if what == HELLO_NAME {
        Use::Reading
    } else {
        Use::Any
    };
    if let Some(process) = holder::of(found.identity, rival) {
        return Err(place::of_another_program(path, Some(process)));
    }
    // A reader of answers that /proc does not show may be a client that waits in open(2) for its server.
    let is_for_answers = end == End::Both && what == NAME;
    if !is_for_answers && holder::is_read(path).map_err(failure)? {
        return Err(place::of_another_program(path, None));
    }
    Ok(())
}

/// Removes the pairs of dead servers' clients. A client that is alive and has its pair open sees a writer of its
/// answers come and go, which tells it that its server has died. A client that was about to open its pair does not find
/// it, and makes another.
fn sweep(request: &Path) -> io::Result<()> {
    let (Some(folder), Some(name)) = (
        request.parent(),
        request.file_name().and_then(|name| name.to_str()),
    ) else {
        return Ok(());
    };
    let id_of = |entry: &str| {
        let pair = entry.strip_prefix(name)?.strip_prefix('.')?;
        let hex = pair.strip_suffix(".a").or(pair.strip_suffix(".q"))?;
        Id::from_hex(hex)
    };
    // Other failures do not matter, such as a folder that may be searched but not read.
    let unless_short = |error: io::Error| {
        if is_shortage(&error) {
            Err(error)
        } else {
            Ok(())
        }
    };
    let ids = match file::names_in(folder, id_of) {
        Ok(ids) => ids,
        Err(error) => return unless_short(error),
    };
    for id in ids {
        let names = PairNames::new(request, id);
        // Open until the names are gone, so that a process that opens it meanwhile sees a writer go as well.
        match fifo::open(&names.answers, End::Both) {
            Ok(_writer) => names.remove(),
            // Only the FIFO of the requests is left.
            Err(error) if error.kind() == ErrorKind::NotFound => names.remove(),
            Err(error) => unless_short(error)?,
        }
    }
    Ok(())
}

/// The server's ends of a client's pair. If the client dies from now on, the server reads the end of its requests.
fn open_pair(names: &PairNames) -> io::Result<PipePair> {
    let requests = fifo::open(&names.requests, End::Read)?;
    let answers = fifo::open(&names.answers, End::Both)?;
    Ok(PipePair::of_fifos(requests, answers))
}

/// `None`: no handle is left for it. What is open stays so until the client is refused: closed, it would mean the
/// server's end to the client.
fn if_enough<T>(opened: io::Result<T>) -> io::Result<Option<T>> {
    match opened {
        Err(error) if is_shortage(&error) => Ok(None),
        opened => opened.map(Some),
    }
}

impl FifoEndpoint {
    fn announced(&self) -> MutexGuard<'_, Announced> {
        mutex::lock(&self.announced)
    }

    /// The next client that announced itself.
    fn next_id(&self) -> io::Result<Option<Id>> {
        let mut announced = self.announced();
        if let Some(id) = announced.waiting.take() {
            return Ok(Some(id));
        }
        // A process that writes nonsense without a pause does not keep the thread: the FIFO stays readable.
        for _ in 0..READS_A_TURN {
            match transfer::read(self.hello.as_source(), announced.records.room()) {
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

    /// Opens the pair of the client with this id, and welcomes the client.
    fn let_in(&self, id: Id, is_full: bool) -> io::Result<Admission> {
        let names = PairNames::new(&self.request, id);
        let client = match fifo::open(&names.answers, End::Write) {
            Ok(client) => client,
            Err(error) if fifo::has_no_reader(&error) || error.kind() == ErrorKind::NotFound => {
                names.remove();
                return Ok(Admission::Left);
            }
            Err(error) => return Err(error),
        };
        let pair = if is_full {
            None
        } else {
            if_enough(open_pair(&names))?
        };
        names.remove();
        let Some(mut pair) = pair else {
            let _ = transfer::write(client.as_source(), &Notice::Refused.to_bytes());
            let why = match is_full {
                true => Refusal::Full,
                false => Refusal::Shortage,
            };
            return Ok(Admission::Refused(self.visitor(), why));
        };
        match pair.write(&Notice::Welcome.to_bytes()) {
            Ok(_) => Ok(self.peer(pair)),
            Err(_) => Ok(Admission::Left),
        }
    }

    /// The next client. Its FIFOs are this user's, who alone can open them; the kernel says nothing more of it.
    fn visitor(&self) -> Visitor {
        let user = Credentials::of_user(process::effective_uid());
        self.visitors.next(user)
    }

    /// A client that was let in.
    fn peer<S: Watched + 'static>(&self, stream: S) -> Admission {
        let visitor = self.visitor();
        Admission::Peer(Box::new(StreamPeer::new(stream, visitor, self.max_message)))
    }

    fn admit_announced(&self, is_full: bool) -> io::Result<Admission> {
        let Some(id) = self.next_id()? else {
            return Ok(Admission::Nobody);
        };
        self.let_in(id, is_full)
            .or_else(|error| self.put_off(id, error))
    }

    /// What becomes of a client that could not be let in.
    fn put_off(&self, id: Id, cause: io::Error) -> io::Result<Admission> {
        if is_shortage(&cause) {
            self.announced().waiting = Some(id);
            return Err(cause);
        }
        // Not a FIFO, not this user's, or gone: no client of this library made it so.
        let nobody = self.visitors.next(Credentials::UNKNOWN);
        Ok(Admission::Refused(nobody, Refusal::NotAllowed))
    }

    /// A client of the public pair is accepted also by a full server: there is no way to refuse it, and it is one at most.
    fn admit_public(&self) -> io::Result<Admission> {
        if self.public.discard_of_dropped() {
            return Ok(Admission::Nobody);
        }
        let state = poll::state(self.public.requests.as_source(), Want::READ)?;
        if !state.contains(Ready::READABLE) {
            return Ok(Admission::Nobody);
        }
        Ok(match self.public.take()? {
            Some(stream) => self.peer(stream),
            None => Admission::Nobody,
        })
    }
}

impl Endpoint for FifoEndpoint {
    fn name(&self) -> String {
        format!("FIFO {}", self.request.display())
    }

    fn bequeath(&self) {
        for claim in &self.claims {
            claim.bequeath();
        }
        for fd in [&self.hello, &self.public.requests, &self.public.answers] {
            fd.bequeath();
        }
    }

    fn adopt(&self) -> Result<()> {
        self.claims.iter().try_for_each(Claim::check_user)?;
        self.claims.iter().try_for_each(Claim::adopt)?;
        for fd in [&self.hello, &self.public.requests, &self.public.answers] {
            fd.own();
        }
        Ok(())
    }

    fn serve(&self, task: &Task<'_>) -> Result<()> {
        reactor::serve(self, &self.limits, task)
    }

    fn event_loop(&self) -> Option<EventLoop<'_>> {
        Some(EventLoop::new(self, &self.limits))
    }
}

impl Listener for FifoEndpoint {
    fn doors(&self) -> Vec<Door<'_>> {
        vec![
            Door {
                source: self.hello.as_source(),
                watch: DoorWatch::ByAll,
            },
            Door {
                source: self.public.requests.as_source(),
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
    /// Both names are freed, or neither: who adopts begins with the first, too.
    fn drop(&mut self) {
        let [first, second] = &mut self.claims;
        if !first.is_held() {
            second.leave();
        }
    }
}
