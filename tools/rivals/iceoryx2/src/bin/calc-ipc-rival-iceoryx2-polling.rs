//! iceoryx2's request-response, both sides looking again and again.

use calc_ipc_rival_iceoryx2::{Mode, contend};

fn main() -> std::process::ExitCode {
    contend(Mode::POLLING)
}
