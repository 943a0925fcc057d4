//! Batches: requests that go over one lane in order, and are awaited together.
//!
//! As many as fit are submitted at once; the next one waits in line as any other call does. The lane's task reads the answers,
//! and wakes who asks once there is something to do.

use super::{Asked, Calls, Collect, Lane, Placed, Reply, expired};
use crate::pool::body;
use calc_ipc::calculator::Request;
use calc_ipc::calculator::frames::{REQUEST_MAX, append_request};
use calc_ipc::error::{Error, Result};
use calc_ipc::protocol::frame::PREFIX;
use calc_ipc::service::IN_FLIGHT_MAX;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::{iter, mem};
use tokio::sync::Notify;
use tokio::time::{Instant, timeout_at};

impl Lane {
    /// What `read` makes of the answers to `requests`, up to the first that fails, and why that did. All of them are due at one
    /// time. Dropping this calls off those that were not sent.
    pub async fn ask_all<T: Send + 'static>(
        self: &Arc<Self>,
        requests: &[Request],
        due: Instant,
        read: fn(&[u8]) -> Result<T>,
    ) -> (Vec<T>, Result<()>) {
        let mut batch = Batch {
            lane: self,
            requests,
            due,
            answers: Arc::new(Answers::to(requests.len(), read)),
            asked: 0,
            in_line: Vec::new(),
        };
        loop {
            batch.ask().await;
            batch.wait().await;
            if let Some(end) = batch.answers.end() {
                return end;
            }
        }
    }

    /// Submits as many of these requests as the connection carries, up to one that fails, and gives how many. What waits in line
    /// goes before them.
    fn submit_all(
        &self,
        requests: &[Request],
        due: Instant,
        reply: impl Fn(usize) -> Reply,
    ) -> usize {
        let left = due.saturating_duration_since(Instant::now());
        let mut frame = Vec::with_capacity(REQUEST_MAX);
        let mut calls = self.lock();
        if !calls.waiting.is_empty() {
            return 0;
        }
        for (place, request) in requests.iter().enumerate() {
            frame.clear();
            append_request(&mut frame, request);
            let body = frame.get(PREFIX..).unwrap_or_default();
            let tag = calls.next_tag();
            match self.submit_body(&mut calls, tag, left, body, reply(place)) {
                Ok(true) => {}
                Ok(false) => return place + 1,
                Err(_) => return place,
            }
        }
        requests.len()
    }

    /// Takes those of these calls that wait out of the line, and gives where their answers were to go.
    fn withdraw_all(&self, calls: &mut Calls, tags: &[u64]) -> Vec<Reply> {
        let withdrawn = tags.iter().filter_map(|tag| calls.waiting.remove(tag));
        let replies = withdrawn.map(|waiting| waiting.asked.reply).collect();
        self.count(calls);
        replies
    }

    /// Nobody awaits the answers to this batch any more, of which these calls waited in line.
    fn abandon_all(&self, batch: &Arc<dyn Collect>, in_line: &[u64]) {
        let mut calls = self.lock();
        self.withdraw_all(&mut calls, in_line);
        let is_meant =
            |reply: &Reply| matches!(reply, Reply::Part(to, _) if Arc::ptr_eq(to, batch));
        let ids = calls.flying.ids_of(is_meant);
        drop(calls);
        for id in ids {
            // It may be over by now. Its completion comes in any case.
            let _ = self.client.cancel(id);
        }
    }
}

/// A batch that is being asked.
struct Batch<'a, T: Send + 'static> {
    lane: &'a Arc<Lane>,
    requests: &'a [Request],
    due: Instant,
    answers: Arc<Answers<T>>,
    /// So many requests were submitted, or wait in line.
    asked: usize,
    /// The tags of those that found no room at first.
    in_line: Vec<u64>,
}

impl<'a, T: Send + 'static> Batch<'a, T> {
    /// Asks until as many requests as one connection carries are to be answered, or one has failed.
    async fn ask(&mut self) {
        while let Some((next, more)) = self.more() {
            let first = self.asked;
            let reply = |place| Reply::Part(self.answers.clone(), first + place);
            match self.lane.submit_all(more, self.due, reply) {
                0 => self.ask_in_turn(next).await,
                submitted => self.asked += submitted,
            }
        }
    }

    /// What is to be asked now, and the first of it.
    fn more(&self) -> Option<(&'a Request, &'a [Request])> {
        let end = self.answers.lock().window()?;
        let more = self
            .requests
            .get(self.asked..end.min(self.requests.len()))?;
        more.first().map(|next| (next, more))
    }

    /// Asks for one answer as others do for whom there is no room.
    async fn ask_in_turn(&mut self, request: &Request) {
        let place = self.asked;
        let asked = Asked {
            message: body(request),
            due: self.due,
            reply: Reply::Part(self.answers.clone(), place),
        };
        let put = self.lane.put_in_turn(asked).await;
        self.asked += 1;
        match put {
            Ok((tag, Placed::Waiting)) => self.in_line.push(tag),
            Ok((_, Placed::Submitted)) => {}
            Err(_) => self.answers.take(place, Err(expired())),
        }
    }

    /// Waits until there is more to ask, or all is over.
    async fn wait(&mut self) {
        if !self.in_line.is_empty() {
            let ready = timeout_at(self.due, self.answers.ready(self.asked));
            if ready.await.is_ok() {
                return;
            }
            // The library sees to the time of those that were submitted.
            let late = self.lane.withdraw_all(&mut self.lane.lock(), &self.in_line);
            late.into_iter()
                .for_each(|reply| reply.send(Err(expired())));
            self.in_line.clear();
        }
        self.answers.ready(self.asked).await;
    }
}

impl<T: Send + 'static> Drop for Batch<'_, T> {
    fn drop(&mut self) {
        if self.answers.lock().come < self.asked {
            let answers: Arc<dyn Collect> = self.answers.clone();
            self.lane.abandon_all(&answers, &self.in_line);
        }
    }
}

/// The answers to a batch.
struct Answers<T> {
    read: fn(&[u8]) -> Result<T>,
    come: Mutex<Come<T>>,
    /// Told once what is awaited has come.
    ready: Notify,
}

/// The answers that have come.
struct Come<T> {
    answers: Vec<Option<T>>,
    /// So many have come from the first on.
    come: usize,
    /// The first that failed, and why.
    failed: Option<(usize, Error)>,
    /// So many are awaited.
    awaited: usize,
}

impl<T> Answers<T> {
    /// Those to so many requests, of which `read` makes something.
    fn to(requests: usize, read: fn(&[u8]) -> Result<T>) -> Self {
        Self {
            read,
            come: Mutex::new(Come {
                answers: iter::repeat_with(|| None).take(requests).collect(),
                come: 0,
                failed: None,
                awaited: 0,
            }),
            ready: Notify::new(),
        }
    }

    /// Waits until half of those that are `asked` for have come, or, of the last ones, all; or until one has failed.
    async fn ready(&self, asked: usize) {
        self.lock().expect(asked);
        while !self.lock().is_ready() {
            self.ready.notified().await;
        }
    }

    /// What has come, and why it is not all, once it is over.
    fn end(&self) -> Option<(Vec<T>, Result<()>)> {
        let mut come = self.lock();
        let is_whole = come.come == come.answers.len();
        if !is_whole && !come.has_failed() {
            return None;
        }
        let answers = mem::take(&mut come.answers).into_iter();
        let failed = come.failed.take();
        let answers = answers.map_while(|answer| answer).collect();
        Some((answers, failed.map_or(Ok(()), |(_, error)| Err(error))))
    }

    fn lock(&self) -> MutexGuard<'_, Come<T>> {
        // No panic leaves answers half changed.
        self.come.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T: Send + 'static> Collect for Answers<T> {
    fn take(&self, place: usize, answer: Result<&[u8]>) {
        let answer = answer.and_then(self.read);
        let mut come = self.lock();
        come.take(place, answer);
        let is_ready = come.is_ready();
        drop(come);
        if is_ready {
            self.ready.notify_one();
        }
    }
}

impl<T> Come<T> {
    fn take(&mut self, place: usize, answer: Result<T>) {
        match answer {
            Ok(answer) => {
                if let Some(to) = self.answers.get_mut(place) {
                    *to = Some(answer);
                }
                while let Some(Some(_)) = self.answers.get(self.come) {
                    self.come += 1;
                }
            }
            Err(error) => {
                let is_first = self.failed.as_ref().is_none_or(|(first, _)| place < *first);
                if is_first {
                    self.failed = Some((place, error));
                }
            }
        }
    }

    /// Whether one has failed, and all before it have come.
    fn has_failed(&self) -> bool {
        let failed = self.failed.as_ref();
        failed.is_some_and(|(place, _)| *place == self.come)
    }

    /// Half of those that are `asked` for and have not come are awaited; or all, if there is no more to ask.
    fn expect(&mut self, asked: usize) {
        let under_way = asked.saturating_sub(self.come);
        self.awaited = match asked == self.answers.len() {
            true => asked,
            false => self.come + under_way.div_ceil(2),
        };
    }

    fn is_ready(&self) -> bool {
        self.come >= self.awaited || self.has_failed()
    }

    /// Where what may be asked now ends; `None`: one has failed.
    fn window(&self) -> Option<usize> {
        self.failed.is_none().then_some(self.come + IN_FLIGHT_MAX)
    }
}
