use std::path::{Path, PathBuf};
use std::{env, fs};

fn main() {
    for path in ["build.rs", "cbindgen.toml", "src", "include/calc_ipc.h"] {
        println!("cargo:rerun-if-changed={path}");
    }
    // Cargo tells build scripts the target, not tests.
    println!("cargo:rustc-env=TEST_TARGET={}", var("TARGET"));
    write_header();
}

fn var(name: &str) -> String {
    env::var(name).unwrap_or_else(|_| panic!("cargo sets {name}"))
}

fn write_header() {
    let root = PathBuf::from(var("CARGO_MANIFEST_DIR"));
    let mut config =
        cbindgen::Config::from_file(root.join("cbindgen.toml")).expect("cbindgen.toml");
    let number = |name: &str| var(name).parse::<u32>().expect("a version number");
    let (major, minor, patch) = (
        number("CARGO_PKG_VERSION_MAJOR"),
        number("CARGO_PKG_VERSION_MINOR"),
        number("CARGO_PKG_VERSION_PATCH"),
    );
    for text in [&mut config.header, &mut config.after_includes]
        .into_iter()
        .flatten()
    {
        for (token, value) in [
            ("@VERSION@", var("CARGO_PKG_VERSION")),
            ("@VERSION_MAJOR@", major.to_string()),
            ("@VERSION_MINOR@", minor.to_string()),
            ("@VERSION_PATCH@", patch.to_string()),
            (
                "@VERSION_NUMBER@",
                (major * 1_000_000 + minor * 1_000 + patch).to_string(),
            ),
        ] {
            *text = text.replace(token, &value);
        }
    }
    let generated = Path::new(&var("OUT_DIR")).join("calc_ipc.h");
    cbindgen::Builder::new()
        .with_src(root.join("src/ffi/mod.rs"))
        .with_config(config)
        .generate()
        .expect("cbindgen reads src/ffi/mod.rs")
        .write_to_file(&generated);

    println!("cargo:rerun-if-env-changed=CALC_IPC_UPDATE_HEADER");
    let checked_in = root.join("include/calc_ipc.h");
    let wanted = fs::read(&generated).expect("the header just written");
    if fs::read(&checked_in).is_ok_and(|have| have == wanted) {
        return;
    }
    if env::var_os("CALC_IPC_UPDATE_HEADER").is_some() || !checked_in.exists() {
        fs::create_dir_all(root.join("include")).expect("include/");
        fs::write(&checked_in, wanted).expect("include/calc_ipc.h");
    } else {
        println!(
            "cargo:warning=include/calc_ipc.h is stale: run CALC_IPC_UPDATE_HEADER=1 cargo build"
        );
    }
}
