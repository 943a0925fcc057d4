//! Echoes over this library: how their messages go, and what is touched of them.

use super::body::{Bodies, is_filled, wrong};
use super::deferred;
use super::filled::{STAMP, fill, is_marked, mark, sum, sum_of};
use super::ours::failure;
use crate::cli::{Answering, ContestantManner, Passing, Touching};
use crate::exit::Failure;
use crate::sys::{Lent, echo_of_ends, in_place};
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
        Answering::Sum => Handler::bytes(answer_sum),
        Answering::SumInPlace => in_place(answer_sum),
    };
    Ok(handler)
}

/// Whether a server reads requests where they lie: then nobody walks through a message of which the ends alone count.
pub(super) fn is_in_place(manner: ContestantManner) -> bool {
    match manner.answering {
        Answering::Sum => false,
        Answering::SumInPlace => true,
        _ => (manner.passing, manner.touching) == (Passing::ByLoan, Touching::Ends),
    }
}

/// Reads all of a frame.
fn answer_sum(frame: &[u8], answer: &mut [u8]) -> Option<usize> {
    *answer.first_chunk_mut()? = sum(frame).to_ne_bytes();
    Some(STAMP)
}

/// A client's message.
pub(super) struct Echo {
    message: Message,
    manner: ContestantManner,
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
        Ok(Self { message, manner })
    }

    /// Whether one of so many bytes and this manner would be the same.
    pub(super) fn is_like(&self, size: usize, manner: ContestantManner) -> bool {
        let length = match &self.message {
            Message::Copied(bodies) => bodies.request.len(),
            Message::Lent(lent) => lent.length(),
        };
        length == size && self.manner == manner
    }

    pub(super) fn round_trip(&mut self, client: &Client, number: u64) -> Result<(), Failure> {
        let (size, answer) = match &mut self.message {
            Message::Copied(Bodies { request, answer }) => {
                write(self.manner, request, number);
                let answered = client.call_bytes(request, answer);
                let length = answered.map_err(|e| failure(&e))?;
                (request.len(), answer.get(..length).unwrap_or_default())
            }
            Message::Lent(lent) => {
                let request = lent.request();
                write(self.manner, request, number);
                let size = request.len();
                (size, lent.call().map_err(|e| failure(&e))?)
            }
        };
        is_right(self.manner, answer, size, number)
            .then_some(())
            .ok_or_else(wrong)
    }
}

/// Whether the server answers with the sum of what comes.
fn is_summed(manner: ContestantManner) -> bool {
    matches!(manner.answering, Answering::Sum | Answering::SumInPlace)
}

fn write(manner: ContestantManner, request: &mut [u8], number: u64) {
    match manner.touching {
        Touching::Ends if !is_summed(manner) => mark(request, number),
        _ => fill(request, number),
    }
}

fn is_right(manner: ContestantManner, answer: &[u8], size: usize, number: u64) -> bool {
    match manner.touching {
        _ if is_summed(manner) => answer == sum_of(number, size).to_ne_bytes(),
        Touching::Ends => answer.len() == size && is_marked(answer, number),
        Touching::Whole => answer.len() == size && is_filled(answer, number),
    }
}
