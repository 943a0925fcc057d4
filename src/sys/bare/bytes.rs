//! What bytes go through elsewhere.

pub(crate) mod transfer {
    use crate::sys::Source;

    lacking! {
        fn read(Source<'_>, &mut [u8]) -> usize;
        fn read_now(Source<'_>, &mut [u8]) -> usize;
        fn write(Source<'_>, &[u8]) -> usize;
        fn write_to_own_reader(Source<'_>, &[u8]) -> usize;
        fn write_two_to_own_reader(Source<'_>, &[u8], &[u8]) -> usize;
    }

    pub(crate) fn drain(_: Source<'_>) {}
}

pub(crate) mod blocking {
    use crate::sys::Source;
    use std::io;

    /// # Safety
    ///
    /// Whatever the number is, nobody looks at it.
    pub(crate) unsafe fn numbered<'a>(_: i32) -> io::Result<Source<'a>> {
        Err(crate::sys::bare::lacks())
    }

    lacking! {
        fn standard() -> [Source<'static>; 2];
        fn read_exact(Source<'_>, &mut [u8]) -> ();
        fn write_all(Source<'_>, &[u8]) -> ();
    }
}

pub(crate) mod known {
    use crate::sys::Source;
    use std::ffi::c_void;
    use std::io;

    pub(crate) const NUMBER: Option<fn(Source<'_>) -> i32> = None;
    pub(crate) const WAIT_HANDLE: Option<fn(Source<'_>) -> io::Result<*mut c_void>> = None;
}

pub(crate) mod poll {
    use crate::sys::Source;
    use crate::sys::deadline::Deadline;
    use crate::sys::ready::{Ready, Want};
    use std::marker::PhantomData;
    use std::time::Duration;

    pub(crate) struct Awaited<'a>(PhantomData<Source<'a>>);

    impl<'a> Awaited<'a> {
        pub(crate) fn new(_: Source<'a>, _: Want) -> Self {
            Self(PhantomData)
        }

        pub(crate) fn ready(&self) -> Ready {
            Ready::NOTHING
        }
    }

    lacking! {
        fn wait(&mut [Awaited<'_>], &Deadline) -> bool;
        fn wait_a_while(&mut [Awaited<'_>], Duration, &Deadline) -> bool;
        fn wait_readable(Source<'_>, &Deadline) -> bool;
        fn wait_writable(Source<'_>, &Deadline) -> bool;
        fn state(Source<'_>, Want) -> Ready;
    }
}

pub(crate) mod socket {
    use crate::sys::credentials::Credentials;
    pub(crate) use crate::sys::socket_type::Type;
    use crate::sys::{Handle, Source};
    use std::io;
    use std::path::Path;
    use std::time::Duration;

    /// As Linux has it, so that a name has one length everywhere.
    pub(crate) const PATH_MAX: usize = 107;

    pub(crate) const HANDLES_IN_BAND: usize = 0;

    pub(crate) fn handles_in_band(_: &[u8]) -> Vec<Handle> {
        Vec::new()
    }

    lacking! {
        fn bind_narrow(Type, &Path) -> Handle;
        fn listen(Source<'_>) -> ();
        fn end_listening(Source<'_>) -> ();
        fn accept(Source<'_>) -> Handle;
        fn connect(Type, &Path, Option<Duration>) -> Handle;
        fn is_alive(&Path) -> bool;
        fn tune_tcp(Source<'_>) -> ();
        fn peer(Source<'_>) -> Credentials;
        fn set_receive_timeout(Source<'_>, Option<Duration>) -> ();
        fn recv(Source<'_>, &mut [u8]) -> usize;
        fn recv_now(Source<'_>, &mut [u8]) -> usize;
        fn recv_now_or_cut(Source<'_>, &mut [u8]) -> (usize, bool);
        fn recv_record(Source<'_>, &mut [u8]) -> usize;
        fn recv_record_now(Source<'_>, &mut [u8]) -> usize;
        fn recv_with_handles(Source<'_>, &mut [u8]) -> (usize, Vec<Handle>);
        fn send_now(Source<'_>, &[u8]) -> usize;
        fn send_record(Source<'_>, &[u8], &[u8]) -> usize;
        fn send_two(Source<'_>, &[u8], &[u8]) -> usize;
        fn send_with_handles(Source<'_>, &[u8], &[Source<'_>]) -> usize;
    }

    pub(crate) fn is_sending(_: Source<'_>) -> bool {
        false
    }

    pub(crate) fn is_of_another_type(_: &io::Error) -> bool {
        false
    }
}

pub(crate) mod named_pipe {
    use crate::sys::deadline::Deadline;
    use crate::sys::{Handle, Source};

    lacking! {
        fn listen(&str, bool) -> Handle;
        fn connect(&str, &Deadline) -> Handle;
        fn is_server_trusted(Source<'_>) -> bool;
        fn client(Source<'_>) -> u32;
    }
}

pub(crate) mod passed {
    use crate::sys::Handle;
    use crate::sys::bare::Absent;
    use crate::sys::socket_type::Type;
    use std::net::SocketAddr;
    use std::path::PathBuf;

    #[derive(Clone, Debug)]
    pub(crate) struct Passed {
        pub(crate) name: String,
        never: Absent,
    }

    #[expect(dead_code, reason = "nothing was passed")]
    #[derive(Clone, Debug)]
    pub(crate) enum Place {
        Path(Type, PathBuf),
        Tcp(SocketAddr),
        Other(&'static str),
    }

    pub(crate) fn all() -> Result<Vec<Passed>, String> {
        Err(crate::sys::bare::lack::FOR_LINUX.to_owned())
    }

    impl Passed {
        pub(crate) fn place(&self) -> std::io::Result<Place> {
            match self.never {}
        }

        pub(crate) fn take(&self) -> std::io::Result<Handle> {
            match self.never {}
        }
    }
}

pub(crate) mod tcp {
    use crate::sys::Handle;
    use crate::sys::deadline::Deadline;
    use std::io;
    use std::net::SocketAddr;

    lacking! {
        fn resolve(&str, u16) -> Vec<SocketAddr>;
        fn listen(&[SocketAddr]) -> (Handle, u16);
        fn connect(&[SocketAddr], &Deadline) -> Handle;
        fn begin(&SocketAddr) -> Handle;
        fn end(&Handle) -> bool;
    }

    pub(crate) fn is_of_low_port(_: &io::Error) -> bool {
        false
    }
}
