#!/bin/sh
# site.sh [FOLDER]: makes the site, guides and reference, in build/site or FOLDER, and says where it is.
# site.sh check [FOLDER [PICTURES]]: makes it, and looks at every page in Chromium, on a desktop and on a phone, light and dark.
set -eu
cd "$(dirname "$0")/.."
. scripts/tools.sh
what=build
[ "${1:-}" != check ] || { what=check; shift; }
need doxygen doxygen
need /usr/share/doxygen-awesome-css/doxygen-awesome.css doxygen-awesome-css
need /usr/bin/python3 python3
need /usr/lib/python3/dist-packages/markdown_it python3-markdown-it
need /usr/lib/python3/dist-packages/pygments python3-pygments
if [ $what = check ]; then
    need chromedriver chromium-driver
    need chromium chromium
fi
install_needed

site=${1:-build/site}
# The modules are those of Debian's Python.
/usr/bin/python3 -B scripts/site/build.py "$site"
[ $what = check ] || exit 0

place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
trap 'exit 1' HUP INT TERM
# The browser's crash reports and caches go where they are removed.
HOME="$place" XDG_CONFIG_HOME="$place" XDG_CACHE_HOME="$place" TMPDIR="$place" \
    /usr/bin/python3 -B scripts/site/check.py "$site" ${2:+"$2"}
