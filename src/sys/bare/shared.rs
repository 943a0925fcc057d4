//! Memory that processes share elsewhere, and numbers that nobody guesses.

use crate::sys::alarm::Alarm;
use crate::sys::atomic::Mapped;
use std::sync::atomic::AtomicU32;
use std::time::Duration;

pub(crate) mod memory {
    use crate::sys::atomic::Mapped;
    use crate::sys::bare::Absent;
    use crate::sys::line::{Line, Page};
    use crate::sys::place::Place;
    use crate::sys::{Handle, Source};
    use std::io;
    use std::ops::Range;

    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub(crate) enum Access {
        Read,
        Write,
    }

    #[derive(Debug)]
    pub(crate) struct Mapping(Absent);

    lacking! {
        fn create(usize, Access) -> (Handle, Mapping);
        fn reserve(usize, usize, Access) -> (Handle, Mapping);
        fn nameless() -> Handle;
    }

    pub(crate) fn populates() -> bool {
        false
    }

    impl Mapping {
        lacking! {
            fn from_peer(Source<'_>, usize, Access) -> Self;
        }
        never! {
            fn write(usize, &[u8]) -> ();
            fn read(usize, &mut [u8]) -> ();
            fn length() -> usize;
            fn place_at(usize) -> Place;
            fn populate(Range<usize>) -> io::Result<()>;
        }

        pub(crate) fn own_bytes(&mut self) -> Option<&mut [u8]> {
            match self.0 {}
        }
    }

    impl Page for Mapping {
        type Memory = Mapped;

        fn line(&self, _: usize) -> &Line {
            match self.0 {}
        }
    }
}

pub(crate) mod doorbell {
    use super::LineAlarm;
    use crate::sys::bare::Absent;
    use crate::sys::{Handle, Source};

    pub(crate) const BYTE: Option<u8> = None;

    #[derive(Debug)]
    pub(crate) struct Doorbell(Absent);

    impl Doorbell {
        lacking! {
            fn new() -> (Self, LineAlarm);
        }
        never! {
            fn for_client() -> Source<'_>;
            fn source() -> Option<Source<'_>>;
        }
    }

    #[derive(Debug)]
    pub(crate) struct Ringer(Absent);

    impl Ringer {
        lacking! {
            fn from_peer(Handle, &Handle) -> (Self, LineAlarm);
        }
        never! {
            fn ring() -> ();
        }
    }
}

pub(crate) mod random {
    lacking! {
        fn bytes() -> [u8; 16];
    }
}

/// Wakes nobody, since nobody has a line to sleep on.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LineAlarm;

impl Alarm<Mapped> for LineAlarm {
    fn wait(&self, _: &AtomicU32, _: u32, _: Duration) -> bool {
        false
    }

    fn wake(&self, _: &AtomicU32) {}
}
