//! There are no stats here: nobody is told.

use super::Named;
use calc_ipc::service::Event;
use calc_ipc::transport::Address;
use std::io;
use std::thread::Scope;

pub(super) struct Telling;

#[derive(Clone, Default)]
pub(super) struct Kept(());

impl Kept {
    pub(super) fn note(&self, _: &Event<'_>) {}
}

impl Telling {
    pub(super) fn prepare(_: &[Address]) -> Self {
        Self
    }

    pub(super) fn is_on(&self) -> bool {
        false
    }

    pub(super) fn begin<'scope>(
        &'scope self,
        _: &'scope Scope<'scope, '_>,
        _: &'scope [Named],
    ) -> io::Result<Option<fn()>> {
        Ok(None)
    }
}
