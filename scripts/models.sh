#!/bin/sh
# models.sh [MODEL...]: searches every state of the protocols that are written down in models/ (Promela, spin), for ones in
# which nobody can go on though somebody waits, and for failed assertions. Then it takes out each guard that a model names
# (MUTATION) and wants the search to find what happens without it: a model that finds nothing proves nothing.
set -eu
cd "$(dirname "$0")/.."
. scripts/tools.sh
need cc gcc
need spin spin
install_needed

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM

# search MODEL [-DMUTATION]: prints pan's verdict.
search() {
    (
        cd "$work"
        spin ${2:+"$2"} -a "$1" >said 2>&1 || { cat said >&2; exit 1; }
        cc -O2 -DSAFETY -DCOLLAPSE -w -o pan pan.c
        ./pan -m4000000 >said 2>&1 || true
        cat said
    )
}

[ $# -gt 0 ] || set -- models/*.pml
for model in "$@"; do
    path=$PWD/$model
    verdict=$(search "$path")
    case $verdict in
        *"Search not completed"* | *"max search depth too small"*) complete=no ;;
        *) complete=yes ;;
    esac
    case $complete$verdict in
        yes*"errors: 0"*) ;;
        *)
            printf '%s\n%s: FAILED\n' "$verdict" "$model" >&2
            exit 1
            ;;
    esac
    echo "$model: $(printf '%s\n' "$verdict" | sed -n 's/^ *\([0-9e+.]*\) states, stored.*/\1/p') states, no error"
    mutations=$(sed -n 's/^.*MUTATION \([A-Z_]*\).*/\1/p' "$model")
    if [ -z "$mutations" ]; then
        echo "$model: FAILED: it names no guard" >&2
        exit 1
    fi
    for mutation in $mutations; do
        case $(search "$path" "-D$mutation") in
            *"errors: 1"*) echo "$model: without the guard, $mutation is found" ;;
            *)
                echo "$model: FAILED: $mutation is not found" >&2
                exit 1
                ;;
        esac
    done
done
