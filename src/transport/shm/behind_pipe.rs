//! Shared memory whose name is that of a named pipe.
//!
//! Handles go from process to process by who may put them there: who may do anything, or is of the same user. So the memory
//! is for one user.

use super::{client, server};
use crate::error::{Error, Result, Status};
use crate::transport::named_pipe::{self, NamedPipe};
use crate::transport::{Channel, ClientOptions, Endpoint, ServerOptions, ServerUser, pipe_name};

/// What stands before a name, so that it is not that of a server of frames.
const BEFORE: &str = "calc_ipc.shm.";

/// A server of this name.
pub(super) fn bind(name: &str, options: &ServerOptions) -> Result<Box<dyn Endpoint>> {
    if options.is_open_to_others() {
        let context = "other users can share no memory on Windows: leave the mode at 0600, or use a named pipe";
        return Err(Error::new(Status::Unsupported, context));
    }
    let place = NamedPipe::listen(&pipe_of(name)?, title(name), options)?;
    server::bind(Box::new(place), options)
}

/// Connects to the server of this name.
pub(super) fn connect(name: &str, options: &ClientOptions) -> Result<Box<dyn Channel>> {
    let control = named_pipe::reach(&pipe_of(name)?, &title(name), &wary(options))?;
    Ok(client::connect(control, title(name), options))
}

/// The same options, but the server has to be of this user, or of who may do anything: it says which handles of this process
/// are what it shares.
fn wary(options: &ClientOptions) -> ClientOptions {
    let server_user = match options.server_user {
        ServerUser::Any => ServerUser::Own,
        user => user,
    };
    ClientOptions {
        server_user,
        ..options.clone()
    }
}

/// What people call it.
fn title(name: &str) -> String {
    format!("shared memory {name}")
}

/// The name of the pipe.
fn pipe_of(name: &str) -> Result<String> {
    let pipe = format!("{BEFORE}{name}");
    pipe_name::check(&pipe).map_err(|why| {
        let context = format!("'{name}' is no name for shared memory: {why}");
        Error::new(Status::InvalidArgument, context)
    })?;
    Ok(pipe)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pipe_has_a_name_of_its_own_that_is_one() {
        assert_eq!(pipe_of("calc").unwrap(), "calc_ipc.shm.calc");
        for name in [r"a\b", "a.", &"x".repeat(240)] {
            let status = pipe_of(name).unwrap_err().status();
            assert_eq!(status, Status::InvalidArgument, "{name}");
        }
    }

    #[test]
    fn anybodys_server_is_not_trusted_with_handles() {
        for (asked, expected) in [
            (ServerUser::Any, ServerUser::Own),
            (ServerUser::Own, ServerUser::Own),
            (ServerUser::Uid(7), ServerUser::Uid(7)), // Refused later, see `named_pipe::reach`.
        ] {
            let options = ClientOptions {
                server_user: asked,
                ..ClientOptions::default()
            };
            assert_eq!(wary(&options).server_user, expected);
        }
    }

    #[test]
    fn memory_is_for_one_user() {
        let options = ServerOptions {
            mode: 0o666,
            ..ServerOptions::default()
        };
        let error = bind("calc", &options).err().unwrap();
        assert_eq!(error.status(), Status::Unsupported);
    }
}
