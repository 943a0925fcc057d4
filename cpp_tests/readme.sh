#!/bin/sh
# readme.sh PKG_CONFIG CC CXX LIBDIR README: the programs in README.md compile against the installed library, run,
# and print what their comments say.
set -eu
export PKG_CONFIG_PATH="$4/pkgconfig"
flags=$("$1" --cflags --libs calc_ipc)
directory=$(mktemp -d)
trap 'rm -rf "$directory"' EXIT

# program LANGUAGE COMPILER...: the one block of that language, with a socket of its own.
program() {
    language=$1
    shift
    awk -v fence="\`\`\`$language" '$0 == fence { inside = 1; next } /^```/ { inside = 0 } inside' README.md |
        sed "s|/tmp/calc.sock|$directory/socket|" >"$directory/readme.$language"
    eval "\"\$@\" \"$directory/readme.$language\" $flags -o \"$directory/$language\""
    answer=$(LD_LIBRARY_PATH=$libdir "$directory/$language")
    if [ "$answer" != 30 ]; then
        echo "the $language program of README.md printed '$answer', not 30" >&2
        exit 1
    fi
}

libdir=$4 compiler=$2 cxx_compiler=$3
cd "$(dirname "$5")"
program c "$compiler" -std=c11 -Wall -Wextra -Werror
program cpp "$cxx_compiler" -std=c++17 -Wall -Wextra -Werror
