#!/bin/sh
# abi.sh [check [DUMP] | test | update]: whether the C interface is still the one that programs were compiled for (check, if none is named).
# check: compares it by abidiff with packaging/abi/SOVERSION.abi, that of the last release, and constants with SOVERSION.constants beside
# it. Functions and constants may be added, and fields at the end of structs that know their size, of which SOVERSION.fields says how many
# they had; anything else fails.
# test: that this finds what it is for, by headers that were changed.
# update: writes these files, which a release commits.
# What is looked at is a library in C with each function that the header declares, since a compiler's debugging information of C says what
# programs in C see. That the real library has just these functions is checked by CTest's package.symbols and Debian's symbols.
# It needs gcc, and abidw and abidiff of Debian's abigail-tools.
set -eu
cd "$(dirname "$0")/.."
. scripts/tools.sh
need gcc gcc
need abidiff abigail-tools
(install_needed) || {
    echo "LEFT OUT: the C interface beside that of the last release: $0 needs abigail-tools, and cannot get them" >&2
    exit 0
}
soversion=$(sed -n 's/^soversion = "\(.*\)"/\1/p' Cargo.toml)
folder=$PWD/packaging/abi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM

# fields HEADER: the structs whose first field is their size, and the number of their fields.
fields() {
    awk '/^typedef struct [a-z_]+ {/ { name = $3; count = 0 }
        name && /^ +[a-z].*;$/ { if (++count == 1 && !/ size;$/) name = "" }
        name && /^}/ { print name, count; name = "" }' "$1"
}

# dump HEADER NAME [OLD]: what the header says, as $work/NAME.abi and .constants, and .fields; less the fields that were not in OLD.fields.
dump() {
    mkdir -p "$work/$2"
    fields "$1" >"$work/$2.fields"
    [ -s "$work/$2.fields" ] || { echo "FAILED: no structs that know their size in $1" >&2; exit 1; }
    awk 'NR == FNR { had[$1] = $2; next }
        /^typedef struct [a-z_]+ {/ { name = $3; count = 0 }
        /^}/ { name = "" }
        name in had && /^ +[a-z].*;$/ && ++count > had[name] { next }
        { print }' "${3:-$work/$2}.fields" "$1" >"$work/$2/calc_ipc.h"
    {
        echo '#include "calc_ipc.h"'
        # Each declaration of a function, from its first line to its semicolon, with a body.
        awk '/^[A-Za-z].*calc_ipc_[a-z0-9_]+\(/ && !/^typedef/ { inside = 1 }
            inside { end = sub(/\);$/, ") { __builtin_trap(); }"); print; if (end) inside = 0 }' "$work/$2/calc_ipc.h"
    } >"$work/$2/calc_ipc.c"
    (cd "$work/$2" && gcc -std=c11 -g -shared -fPIC "-Wl,-soname,libcalc_ipc.so.$soversion" -o libcalc_ipc.so calc_ipc.c)
    # Without names of folders and lines, so that the same interface is the same file.
    abidw --no-show-locs --no-corpus-path --no-comp-dir-path --type-id-style hash --no-elf-needed --out-file "$work/$2.abi" \
        "$work/$2/libcalc_ipc.so"
    (cd "$work/$2" && gcc -E -dM -include calc_ipc.h -x c /dev/null) >"$work/$2/macros"
    sed -n '/_VERSION_\|_API\|_H /d; s/^#define \(CALC_IPC_[A-Z0-9_]* ..*\)$/\1/p' "$work/$2/macros" | LC_ALL=C sort >"$work/$2.constants"
    [ -s "$work/$2.constants" ] || { echo "FAILED: no constants in $1" >&2; exit 1; }
}

# same OLD NEW: whether programs for OLD work with NEW, both without the ends of their names.
same() {
    code=0
    abidiff --no-added-syms "$1.abi" "$2.abi" >"$work/said" 2>&1 || code=$?
    # 1 and 2: it could not look; 4: something is different; 8: and that is incompatible.
    [ $((code & 3)) -eq 0 ] || { cat "$work/said" >&2; echo "FAILED: abidiff $1.abi $2.abi" >&2; exit 1; }
    LC_ALL=C comm -23 "$1.constants" "$2.constants" >"$work/lost"
    [ $code -eq 0 ] && [ ! -s "$work/lost" ]
}

check() {
    old=${1:-$folder/$soversion}
    if [ ! -e "$old.abi" ]; then
        echo "LEFT OUT: the C interface beside that of the last release, since there is no $old.abi" >&2
        return 0
    fi
    dump include/calc_ipc.h new "$old"
    same "$old" "$work/new" || {
        cat "$work/said" "$work/lost" >&2
        echo "FAILED: programs compiled for $old.abi do not work with this; an incompatible change bumps soversion" >&2
        exit 1
    }
    echo "the C interface is that of $(basename "$old").abi, or more"
}

# changed EXPECTED WHAT SED_SCRIPT: whether the header with this change is accepted (yes) or not (no).
changed() {
    sed "$3" include/calc_ipc.h >"$work/changed.h"
    ! cmp -s include/calc_ipc.h "$work/changed.h" || { echo "FAILED: nothing to change: $2" >&2; exit 1; }
    dump "$work/changed.h" changed "$work/old"
    if same "$work/old" "$work/changed"; then answer=yes; else answer=no; fi
    if [ "$answer" != "$1" ]; then
        cat "$work/said" "$work/lost" >&2
        echo "FAILED: accepted: $answer, not $1: $2" >&2
        exit 1
    fi
    echo "  accepted: $answer: $2"
}

self_test() {
    dump include/calc_ipc.h old
    changed yes "a new function" '$i\
calc_ipc_status calc_ipc_new_function(int32_t number);'
    changed yes "a field at the end of a struct that knows its size" 's/^} calc_ipc_stats;/    uint64_t new_field;\n&/'
    changed yes "a new constant" '$i\
#define CALC_IPC_NEW_CONSTANT 1'
    changed no "a field in the middle of a struct that knows its size" '/^typedef struct calc_ipc_stats {/a\
    uint64_t new_field;'
    changed no "a field at the end of one that does not" 's/^} calc_ipc_request;/    uint64_t new_field;\n&/'
    changed no "a field that is gone" '/^typedef struct calc_ipc_response {/,/^}/{/result;/d}'
    changed no "a field of another type" '/^typedef struct calc_ipc_stats {/,/^}/s/uint64_t requests;/uint32_t requests;/'
    changed no "a parameter of another type" 's/calc_ipc_operation_name(int32_t/calc_ipc_operation_name(int64_t/'
    changed no "a function of another name" 's/ calc_ipc_version(void)/ calc_ipc_number(void)/'
    changed no "a constant of another value" 's/define CALC_IPC_OPERATION_ADD 0/define CALC_IPC_OPERATION_ADD 7/'
}

update() {
    dump include/calc_ipc.h new
    cp "$work/new.abi" "$folder/$soversion.abi"
    cp "$work/new.constants" "$folder/$soversion.constants"
    cp "$work/new.fields" "$folder/$soversion.fields"
    echo "wrote $folder/$soversion.abi, .constants and .fields"
}

part=${1:-check}
case $part in
    check) check "${2:-}" ;;
    test) self_test ;;
    update) update ;;
    *) echo "$0: not a part: $part" >&2; exit 2 ;;
esac
