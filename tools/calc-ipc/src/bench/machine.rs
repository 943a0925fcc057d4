//! Where it was measured.

use super::processors::Processors;
use super::report::Machine;
use crate::sys;

pub(super) fn describe(processors: &Processors) -> Machine {
    Machine {
        cpu: sys::cpu().unwrap_or_else(|| std::env::consts::ARCH.to_owned()),
        cpus: processors.count(),
        system: sys::system(),
    }
}
