#!/bin/sh
# codec.sh [ROUNDS [SEED]]: mutants of messages through the codec, 10^8 unless told otherwise: what is parsed is just what
# serialising gives. Each run has a seed of its own, which a failure prints.
set -eu
cd "$(dirname "$0")/.."
. scripts/tools.sh
need cc gcc
install_needed

CODEC_ROUNDS=${1:-100000000}
CODEC_SEED=${2:-$(od -An -N4 -tu4 /dev/urandom | tr -d ' ')}
export CODEC_ROUNDS CODEC_SEED
echo "$CODEC_ROUNDS mutants from seed $CODEC_SEED"
# Optimised as a whole the test would take longer to build than to run.
cargo test --locked --release --config 'profile.release.lto="off"' --config profile.release.codegen-units=16 \
    --target-dir "${CARGO_TARGET_DIR:-target}/codec" --test codec_properties -- what_parses
