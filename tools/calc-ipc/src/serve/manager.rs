//! What the service manager is told of this process, where it wants to know: sd_notify(3), datagrams to the socket that
//! NOTIFY_SOCKET names.

#[cfg(unix)]
use std::env;
use std::fmt;

/// The service manager, if there is one that listens.
pub(super) struct Manager {
    #[cfg(unix)]
    socket: Option<std::os::unix::net::UnixDatagram>,
}

#[cfg(unix)]
impl Manager {
    /// The one that the environment names. What cannot be told is no reason not to serve; it is said.
    pub(super) fn find() -> Self {
        let name = env::var_os("NOTIFY_SOCKET").filter(|name| !name.is_empty());
        let socket = name.and_then(|name| match connect(&name) {
            Ok(socket) => Some(socket),
            Err(error) => {
                super::log(format_args!("NOTIFY_SOCKET={}: {error}", name.display()));
                None
            }
        });
        Self { socket }
    }

    /// Tells it a state, as sd_notify(3) has it.
    pub(super) fn tell(&self, state: impl fmt::Display) {
        let Some(socket) = &self.socket else { return };
        if let Err(error) = socket.send(state.to_string().as_bytes()) {
            super::log(format_args!("the service manager is not told: {error}"));
        }
    }
}

/// A name with an '@' before it is an abstract one (unix(7)).
#[cfg(unix)]
fn connect(name: &std::ffi::OsStr) -> std::io::Result<std::os::unix::net::UnixDatagram> {
    use std::os::linux::net::SocketAddrExt;
    use std::os::unix::ffi::OsStrExt;
    use std::os::unix::net::{SocketAddr, UnixDatagram};
    let address = match name.as_bytes() {
        [b'@', name @ ..] => SocketAddr::from_abstract_name(name)?,
        [b'/', ..] => SocketAddr::from_pathname(name)?,
        _ => return Err(std::io::ErrorKind::Unsupported.into()),
    };
    let socket = UnixDatagram::unbound()?;
    socket.connect_addr(&address)?;
    Ok(socket)
}

#[cfg(not(unix))]
impl Manager {
    pub(super) fn find() -> Self {
        Self {}
    }

    pub(super) fn tell(&self, _: impl fmt::Display) {}
}
