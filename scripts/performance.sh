#!/bin/sh
# performance.sh [--quick] [DOCUMENT]: measures every goal five times, and writes the table between the markers of
# docs/performance.md, or of another document; --quick measures little, which is enough to see that it works.
# performance.sh --check [DOCUMENT]: says which goals the table lacks.
#
# Other libraries' programs take part if scripts/rivals.sh has built them. The machine should have nothing else to do.
set -eu
cd "$(dirname "$0")/.."
. scripts/tools.sh
need python3 python3
install_needed

mode=full
case "${1:-}" in
    --quick | --check) mode=${1#--}; shift ;;
    -*) echo "usage: performance.sh [--quick | --check] [DOCUMENT]" >&2; exit 2 ;;
esac
document=${1:-docs/performance.md}
programs=build/rivals/rivals

cargo build --locked --release -p calc-ipc-cli
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
trap 'exit 1' HUP INT TERM

set -- --goals --json
case $mode in
    full) set -- "$@" --runs 5 ;;
    *) set -- "$@" --quick ;;
esac
if [ "$mode" = check ]; then
    :
elif [ -d "$programs" ]; then
    set -- "$@" --rivals "$programs"
else
    echo "LEFT OUT: other libraries, whose programs scripts/rivals.sh builds in $programs"
fi
"${CARGO_TARGET_DIR:-target}/release/calc-ipc" bench "$@" >"$folder/goals.json"
case $mode in
    check) python3 scripts/performance.py "$folder/goals.json" "$document" --check ;;
    *) python3 scripts/performance.py "$folder/goals.json" "$document" ;;
esac
