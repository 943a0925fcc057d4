//! Names in the file system that processes meet at elsewhere.

pub(crate) mod file {
    use crate::sys::Source;
    use crate::sys::bare::Absent;
    use std::path::Path;

    #[derive(Clone, Copy, Debug)]
    pub(crate) struct Identity(Absent);

    impl PartialEq for Identity {
        fn eq(&self, _: &Self) -> bool {
            match self.0 {}
        }
    }

    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    #[expect(dead_code, reason = "some are looked for in what is found alone")]
    pub(crate) enum Kind {
        Fifo,
        Socket,
        Regular,
        Folder,
        Link,
        Device,
    }

    #[derive(Clone, Copy, Debug)]
    pub(crate) struct About {
        pub(crate) kind: Kind,
        pub(crate) owner: u32,
        pub(crate) mode: u32,
        pub(crate) is_ours: bool,
        pub(crate) identity: Identity,
    }

    lacking! {
        fn about(&Path) -> Option<About>;
        fn about_target(&Path) -> About;
        fn about_open(Source<'_>) -> About;
        fn stamp(&Path) -> String;
        fn names_in<T>(&Path, impl Fn(&str) -> Option<T>) -> Vec<T>;
        fn remove(&Path) -> ();
        fn remove_if(&Path, Identity) -> ();
        fn set_mode(&Path, u32) -> ();
    }
}

pub(crate) mod lock {
    use crate::sys::{Handle, Source};
    use std::path::Path;

    lacking! {
        fn open(&Path) -> (Handle, bool);
        fn read_record(Source<'_>) -> String;
        fn write_record(Source<'_>, &str) -> ();
        fn try_lock(Source<'_>) -> bool;
        fn try_lock_for_process(Source<'_>) -> bool;
    }
}

pub(crate) mod holder {
    use super::file::Identity;
    use std::path::Path;

    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub(crate) enum Use {
        Any,
        Reading,
    }

    lacking! {
        fn is_read(&Path) -> bool;
    }

    pub(crate) fn of(_: Identity, _: Use) -> Option<u32> {
        None
    }

    pub(crate) fn of_socket(_: &Path) -> Option<u32> {
        None
    }
}

pub(crate) mod fifo {
    use crate::sys::Handle;
    use std::io;
    use std::path::Path;

    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub(crate) enum End {
        Read,
        Write,
        Both,
    }

    lacking! {
        fn make(&Path) -> bool;
        fn open(&Path, End) -> Handle;
    }

    pub(crate) fn has_no_reader(_: &io::Error) -> bool {
        false
    }
}

pub(crate) mod pipe {
    use crate::sys::{Handle, Source};

    #[derive(Debug)]
    pub(crate) struct Pipe {
        pub(crate) read: Handle,
        pub(crate) write: Handle,
    }

    impl Pipe {
        lacking! {
            fn to_child() -> Self;
            fn from_child() -> Self;
        }
    }

    pub(crate) fn widen(_: Source<'_>, _: u32) {}
}
