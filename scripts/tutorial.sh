#!/bin/sh
# tutorial.sh: does what docs/tutorial.md says: builds its programs by its own commands, against the calc_ipc that these install into
# build/stage, types every command, and compares what terminals show with what it prints.
set -eu
cd "$(dirname "$0")/.."
. scripts/tools.sh
need cc gcc
need c++ g++
need cmake cmake
need ninja ninja-build
need bash bash
need python3 python3
install_needed

# build_commands: what stands in the document's one block of the language sh.
build_commands() {
    sed -n '/^```sh$/,/^```$/{/^```/!p;}' docs/tutorial.md
}

[ -n "$(build_commands)" ] || {
    echo "FAILED: docs/tutorial.md has no commands that build its programs" >&2
    exit 1
}
build_commands | sh -eu
scripts/tutorial.py docs/tutorial.md build/tutorial || {
    rm -f /tmp/calc-tutorial.* # what servers left that were killed
    exit 1
}
