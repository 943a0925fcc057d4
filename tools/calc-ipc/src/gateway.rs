//! Becomes `calc-ipc-gateway`, a program of its own, so that who needs no gRPC needs none of what that brings.

use crate::cli::GatewayArgs;
use crate::exit::{Exit, Failure};
use std::env;
use std::ffi::OsStr;
use std::io;
use std::os::unix::process::CommandExt as _;
use std::process::Command;

const PROGRAM: &str = "calc-ipc-gateway";

/// Executes the one beside this command, or else the first on the PATH. Where that works, nothing comes back.
pub(crate) fn run(args: &GatewayArgs) -> Result<Exit, Failure> {
    let own = env::current_exe().ok();
    let beside = own.map(|own| own.with_file_name(PROGRAM));
    let places = beside.iter().map(|path| path.as_os_str());
    for place in places.chain([OsStr::new(PROGRAM)]) {
        let cause = Command::new(place).args(&args.args).exec();
        if cause.kind() != io::ErrorKind::NotFound {
            return Err(Failure::io(place.display(), &cause));
        }
    }
    Err(Failure::Transport(format!(
        "{PROGRAM} is neither beside this command nor on the PATH; get it by 'cargo install --path tools/gateway', or by \
         CMake with -DCALC_IPC_BUILD_GATEWAY=ON"
    )))
}
