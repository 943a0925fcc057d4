#!/bin/sh
# container.sh FOLDER PROGRAM [ARGUMENT...]: runs the program in a container: it has processes, users, IPC objects, a network, /dev/shm
# and /run of its own, and shares FOLDER, which it finds at /run/calc.
folder=$1
shift
exec bwrap --unshare-all --die-with-parent --ro-bind / / --proc /proc --dev /dev --tmpfs /run --bind "$folder" /run/calc "$@"
