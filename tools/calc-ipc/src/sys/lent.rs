//! Messages where they lie: memory that a client of the library is lent, and requests that a server reads in place.

use calc_ipc::error::Result;
use calc_ipc::service::{Client, Handler, Limit, Place};
use std::slice;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

/// A loan, until it is dropped.
pub(crate) struct Lent {
    client: Arc<Client>,
    /// Nobody else knows it.
    place: Place,
    length: usize,
}

impl Lent {
    /// Of memory for a message of so many bytes.
    pub(crate) fn new(client: &Arc<Client>, length: usize) -> Result<Self> {
        let place = client.loan(length)?;
        Ok(Self {
            client: Arc::clone(client),
            place,
            length,
        })
    }

    /// The request.
    pub(crate) fn request(&mut self) -> &mut [u8] {
        // SAFETY: so many bytes were lent there, until `drop`, and they are zeros or what was written last. Nobody else writes to them,
        // and only a call reads them, which takes `self` for itself as this reference does.
        unsafe { slice::from_raw_parts_mut(self.place.as_ptr(), self.length) }
    }

    /// How long the request is.
    pub(crate) fn length(&self) -> usize {
        self.length
    }

    /// Sends the whole request, and gives the answer.
    pub(crate) fn call(&mut self) -> Result<&[u8]> {
        let answer = self
            .client
            .call_loaned(Limit::Usual, self.place, self.length)?;
        // SAFETY: the answer stays there until the next call or `drop`, both of which have to wait for this reference to end. The
        // server, which is this program too, writes answers during calls alone.
        Ok(unsafe { slice::from_raw_parts(answer.place.as_ptr(), answer.length) })
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        self.client.give_back(self.place);
    }
}

/// A handler that echoes the first and the last `count` bytes of a request. Between them, the answer is what was there before.
pub(crate) fn echo_of_ends(count: usize) -> Handler {
    Handler::InPlace(Box::new(move |request, room| {
        let answer = room.get_mut(..request.length)?;
        let start = 0..count.min(request.length);
        let end = request.length.saturating_sub(count)..request.length;
        for index in start.chain(end) {
            // SAFETY: the library keeps the whole request until this function returns, and the index is within it. The client may
            // write there meanwhile, which an atomic read allows.
            let byte = unsafe { AtomicU8::from_ptr(request.place.as_ptr().add(index)) };
            *answer.get_mut(index)? = byte.load(Ordering::Relaxed);
        }
        Some(request.length)
    }))
}

/// A handler that reads a request where it lies.
pub(crate) fn in_place(function: fn(&[u8], &mut [u8]) -> Option<usize>) -> Handler {
    Handler::InPlace(Box::new(move |request, room| {
        // SAFETY: the library keeps the whole request until this function returns. Its client, which is this program too, waits for the
        // answer before it writes there again.
        let request = unsafe { slice::from_raw_parts(request.place.as_ptr(), request.length) };
        function(request, room)
    }))
}
