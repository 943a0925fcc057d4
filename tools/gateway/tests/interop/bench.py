"""bench.py SECONDS: gRPC C++ that calculates in place, and the gateway before a C handler over a Unix socket, by the same client, in
turns. Prints the medians of three rounds, and how they compare with the goals. Exit status 1: a goal is missed."""

import os
import statistics
import subprocess
import sys
import tempfile

from support import PROGRAMS, Backend, Gateway, Process

ROUNDS = 3
RATE, MEDIAN = 1, 2
# What is measured: the kind of calls, clients, the column of what `load` prints, its unit.
MEASURED = {
    "1 client, p50": ("unary", 1, MEDIAN, "us"),
    "64 clients": ("unary", 64, RATE, "/s"),
    "stream": ("stream", 1, RATE, "/s"),
    "batch of 64": ("batch", 1, RATE, "/s"),
}
# The gateway's share of what gRPC C++ has: at most, or at least.
GOALS = {
    "1 client, p50": ("<=", 1.25),
    "64 clients": (">=", 0.9),
    "stream": (">=", 1.5),
    "batch of 64": (">=", 0.8),
    "RSS": ("<=", 0.5),
}


def memory(process):
    with open(f"/proc/{process.child.pid}/status", encoding="ascii") as status:
        return int(next(line for line in status if line.startswith("VmRSS")).split()[1])


def load(server, kind, clients, seconds):
    command = [os.path.join(PROGRAMS, "load"), server.said, kind, str(clients), str(seconds)]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()


def measure(servers, seconds):
    """Of each of the two servers: what is measured, by its name."""
    values = [{name: [] for name in MEASURED} for _ in servers]
    for _ in range(ROUNDS):
        for name, (kind, clients, column, _) in MEASURED.items():
            for server, into in zip(servers, values):
                into[name].append(float(load(server, kind, clients, seconds)[column]))
    medians = [{name: statistics.median(times) for name, times in of.items()} for of in values]
    for server, of in zip(servers, medians):
        of["RSS"] = memory(server)
    return medians


def report(in_place, gateway):
    """Prints each row, and gives how many goals are missed."""
    missed = 0
    print(f"{'':15} {'in place':>10} {'gateway':>10}    {'ratio':>6}  goal")
    for name, (relation, goal) in GOALS.items():
        unit = MEASURED[name][3] if name in MEASURED else "kB"
        ratio = gateway[name] / in_place[name]
        is_met = ratio <= goal if relation == "<=" else ratio >= goal
        missed += not is_met
        row = f"{name:15} {in_place[name]:10.0f} {gateway[name]:10.0f} {unit:2} {ratio:6.2f}  {relation} {goal}"
        print(row + ("" if is_met else "  MISSED"))
    return missed


def main(seconds):
    with tempfile.TemporaryDirectory(prefix="calc_ipc_gateway.") as folder:
        url = f"unix://{folder}/calculator"
        processes = []
        try:
            processes.append(Backend("calculator", url))
            processes.append(Process(os.path.join(PROGRAMS, "in_place"), ready="listening on "))
            processes.append(Gateway(url))
            return min(report(*measure(processes[1:], seconds)), 1)
        finally:
            for process in processes:
                process.kill()


if __name__ == "__main__":
    sys.exit(main(float(sys.argv[1])))
