//! Echoes over this library: how their messages go, and what is touched of them.

use super::body::{Bodies, STAMP, fill, is_filled, is_marked, mark, wrong};
use super::deferred;
use super::ours::failure;
use crate::cli::{Answering, ContestantManner, Passing, Touching};
use crate::exit::Failure;
use crate::sys::{Lent, echo_of_ends};
use calc_ipc::service::{Client, Handler};
use std::sync::Arc;

/// What a server answers by.
pub(super) fn handler(manner: ContestantManner) -> Result<Handler, Failure> {
    let handler = match manner.answering {
        Answering::InHandler if is_in_place(manner) => echo_of_ends(STAMP),
        Answering::InHandler => Handler::bytes(|request, answer| {
            answer.get_mut(..request.len())?.copy_from_slice(request);
            Some(request.len())
        }),
        Answering::Deferred => deferred::at_once(),
        Answering::Elsewhere => deferred::elsewhere()?,
        Answering::Never => deferred::never(),
    };
    Ok(handler)
}

/// Whether a server reads requests where they lie: then nobody walks through a message of which the ends alone count.
pub(super) fn is_in_place(manner: ContestantManner) -> bool {
    (manner.passing, manner.touching) == (Passing::ByLoan, Touching::Ends)
}

/// A client's message.
pub(super) struct Echo {
    message: Message,
    touching: Touching,
}

enum Message {
    Copied(Bodies),
    Lent(Lent),
}

impl Echo {
    /// One of so many bytes.
    pub(super) fn new(
        client: &Arc<Client>,
        size: usize,
        manner: ContestantManner,
    ) -> Result<Self, Failure> {
        let message = match manner.passing {
            Passing::ByCall => Message::Copied(Bodies::new(size)),
            Passing::ByLoan => Message::Lent(Lent::new(client, size).map_err(|e| failure(&e))?),
        };
        Ok(Self {
            message,
            touching: manner.touching,
        })
    }

    pub(super) fn round_trip(&mut self, client: &Client, number: u64) -> Result<(), Failure> {
        let (size, answer) = match &mut self.message {
            Message::Copied(Bodies { request, answer }) => {
                write(self.touching, request, number);
                let answered = client.call_bytes(request, answer);
                let length = answered.map_err(|e| failure(&e))?;
                (request.len(), answer.get(..length).unwrap_or_default())
            }
            Message::Lent(lent) => {
                let request = lent.request();
                write(self.touching, request, number);
                let size = request.len();
                (size, lent.call().map_err(|e| failure(&e))?)
            }
        };
        let is_right = answer.len() == size && is_written(self.touching, answer, number);
        is_right.then_some(()).ok_or_else(wrong)
    }
}

fn write(touching: Touching, request: &mut [u8], number: u64) {
    match touching {
        Touching::Ends => mark(request, number),
        Touching::Whole => fill(request, number),
    }
}

fn is_written(touching: Touching, answer: &[u8], number: u64) -> bool {
    match touching {
        Touching::Ends => is_marked(answer, number),
        Touching::Whole => is_filled(answer, number),
    }
}
