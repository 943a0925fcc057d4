#!/bin/sh
# report_in_browser.sh [REPORT.json [FOLDER]]: makes a page of a report of `calc-ipc bench --json`, by default of one that is
# made for tests, and looks at it in Chromium: on a desktop and on a phone, light and dark. Pictures go to FOLDER, if named.
set -eu
cd "$(dirname "$0")/.."
. scripts/tools.sh
need chromedriver chromium-driver
need chromium chromium
need python3 python3
install_needed

report=${1:-tools/calc-ipc/tests/data/report.json}
page=$(mktemp -d)
trap 'rm -rf "$page"' EXIT
trap 'exit 1' HUP INT TERM
cargo run --quiet --locked -p calc-ipc-cli -- report "$report" --out "$page/report.html"
# Its crash reports and caches go where they are removed with the page.
HOME="$page" XDG_CONFIG_HOME="$page" XDG_CACHE_HOME="$page" TMPDIR="$page" \
    python3 -B scripts/report_in_browser.py "$page/report.html" ${2:+"$2"}
