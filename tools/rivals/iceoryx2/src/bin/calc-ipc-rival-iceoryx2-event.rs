//! iceoryx2's request-response, each side sleeping until the other notifies it.

use calc_ipc_rival_iceoryx2::{Mode, contend};

fn main() -> std::process::ExitCode {
    contend(Mode::EVENT)
}
