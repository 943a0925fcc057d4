//! The place at which clients meet a server of shared memory, and what it shares with each.

use super::{Shared, SharedPeer};
use crate::error::{Error, Result};
use crate::sys::memory::{self, Access, Mapping};
use crate::sys::wait::processors;
use crate::sys::{AsSource, Handle, Source, socket};
use crate::transport::reactor::{self, Admission, Door, DoorWatch, Limits, Listener, Sleepers};
use crate::transport::shm::header::Header;
use crate::transport::shm::layout::{self, DEFERS, FOLLOWS, PAGE, ROTATES, Record, USUAL};
use crate::transport::socket::{Accepted, Listening};
use crate::transport::{
    Endpoint, EventLoop, Refusal, ServerOptions, Task, USUAL_CLIENTS_OF_MEMORY, Visitors,
};
use std::io::{self, ErrorKind};
use std::sync::atomic::{AtomicU32, Ordering};

struct SharedEndpoint {
    place: Box<dyn Listening>,
    /// The page that all clients read, and the handle by which they map it.
    header: Header<Mapping>,
    header_handle: Handle,
    /// How many clients there have been.
    serial: AtomicU32,
    visitors: Visitors,
    limits: Limits,
    max_message: u32,
    in_place: bool,
    /// What all clients read, but for [`DEFERS`].
    abilities: u32,
}

/// A server whose clients come to this place.
pub(in crate::transport::shm) fn bind(
    place: Box<dyn Listening>,
    options: &ServerOptions,
) -> Result<Box<dyn Endpoint>> {
    Ok(Box::new(SharedEndpoint::at(place, options)?))
}

impl Endpoint for SharedEndpoint {
    fn name(&self) -> String {
        self.place.name()
    }

    fn bequeath(&self) {
        self.place.bequeath();
        self.header_handle.bequeath();
    }

    fn adopt(&self) -> Result<()> {
        self.header_handle.own();
        self.place.adopt()
    }

    fn serve(&self, task: &Task<'_>) -> Result<()> {
        self.header.reset();
        reactor::serve(self, &self.limits, task)
    }

    fn event_loop(&self) -> Option<EventLoop<'_>> {
        Some(EventLoop::new(self, &self.limits))
    }
}

impl Listener for SharedEndpoint {
    fn doors(&self) -> Vec<Door<'_>> {
        vec![Door {
            source: self.place.as_source(),
            watch: DoorWatch::ByAll,
        }]
    }

    fn admit(&self, _door: usize, is_full: bool) -> io::Result<Admission> {
        let (control, credentials) = match self.place.accept()? {
            Accepted::Nobody => return Ok(Admission::Nobody),
            Accepted::Vanished => return Ok(Admission::Vanished),
            Accepted::NotAllowed(who) => {
                let visitor = self.visitors.next(who);
                return Ok(Admission::Refused(visitor, Refusal::NotAllowed));
            }
            Accepted::Client(control, credentials) => (control, credentials),
        };
        let visitor = self.visitors.next(credentials);
        let why = match is_full {
            true => Refusal::Full,
            false => match self.share_with(control.as_source()) {
                Ok(shared) => {
                    let peer = SharedPeer::new(control, shared, visitor, self.max_message);
                    let peer = peer.read_in_place(self.in_place);
                    let peer = peer.following(self.abilities & FOLLOWS != 0);
                    return Ok(Admission::Peer(Box::new(peer)));
                }
                Err(error) if has_vanished(&error) => return Ok(Admission::Vanished),
                Err(_) => Refusal::Shortage,
            },
        };
        // The server is full, or has no handles or memory left. The socket's buffer is empty, so that sending cannot block.
        let _ = socket::send_with_handles(control.as_source(), &Record::Refused.to_bytes(), &[]);
        Ok(Admission::Refused(visitor, why))
    }

    fn defers(&self) {
        self.header.set_abilities(self.abilities | DEFERS);
    }

    fn sleepers(&self) -> Option<&dyn Sleepers> {
        Some(&self.header)
    }
}

/// Whether sharing failed since nobody is there any more.
fn has_vanished(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::BrokenPipe | ErrorKind::ConnectionReset
    )
}

/// What a server with these options can do. One that reads requests where they lie copies none, and one that never spins waits
/// for no part of any.
fn abilities(options: &ServerOptions) -> u32 {
    let follows = match options.in_place || options.spin.is_zero() || processors() == 1 {
        true => 0,
        false => FOLLOWS,
    };
    let rotates = if memory::populates() { ROTATES } else { 0 };
    USUAL | follows | rotates
}

impl SharedEndpoint {
    fn at(place: Box<dyn Listening>, options: &ServerOptions) -> Result<Self> {
        let (handle, page) = memory::create(PAGE, Access::Read)
            .map_err(|error| Error::os(&format!("{}: create its memory", place.name()), &error))?;
        let header = Header(page);
        let abilities = abilities(options);
        header.set_abilities(abilities);
        Ok(Self {
            place,
            header,
            header_handle: handle,
            serial: AtomicU32::new(0),
            visitors: Visitors::default(),
            limits: Limits::new(options, USUAL_CLIENTS_OF_MEMORY),
            max_message: options.max_message,
            in_place: options.in_place,
            abilities,
        })
    }

    /// Makes a client's page and its bell, and hands them over.
    fn share_with(&self, control: Source<'_>) -> io::Result<Shared> {
        let offset = layout::request_offset(self.serial.fetch_add(1, Ordering::Relaxed));
        Shared::hand_over(
            control,
            self.header_handle.as_source(),
            offset,
            self.max_message,
        )
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

    use super::*;
    use crate::sys::Bell;

    /// A place to which nobody comes.
    struct Nowhere(Bell);

    impl AsSource for Nowhere {
        fn as_source(&self) -> Source<'_> {
            self.0.as_source()
        }
    }

    impl Listening for Nowhere {
        fn name(&self) -> String {
            "nowhere".to_owned()
        }

        fn bequeath(&self) {}

        fn adopt(&self) -> Result<()> {
            Ok(())
        }

        fn accept(&self) -> io::Result<Accepted> {
            Ok(Accepted::Nobody)
        }
    }

    #[test]
    fn all_clients_read_whether_answers_may_come_later() {
        let place = Box::new(Nowhere(Bell::new().unwrap()));
        let endpoint = SharedEndpoint::at(place, &ServerOptions::default()).unwrap();
        let can = |ability| endpoint.header.has_ability(ability);
        assert!(can(USUAL) && !can(DEFERS));
        endpoint.defers();
        assert!(can(USUAL) && can(DEFERS));
    }
}
