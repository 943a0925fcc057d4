#!/bin/sh
# The long runs of tests/crash, on a machine that has nothing else to do: about half an hour. A failure prints the seed
# that repeats it: CALC_IPC_SEED=... cargo test --test crash NAME
set -eu
cd "$(dirname "$0")/.."
. scripts/tools.sh
need cc gcc
install_needed

CALC_IPC_SEED=${CALC_IPC_SEED:-random}
export CALC_IPC_SEED

cargo test --locked --release --test crash --no-run
crash() { cargo test --locked --release --test crash -- --nocapture "$@"; }

# Alone, since it measures time, to the contract's limits in each round.
CALC_IPC_STRICT=1 CALC_IPC_KILLS=1000 crash prompt:: --test-threads=1
CALC_IPC_ROUNDS=5000 crash points::
CALC_IPC_CALLS=1000000 crash soak::
CALC_IPC_HANDLES=100000 crash handles::
CALC_IPC_KILLS=2000 cargo test --locked --release --test not_executed_kills
CALC_IPC_KILLS=100000 CALC_IPC_OVER=uds cargo test --locked --release --test not_executed_kills
