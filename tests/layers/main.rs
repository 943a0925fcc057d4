//! The layers of `ARCHITECTURE.md`: each knows only those before it, the system is called in one
//! place, and `unsafe` stands in two.

#![allow(clippy::indexing_slicing, reason = "a panic is how a test fails")]

mod circles;
mod sources;

use sources::{Source, paths, sources, without_comments, words};

/// What each layer may name by `crate::`, beside itself. An entry allows what is below it.
const MAY_USE: [(&str, &[&str]); 7] = [
    ("error", &[]),
    ("protocol", &[]),
    ("calculator", &["protocol"]),
    ("sys", &["error"]),
    ("transport", &["error", "sys", "protocol::frame"]),
    ("service", &["error", "sys", "protocol", "transport"]),
    (
        "ffi",
        &[
            "error",
            "sys::Source",
            "sys::blocking",
            "sys::known",
            "sys::panic",
            "sys::cancel",
            "protocol",
            "calculator",
            "transport",
            "service",
        ],
    ),
];

/// The modules of `service` that know what messages mean: the calculator's own, and the list of kinds.
const KNOW_THE_CALCULATOR: [&str; 2] = ["service::calculator", "service::handler"];

/// What is not the same on every system: nobody but `sys` names it.
const OF_ONE_SYSTEM: [&str; 3] = ["sys::linux", "sys::windows", "sys::bare"];

/// Who tells systems apart at compile time: the list of what each has to offer, which takes it from the folder of one.
const TELLS_SYSTEMS_APART: &str = "sys";

/// What a cfg tells systems apart by; `bare` is set where there is none of those that `sys` has.
const SYSTEMS: [&str; 8] = [
    "unix",
    "windows",
    "bare",
    "target_os",
    "target_family",
    "target_env",
    "target_vendor",
    "target_abi",
];

/// Words of one system, which stand in `sys` alone. Those that end in a star are beginnings.
const WORDS_OF_ONE_SYSTEM: [&str; 12] = [
    "windows_sys",
    "HANDLE",
    "libc",
    "nix",
    "epoll*",
    "EPOLL*",
    "PollF*",
    "BorrowedFd",
    "OwnedFd",
    "RawFd",
    "AsFd",
    "AsRawFd",
];

/// Modules of std that the pure layers do without.
const IMPURE: [&str; 8] = [
    "std::env",
    "std::fs",
    "std::io",
    "std::net",
    "std::os",
    "std::process",
    "std::thread",
    "std::time",
];

#[test]
fn layers_name_only_those_before_them() {
    let broken = all(|source| {
        let leaving = paths(&source.text, "crate::");
        let broken = leaving
            .into_iter()
            .filter(|path| !may_use(source.layer(), path) && !knows_the_calculator(source, path));
        broken.map(|path| format!("crate::{path}")).collect()
    });
    assert_eq!(broken, [""; 0]);
}

#[test]
fn super_stays_within_a_layer() {
    let broken = all(|source| {
        // A test module within the file is one level deeper.
        let inside = source.module.len() - 1 + usize::from(source.text.contains("mod tests {"));
        let leaving = "super::".repeat(inside + 1);
        source
            .text
            .contains(&leaving)
            .then_some(leaving)
            .into_iter()
            .collect()
    });
    assert_eq!(broken, [""; 0]);
}

#[test]
fn unsafe_stands_in_sys_and_ffi_alone() {
    let broken = all(|source| match source.layer() {
        "sys" | "ffi" => Vec::new(),
        _ => words(&source.text, &["unsafe"]),
    });
    assert_eq!(broken, [""; 0]);
}

#[test]
fn the_system_is_called_in_sys_alone() {
    let broken = all(|source| match source.layer() {
        "sys" => Vec::new(),
        _ => {
            let os = source.text.contains("std::os::").then(|| "std::os".into());
            let mut broken = words(&source.text, &WORDS_OF_ONE_SYSTEM);
            broken.extend(os);
            broken
        }
    });
    assert_eq!(broken, [""; 0]);
}

#[test]
fn systems_are_told_apart_in_one_file() {
    let mut broken = all(|source| match source.module.join("::").as_str() {
        TELLS_SYSTEMS_APART => Vec::new(),
        _ => systems_of_cfgs(&source.text),
    });
    broken.extend(systems_of_cfgs(include_str!("../../src/lib.rs")));
    assert_eq!(broken, [""; 0]);
    let known = sources();
    let telling = known
        .iter()
        .find(|source| source.module == [TELLS_SYSTEMS_APART]);
    assert!(telling.is_some_and(|source| !systems_of_cfgs(&source.text).is_empty()));
}

#[test]
fn the_protocol_and_the_calculator_are_pure() {
    let broken = all(|source| match source.layer() {
        "protocol" | "calculator" => IMPURE
            .into_iter()
            .filter(|module| source.text.contains(module))
            .map(str::to_owned)
            .collect(),
        _ => Vec::new(),
    });
    assert_eq!(broken, [""; 0]);
}

#[test]
fn no_one_can_set_the_clock_that_deadlines_use() {
    let broken = all(|source| words(&source.text, &["SystemTime", "CLOCK_REALTIME"]));
    assert_eq!(broken, [""; 0]);
}

#[test]
fn every_file_is_in_a_known_layer() {
    let sources = sources();
    for (layer, _) in MAY_USE {
        assert!(
            sources.iter().any(|source| source.layer() == layer),
            "{layer}"
        );
    }
    for source in &sources {
        let known = MAY_USE.iter().any(|(layer, _)| *layer == source.layer());
        assert!(known, "{:?} is in no layer", source.module);
    }
}

#[test]
fn the_checks_themselves_see_what_they_should() {
    let text = "use crate::{error::{Error, Result}, sys::linux::fd};\ncrate::ffi::x();\n";
    assert_eq!(
        paths(text, "crate::"),
        ["error::Error", "error::Result", "sys::linux::fd", "ffi::x"]
    );
    for (layer, may) in [("sys", true), ("transport", false), ("service", false)] {
        assert_eq!(may_use(layer, "sys::linux::fd"), may);
    }
    assert!(!may_use("transport", "sys::bare::lack"));
    assert!(may_use("service", "sys::fork"));
    let text = "#[cfg(all(unix, any(test)))] unix(); if cfg!(windows) {} #[cfg_attr(\n  not(target_os = \"x\"), path = \"bare\")]";
    assert_eq!(
        systems_of_cfgs(text),
        ["unix", "windows", "target_os", "bare"]
    );
    assert!(may_use("transport", "protocol::frame::Notice"));
    assert!(!may_use("transport", "calculator::Request"));
    assert!(!may_use("transport", "protocol::frames"));
    assert!(!may_use("service", "calculator::Request"));
    let calculates = |module: &str| {
        let module = module.split("::").map(str::to_owned).collect();
        let text = String::new();
        knows_the_calculator(&Source { module, text }, "calculator::Request")
    };
    assert!(calculates("service::calculator::tests") && !calculates("service::client"));
    assert!(!may_use("protocol", "service::Handler"));
    assert_eq!(
        words("an unsafe_thing, an unsafe { }", &["unsafe"]),
        ["unsafe"]
    );
    assert_eq!(words("EPOLLIN | nix", &["EPOLL*", "ni"]), ["EPOLLIN"]);
    assert_eq!(without_comments("a // unsafe\n/// unsafe\nb"), "a \n\nb\n");
}

/// Whether the path is one of the calculator, named where that is known.
fn knows_the_calculator(source: &Source, path: &str) -> bool {
    let module = source.module.join("::");
    below(path, "calculator")
        && KNOW_THE_CALCULATOR
            .iter()
            .any(|known| below(&module, known))
}

/// Whether `path` is `module`, or something in it.
fn below(path: &str, module: &str) -> bool {
    let rest = path.strip_prefix(module);
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
}

fn may_use(layer: &str, path: &str) -> bool {
    let below = |module: &str| below(path, module);
    let (_, allowed) = MAY_USE
        .into_iter()
        .find(|(name, _)| *name == layer)
        .expect("a known layer");
    if layer != "sys" && OF_ONE_SYSTEM.into_iter().any(below) {
        return false;
    }
    below(layer) || allowed.iter().any(|module| below(module))
}

/// The systems that attributes and expressions of conditional compilation name.
fn systems_of_cfgs(text: &str) -> Vec<String> {
    let conditions = ["cfg(", "cfg!(", "cfg_attr("]
        .into_iter()
        .flat_map(|cfg| text.split(cfg).skip(1));
    conditions
        .flat_map(|text| words(up_to_its_end(text), &SYSTEMS))
        .collect()
}

/// The text up to the parenthesis that closes one before it.
fn up_to_its_end(text: &str) -> &str {
    let mut open = 1;
    let end = text.find(|c| {
        open += i32::from(c == '(') - i32::from(c == ')');
        open == 0
    });
    text.split_at(end.unwrap_or(text.len())).0
}

/// What `check` complains about in each file, with the file's name.
fn all(check: impl Fn(&Source) -> Vec<String>) -> Vec<String> {
    let complaint = |source: &Source| {
        let name = source.module.join("::");
        check(source)
            .into_iter()
            .map(move |what| format!("{name}: {what}"))
    };
    sources().iter().flat_map(complaint).collect()
}
