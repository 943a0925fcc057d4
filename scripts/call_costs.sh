#!/bin/sh
# call_costs.sh [--update]: what a call costs, told without a clock: the instructions of each side in user space and its
# system calls, over every transport. Compares them with cpp_tests/call_costs.txt, or writes them there.
#
# Both sides use the optimised library under valgrind, for a number of calls and for twice as many: the difference is
# the calls' alone. Counts repeat, within 0.1 % on an idle machine and 1.5 % on a crowded one, since little is left to
# chance: nobody spins, no turn ends by the clock, which moves once a second, and both sides share one CPU as SCHED_BATCH
# (sched(7)): who is woken waits until the other sleeps, so that everybody really sleeps. glibc copies and compares with
# what every x86-64 has, not with what this CPU has.
#
# A call over shared memory for which nobody sleeps is counted on two CPUs, one side at a time. How often that side looks for what
# the other one does is chance, so what counts is the instructions that every call executes just once. The clock, which ends a
# spin, moves once a minute; and of its system calls, those that at least every second call makes: a side that is off its CPU for
# long lets the other one sleep, however seldom that is.
#
# Where valgrind is not the machine: clock_gettime and getcpu, natively some instructions of the vDSO, are system calls,
# so they are listed apart, after a slash. valgrind 3.19 knows no pidfd_open, so the client of a pipe polls one descriptor, not
# two. RWF_NOSIGNAL gets through. A kernel without it (before Linux 6.18) costs four system calls in place of one pwritev2.
# Each byte of what shared memory copies as one string (src/sys/shared_bytes.rs) counts as an instruction, though it is none: there
# are two copies of 32 KiB on each side.
set -eu
cd "$(dirname "$0")/.."
. scripts/tools.sh
need cc gcc
need c++ g++
need cmake cmake
need ninja ninja-build
need taskset util-linux
need valgrind valgrind
install_needed

recorded=cpp_tests/call_costs.txt
run=$(mktemp -d)
server=""
finish() {
    [ -z "$server" ] || kill "$server" 2>/dev/null || true
    rm -rf "$run"
}
trap finish EXIT
trap 'exit 1' HUP INT TERM

[ -e build/release-tests/build.ninja ] || cmake --preset release-tests >/dev/null
cmake --build --preset release-tests --target calc_ipc_call_costs >"$run/built" 2>&1 || { cat "$run/built" >&2; exit 1; }
program=$PWD/build/release-tests/cpp_tests/calc_ipc_call_costs

GLIBC_TUNABLES=glibc.cpu.hwcaps=-AVX512F,-AVX2,-AVX,-SSSE3,-ERMS,-FSRM
export GLIBC_TUNABLES
# The last CPU that this process may use, and the first.
cpu=$(taskset -cp $$ | sed 's/.*[ ,-]//')
other_cpu=$(taskset -cp $$ | sed 's/.*: //; s/[,-].*//')
if [ "${1:-}" = --update ] && [ "$cpu" = "$other_cpu" ]; then
    echo "call_costs.sh: --update needs two CPUs, or what is counted on two would be lost" >&2
    exit 1
fi
# valgrind names some system calls and numbers all.
printf '#include <sys/syscall.h>\n' | cc -E -dM - | awk '/ __NR_/ { sub(/__NR_/, "", $2); print $3, $2 }' >"$run/names"

# The only side that is counted, and runs under valgrind; nothing: both.
only=""

# Before all others on its CPU, where that is allowed: who spins for a side that is off its CPU looks at the clock, too.
first=""
nice -n -20 true 2>"$run/refused" && [ ! -s "$run/refused" ] && first="nice -n -20"

# counted SIDE: the words that run a side and count it into SIDE.out and SIDE.log.
counted() {
    if [ -n "$only" ] && [ "$only" != "$1" ]; then
        echo $first taskset -c "$other_cpu"
        return
    fi
    echo ${only:+$first} taskset -c "$cpu" chrt --batch 0 valgrind --tool=callgrind --trace-syscalls=yes \
        --dump-instr=yes --dump-line=no --compress-pos=no --callgrind-out-file="$run/$1.out" --log-file="$run/$1.log"
}

# once TRANSPORT WORK CALLS: runs both sides, counted.
once() {
    case $2 in
        bytes) serve="serve-bytes" ;;
        spun) serve="serve-spun" ;;
        *) serve="serve" ;;
    esac
    case $1 in
        unix | seqpacket | fifo) url=$1://$run/address ;;
        shm) url=shm://calc_ipc_costs.$$ ;;
        tcp) url=tcp://127.0.0.1:0 ;;
        pipe) url=exec://$run/pipe_server ;;
        none) url="" ;;
    esac
    case $1 in
        none) ;;
        pipe)
            [ "$serve" = serve ] && serve="serve-pipe" || serve="serve-bytes stdio:"
            printf '#!/bin/sh\nexec %s "%s" %s\n' "$(counted server)" "$program" "$serve" >"$run/pipe_server"
            chmod +x "$run/pipe_server"
            ;;
        *)
            mkfifo "$run/where"
            $(counted server) "$program" "$serve" "$url" >"$run/where" &
            server=$!
            exec 3<"$run/where"
            # Its first line says where it serves; if it ends instead, so does the wait.
            read -r url <&3 || {
                echo "call_costs.sh: FAILED: the server over $1 did not start" >&2
                exit 1
            }
            rm "$run/where"
            ;;
    esac
    $(counted client) "$program" "$2" "$3" "$url"
    [ -z "$server" ] || wait "$server"
    server=""
}

# are_whole SIDE...: whether valgrind wrote all that it had to say of the last run, which a full disk cuts.
are_whole() {
    for side in "$@"; do
        grep -q '^totals: ' "$run/$side.out" && grep -q '== Collected : ' "$run/$side.log" || return 1
    done
}

# once_whole TRANSPORT WORK CALLS SIDE...: once, until it is whole.
once_whole() {
    for try in 1 2 3 4 5; do
        once "$1" "$2" "$3"
        (shift 3 && are_whole "$@") && return
    done
    echo "call_costs.sh: $run: what valgrind wrote is cut. Is the disk full?" >&2
    return 1
}

# counts SIDE: "instructions N", and "NAME N" for each system call of the last run. One that waits has a second line, "...".
counts() {
    sed -n 's/^summary: /instructions /p' "$run/$1.out"
    sed -n '/^SYSCALL.* \.\.\. \[async\]/d; s/^SYSCALL\[[0-9,]*\]( *\([0-9]*\)).*/\1/p' "$run/$1.log" |
        awk 'NR == FNR { name[$1] = $2; next } { ++n[name[$1]] } END { for (each in n) print each, n[each] }' "$run/names" - |
        sort
}

# once_each SIDE CALLS: how many instructions the second of two runs executed once more than the first in each of its calls, give
# or take one in fifty. A line after "calls=" is of what was called.
once_each() {
    awk -v calls="$2" '
        /^calls=/ { getline; next }
        /^0x/ { n[$1] += NR == FNR ? -$2 : $2 }
        END { for (each in n) sum += n[each] > calls * 0.98 && n[each] < calls * 1.02; print sum }' "$run/$1.out.1" "$run/$1.out.2"
}

# measure TRANSPORT WORK CALLS SIDE...: prints "TRANSPORT WORK SIDE INSTRUCTIONS NAME=N... / NAME=N..." for each side.
measure() {
    transport=$1 work=$2 calls=$3
    shift 3
    for times in 1 2; do
        once_whole "$transport" "$work" $((calls * times)) "$@"
        for side in "$@"; do
            counts "$side" >"$run/$side.$times"
            mv "$run/$side.out" "$run/$side.out.$times"
        done
    done
    for side in "$@"; do
        awk -v calls="$calls" -v what="$transport $work $side" -v once="$([ -z "$only" ] || once_each "$side" "$calls")" '
            NR == FNR { before[$1] = $2; next }
            { n = ($2 - before[$1]) / calls }
            $1 == "instructions" { instructions = once == "" ? n : once; next }
            n < (once == "" ? 0.05 : 0.5) { next }
            once != "" && $1 ~ /^(clock_gettime|getcpu)$/ { next }
            $1 ~ /^(clock_gettime|getcpu)$/ { vdso = vdso sprintf(" %s=%.3g", $1, n); next }
            { real = real sprintf(" %s=%.3g", $1, n) }
            END { printf "%s %.0f%s /%s\n", what, instructions, real, vdso }' "$run/$side.1" "$run/$side.2"
    done
}

# again TRANSPORT WORK: measures what a work costs; many is 64 requests at once, loop as many submitted, bytes 32 KiB there and back.
again() {
    case $2 in
        call) measure "$1" call 1000 client server ;;
        spun)
            for only in client server; do
                measure "$1" spun 1000 $only
            done
            only=""
            ;;
        many | loop | bytes) measure "$1" "$2" 200 client server ;;
        *) measure "$1" "$2" 500 client ;;
    esac
}

compiled_by() {
    echo "# $(rustc --version | cut -d' ' -f1-2), g++ $(c++ -dumpfullversion), $(getconf GNU_LIBC_VERSION)," \
        "$(valgrind --version), $(uname -m)"
}

for transport in unix seqpacket tcp fifo pipe shm; do
    for work in call many bytes cxx class; do
        again $transport $work
    done
done >"$run/now"
# How often others are told, and so how many system calls, is less certain over other transports.
again unix loop >>"$run/now"
again none chars >>"$run/now"
again none codec >>"$run/now"
grep -v '^#' "$recorded" >"$run/recorded" || true
if [ "$cpu" != "$other_cpu" ]; then
    again shm spun >>"$run/now"
else
    echo "There is one CPU: a call over shared memory for which nobody sleeps is not counted."
    sed -i '/^shm spun /d' "$run/recorded"
fi

if [ "${1:-}" = --update ]; then
    # Chance makes no figure smaller than it is: the least of three counts.
    again shm spun >>"$run/now"
    again shm spun >>"$run/now"
    {
        echo "# Written by scripts/call_costs.sh --update, on Linux $(uname -r | cut -d. -f1-2), with"
        compiled_by
        awk '{ what = $1 " " $2 " " $3 }
            !(what in least) { order[++n] = what }
            !(what in least) || $4 < least[what] { least[what] = $4; line[what] = $0 }
            END { for (i = 1; i <= n; ++i) print line[order[i]] }' "$run/now"
    } >"$recorded"
    exit
fi

if [ "$(compiled_by)" != "$(sed -n 2p "$recorded")" ]; then
    echo "Recorded with: $(sed -n '2s/^# //p' "$recorded")"
    echo "This is:       $(compiled_by | sed 's/^# //')"
    echo "Compilers differ by more than changes do: instructions may be 15 % more here."
    tolerance=15
else
    tolerance=3
fi
# What looks worse is measured again, four times at most: chance makes no figure smaller than it is.
for attempt in 1 2 3 4 5; do
    awk -v tolerance=$tolerance -f scripts/call_costs.awk "$run/recorded" "$run/now" >"$run/table" && failed=0 || failed=1
    [ $failed = 1 ] && [ $attempt -lt 5 ] || break
    awk '/WORSE/ { print $1, $2 }' "$run/table" | sort -u >"$run/worse"
    while read -r transport work; do
        again "$transport" "$work" >>"$run/now" </dev/null
    done <"$run/worse"
done
cat "$run/table"
exit $failed
