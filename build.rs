//! Writes the C header from `src/ffi`, says when the committed one differs, and for which systems `src/sys` has a folder.

use std::path::{Path, PathBuf};
use std::{env, fs};

fn main() {
    for path in ["build.rs", "cbindgen.toml", "src/ffi", "include/calc_ipc.h"] {
        println!("cargo:rerun-if-changed={path}");
    }
    println!("cargo:rerun-if-env-changed=CALC_IPC_UPDATE_HEADER");
    println!(
        "cargo:rustc-env=CALC_IPC_VERSION_NUMBER={}",
        version_number()
    );
    // Cargo tells build scripts the target, not tests.
    println!("cargo:rustc-env=TEST_TARGET={}", var("TARGET"));
    if !["linux", "windows"].contains(&var("CARGO_CFG_TARGET_OS").as_str()) {
        println!("cargo:rustc-cfg=bare");
    }
    // What unit tests play the other side with.
    if var("CARGO_CFG_TARGET_OS") == "linux" {
        println!("cargo:rustc-cfg=unix_sockets");
    }

    let root = PathBuf::from(var("CARGO_MANIFEST_DIR"));
    let generated = Path::new(&var("OUT_DIR")).join("calc_ipc.h");
    generate_header(&root, &generated);
    compare_header(&root.join("include/calc_ipc.h"), &generated);
}

fn generate_header(root: &Path, header: &Path) {
    let ffi = root.join("src/ffi");
    let config = cbindgen::Config::from_file(root.join("cbindgen.toml")).expect("cbindgen.toml");
    public_modules(&ffi.join("mod.rs"))
        .iter()
        .fold(cbindgen::Builder::new(), |builder, module| {
            builder.with_src(ffi.join(module).with_extension("rs"))
        })
        .with_config(with_version(config))
        .generate()
        .expect("cbindgen reads src/ffi")
        .write_to_file(header);
}

/// The modules of the C interface in the order of their `pub mod`, which is the header's: cbindgen
/// follows no `mod` from a single file, and given the whole crate also exports constants of Rust's.
fn public_modules(file: &Path) -> Vec<String> {
    fs::read_to_string(file)
        .expect("src/ffi/mod.rs")
        .lines()
        .filter_map(|line| line.strip_prefix("pub mod ")?.strip_suffix(';'))
        .map(str::to_owned)
        .collect()
}

fn with_version(mut config: cbindgen::Config) -> cbindgen::Config {
    for text in [&mut config.header, &mut config.after_includes]
        .into_iter()
        .flatten()
    {
        for (token, value) in [
            ("@VERSION@", var("CARGO_PKG_VERSION")),
            ("@VERSION_MAJOR@", var("CARGO_PKG_VERSION_MAJOR")),
            ("@VERSION_MINOR@", var("CARGO_PKG_VERSION_MINOR")),
            ("@VERSION_PATCH@", var("CARGO_PKG_VERSION_PATCH")),
            ("@VERSION_NUMBER@", version_number().to_string()),
        ] {
            *text = text.replace(token, &value);
        }
    }
    config
}

fn compare_header(committed: &Path, generated: &Path) {
    let wanted = fs::read(generated).expect("the header just written");
    if fs::read(committed).is_ok_and(|have| have == wanted) {
        return;
    }
    if env::var_os("CALC_IPC_UPDATE_HEADER").is_some() {
        fs::write(committed, wanted).expect("include/calc_ipc.h");
    } else {
        let advice = "run CALC_IPC_UPDATE_HEADER=1 cargo build";
        println!("cargo:warning=include/calc_ipc.h is stale: {advice}");
    }
}

/// What the header calls `CALC_IPC_VERSION_NUMBER`.
fn version_number() -> u32 {
    let part = |name: &str| var(name).parse::<u32>().expect("a number");
    part("CARGO_PKG_VERSION_MAJOR") * 1_000_000
        + part("CARGO_PKG_VERSION_MINOR") * 1_000
        + part("CARGO_PKG_VERSION_PATCH")
}

fn var(name: &str) -> String {
    env::var(name).unwrap_or_else(|_| panic!("cargo sets {name}"))
}
