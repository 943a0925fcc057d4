#!/bin/sh
# release.sh [check | source | sums]...: what a release consists of, in build/release (all parts, if none is named). It publishes nothing.
# check: one version everywhere, taken from Cargo.toml; the header is the generated one; the C interface is the last one's, or more;
# licences; CHANGELOG.md is complete in form, and says a day for this version (before a release it may say "unreleased", if
# CALC_IPC_UNRELEASED is set).
# source: calc_ipc-VERSION.tar.gz, the commit with all crates in vendor/, so that it builds without a network, which is tried; and
# calc_ipc-VERSION.cdx.json, the bill of materials.
# sums: SHA256SUMS of these and of all packages that scripts/package.sh made.
# It needs cargo, git and Python 3.11; for source the registry of crates.
set -eu
cd "$(dirname "$0")/.."
. scripts/tools.sh
need git git
need cc gcc
need python3 python3
install_needed

version=$(sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml | head -n 1)
out=$PWD/build/release
name=calc_ipc-$version
mkdir -p "$out"

wrong=0
fault() {
    echo "FAILED: $*" >&2
    wrong=1
}

# says FILE PATTERN: the file has a line like this.
says() {
    grep -q -- "$2" "$1" || fault "$1 has no line like '$2'"
}

check_versions() {
    [ "$(grep -c '^version = "' Cargo.toml)" -eq 1 ] || fault "Cargo.toml has more than one version"
    says include/calc_ipc.h "^#define CALC_IPC_VERSION_STRING \"$version\"\$"
    says packaging/vcpkg/calc-ipc/vcpkg.json "^  \"version\": \"$version\",\$"
    says packaging/meson/calc_ipc.wrap "^directory = $name\$"
    says packaging/meson/calc_ipc.wrap "^source_filename = $name.tar.gz\$"
    says bindings/python/src/calc_ipc/_abi.py "^VERSION_STRING = \"$version\"\$"
    soversion=$(sed -n 's/^soversion = "\(.*\)"/\1/p' Cargo.toml)
    says packaging/debian/control "^Package: libcalc-ipc$soversion\$"
}

check_changelog() {
    if [ -n "${CALC_IPC_UNRELEASED:-}" ]; then day=unreleased; else day='20[0-9][0-9]-[01][0-9]-[0-3][0-9]'; fi
    says CHANGELOG.md "^## \\[$version\\] - $day\$"
    # Versions and kinds of changes as Keep a Changelog has them, each kind once in a version, and none without an entry.
    awk '
        /^## / && !/^## \[[0-9]+\.[0-9]+\.[0-9]+\] - (unreleased|20[0-9][0-9]-[01][0-9]-[0-3][0-9])$/ { print FILENAME ": " $0; bad = 1 }
        /^## / { split("", had) }
        /^##/ && kind { print FILENAME ": nothing under " kind; bad = 1 }
        /^## / { kind = "" }
        /^### / {
            kind = $2
            if (kind !~ /^(Added|Changed|Deprecated|Removed|Fixed|Security)$/ || had[kind]++) { print FILENAME ": " $0; bad = 1 }
        }
        /^- / { kind = "" }
        END { if (kind) { print FILENAME ": nothing under " kind; bad = 1 } exit bad }' CHANGELOG.md || fault "CHANGELOG.md"
}

check() {
    check_versions
    check_changelog
    if git grep -nE 'example\.(org|com)/' -- Cargo.toml 'tools/*/Cargo.toml' CMakeLists.txt cmake SECURITY.md packaging; then
        fault "an address that is nobody's"
    fi
    touch build.rs
    CALC_IPC_UPDATE_HEADER=1 cargo build --quiet --locked
    git diff --exit-code -- include/calc_ipc.h || fault "include/calc_ipc.h is not the generated one"
    scripts/licences.sh
    scripts/abi.sh check
    [ $wrong -eq 0 ] || exit 1
    echo "version $version is fit for a release, as far as this can tell"
}

make_source() {
    git diff --quiet HEAD || echo "note: what is not committed is not in the archive" >&2
    epoch=$(git log -1 --format=%ct)
    work=$(mktemp -d)
    trap 'rm -rf "$work"' EXIT
    trap 'exit 1' HUP INT TERM
    git archive --prefix="$name/" -o "$work/source.tar" HEAD
    tar -C "$work" -xf "$work/source.tar"
    # Quiet, it does not print what has to stand in the settings.
    (cd "$work/$name" && cargo vendor --quiet --locked --versioned-dirs vendor >/dev/null)
    cat >"$work/$name/.cargo/config.toml" <<END
[source.crates-io]
replace-with = "vendored-sources"

[source.vendored-sources]
directory = "vendor"
END
    python3 -B scripts/crates.py sbom >"$out/$name.cdx.json"
    tar -C "$work" --sort=name --mtime="@$epoch" --owner=0 --group=0 --numeric-owner --mode=u+w,go-w -cf "$out/$name.tar" "$name"
    gzip -9nf "$out/$name.tar"
    # As whoever gets it: another folder, a cargo that has seen no crate, and no network.
    rm -rf "${work:?}/$name" "$work/source.tar"
    tar -C "$work" -xf "$out/$name.tar.gz"
    (
        export CARGO_HOME="$work/cargo" CARGO_TARGET_DIR="$work/target"
        cd "$work/$name"
        cargo build --quiet --locked --offline
        cargo check --quiet --locked --offline --workspace
    )
    [ -e "$work/target/debug/libcalc_ipc.so" ] || fault "the archive builds no library"
    rm -rf "$work"
    trap - EXIT
    [ $wrong -eq 0 ] || exit 1
    echo "$out/$name.tar.gz builds without a network"
}

make_sums() {
    for file in build/packages/*; do
        [ ! -f "$file" ] || cp "$file" "$out"
    done
    (cd "$out" && rm -f SHA256SUMS && sha256sum -- * >"$PWD/../SHA256SUMS" && mv ../SHA256SUMS SHA256SUMS && sha256sum --quiet -c SHA256SUMS)
    cat "$out/SHA256SUMS"
}

[ "$#" -gt 0 ] || set -- check source sums
for part in "$@"; do
    case $part in
        check) check ;;
        source | sums) make_"$part" ;;
        *) echo "$0: not a part: $part" >&2; exit 2 ;;
    esac
done
