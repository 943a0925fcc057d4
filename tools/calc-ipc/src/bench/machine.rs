//! Where it was measured.

use super::processors::Processors;
use super::report::Machine;
use std::fs;

pub(super) fn describe(processors: &Processors) -> Machine {
    Machine {
        cpu: cpu().unwrap_or_else(|| std::env::consts::ARCH.to_owned()),
        cpus: processors.count(),
        system: system(),
    }
}

/// As the kernel calls it.
fn cpu() -> Option<String> {
    let about = fs::read_to_string("/proc/cpuinfo").ok()?;
    let lines = about.lines().filter_map(|line| line.split_once(':'));
    let mut names = lines.filter(|(key, _)| key.trim() == "model name");
    names.next().map(|(_, name)| name.trim().to_owned())
}

fn system() -> String {
    let read = |name| fs::read_to_string(format!("/proc/sys/kernel/{name}"));
    let words =
        ["ostype", "osrelease"].map(|name| read(name).unwrap_or_default().trim().to_owned());
    words.join(" ")
}
