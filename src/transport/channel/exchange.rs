//! Many frames at once.

use super::{Framed, Patient, is_gone, room};
use crate::error::Result;
use crate::transport::conversation::batch::Batch;
use crate::transport::{Deadline, Take};
use std::io::ErrorKind;
use std::time::Duration;

impl<S: Patient> Framed<S> {
    pub(super) fn exchange_all(
        &mut self,
        batch: &mut Batch<'_>,
        timeout: Option<Duration>,
        take: &mut Take<'_>,
    ) -> Result<()> {
        let mut deadline = Deadline::after(timeout);
        self.begin(&deadline)?;
        while batch.awaits_answers() {
            if !batch.sending.unsent().is_empty() {
                self.send_more(batch, &deadline)?;
            }
            let answered = batch.answered();
            while let Some(answer) = batch.next(&mut self.side) {
                let body = answer.map_err(|failure| self.error(failure))?;
                take(self.side.bytes(body));
            }
            if batch.answered() > answered {
                deadline = Deadline::after(timeout);
            }
            if batch.awaits_answers() && batch.sending.unsent().is_empty() {
                match self.side.is_cut() {
                    true => self.receive_what_was_left()?,
                    false => self.receive(&deadline)?,
                }
            }
        }
        let end = batch.finish(&mut self.side);
        end.map_err(|failure| self.error(failure))
    }

    /// The server has gone: what it answered is there already, and nothing is waited for.
    #[cold]
    fn receive_what_was_left(&mut self) -> Result<()> {
        let room = room::<S>(&mut self.side, &self.peer)?;
        match self.stream.read(room) {
            Ok(0) | Err(_) => Err(self.ended()),
            Ok(count) => {
                self.side.fill(count);
                Ok(())
            }
        }
    }

    /// Writes what there is room for; where there is none, waits for room or for answers, and takes
    /// those in.
    fn send_more(&mut self, batch: &mut Batch<'_>, deadline: &Deadline) -> Result<()> {
        match self.stream.write(batch.sending.unsent()) {
            Ok(count) => {
                batch.sending.wrote(count);
                return Ok(());
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            Err(error) if is_gone(&error) => {
                batch.sending.end();
                self.side.cut();
                return self.receive_what_was_left();
            }
            Err(error) => {
                return Err(self.failure("the requests were not sent", &error, deadline));
            }
        }
        let waited = self.stream.await_any(deadline);
        waited.map_err(|error| self.failure("the requests were not sent", &error, deadline))?;
        let room = room::<S>(&mut self.side, &self.peer)?;
        match self.stream.read(room) {
            Ok(0) => Err(self.ended()),
            Ok(count) => {
                self.side.fill(count);
                Ok(())
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(()),
            Err(error) => Err(self.failure("no answer", &error, deadline)),
        }
    }
}
