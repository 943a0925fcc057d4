//! Who a process is to the system.

/// The user, the group and the number of a process, each as far as it is known here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Credentials {
    /// The user that it acts as.
    pub uid: Option<u32>,
    /// The group that it acts as.
    pub gid: Option<u32>,
    /// Its number.
    pub pid: Option<u32>,
}

impl Credentials {
    /// Those of a process of which nothing is known.
    pub const UNKNOWN: Self = Self {
        uid: None,
        gid: None,
        pid: None,
    };

    /// Those of a process of which only the user is known.
    pub(crate) fn of_user(uid: u32) -> Self {
        Self {
            uid: Some(uid),
            ..Self::UNKNOWN
        }
    }
}
