"""Processes, channels and bounds that the other modules share.

GATEWAY: the gateway's binary; PROGRAMS: the folder of what CMakeLists.txt builds. scripts/gateway.sh sets both.
"""

import os
import queue
import shutil
import signal
import subprocess
import tempfile
import threading
import time
import unittest

import grpc

from calc_ipc.v1 import calc_ipc_pb2 as pb
from calc_ipc.v1 import calc_ipc_pb2_grpc as stubs

# Seconds in which anything comes, unless it never does.
PATIENCE = 60
# Seconds in which a gateway gives back what a call or a client took.
BOUND = 30
PROGRAMS = os.environ["PROGRAMS"]
LEAST, MOST = -(2**63), 2**63 - 1


class Process:
    """A program that says a line when it is ready, and is killed with the test."""

    def __init__(self, *command, ready, **options):
        self.child = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, **options)
        self.lines = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()
        try:
            self.said = self.next_with(ready)
        except BaseException:
            self.kill()
            raise

    def _read(self):
        for line in self.child.stdout:
            self.lines.put(line.strip())
        self.lines.put(None)

    def next_with(self, words):
        """What follows these words in the next line that has them."""
        while True:
            line = self.lines.get(timeout=PATIENCE)
            if line is None:
                raise AssertionError(f"{self.child.args} ended before it said '{words}'")
            if words in line:
                return line.partition(words)[2].strip()

    def signal(self, number):
        self.child.send_signal(number)

    def ended(self):
        """Its exit status."""
        return self.child.wait(timeout=PATIENCE)

    def kill(self):
        self.child.kill()
        self.child.wait()
        self.child.stdout.close()

    def stop(self):
        """Asks it to end, and gives its exit status."""
        self.signal(signal.SIGTERM)
        return self.ended()


class Backend(Process):
    def __init__(self, *arguments, **options):
        program = os.path.join(PROGRAMS, "backend")
        super().__init__(program, *map(str, arguments), ready="serving ", **options)


class Gateway(Process):
    def __init__(self, *backends, more=(), listen="127.0.0.1:0"):
        asked = [argument for backend in backends for argument in ("--backend", backend)]
        command = [os.environ["GATEWAY"], "--listen", listen, *asked, *map(str, more)]
        super().__init__(*command, ready="listening on ", stderr=subprocess.DEVNULL)
        self.address = self.said

    def used(self):
        """Its resident memory in kB, its threads, and its descriptors."""
        with open(f"/proc/{self.child.pid}/status", encoding="ascii") as status:
            fields = dict(line.split(":", 1) for line in status)
        descriptors = len(os.listdir(f"/proc/{self.child.pid}/fd"))
        return int(fields["VmRSS"].split()[0]), int(fields["Threads"]), descriptors


class Egress(Process):
    """The gateway the other way round: its server is of calc_ipc, and it asks `to`."""

    def __init__(self, url, to, *more):
        command = [os.environ["GATEWAY"], "--serve", url, "--to", f"grpc://{to}", *more]
        super().__init__(*command, ready="listening on ", stderr=subprocess.DEVNULL)


class Case(unittest.TestCase):
    """A test with a folder of its own, whose processes and channels end with it."""

    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="calc_ipc_gateway.")
        self.addCleanup(shutil.rmtree, self.folder)

    def url(self, name, scheme="unix"):
        return f"{scheme}://{self.folder}/{name}"

    def urls(self):
        """One of each transport."""
        return [*(self.url(scheme, scheme) for scheme in ("unix", "seqpacket", "fifo", "shm")), "tcp://127.0.0.1:0"]

    def ends(self, process):
        self.addCleanup(process.kill)
        return process

    def backend(self, *arguments, **options):
        return self.ends(Backend(*arguments, **options))

    def gateway(self, *backends, more=(), listen="127.0.0.1:0"):
        return self.ends(Gateway(*backends, more=more, listen=listen))

    def channel(self, address, options=()):
        alone = ("grpc.use_local_subchannel_pool", 1)
        channel = grpc.insecure_channel(address, options=[alone, *options])
        self.addCleanup(channel.close)
        return channel

    def calculator(self, gateway):
        return stubs.CalculatorStub(self.channel(gateway.address))

    def bytes(self, gateway):
        return stubs.BytesStub(self.channel(gateway.address))

    def until(self, holds, what, bound=BOUND):
        """Waits until something holds, and fails if it never does."""
        end = time.monotonic() + bound
        while not holds():
            self.assertLess(time.monotonic(), end, f"not within {bound} s: {what() if callable(what) else what}")
            time.sleep(0.02)

    def answers_rightly(self, gateway):
        """A call of a new client gets its answer."""
        with grpc.insecure_channel(gateway.address) as channel:
            request = pb.ExecuteRequest(operation=pb.OPERATION_ADD, arg1=40, arg2=2)
            response = stubs.CalculatorStub(channel).Execute(request, timeout=BOUND)
        self.assertEqual(response.result, 42)


def ask(operation, arg1, arg2):
    return pb.ExecuteRequest(operation=operation, arg1=arg1, arg2=arg2)


def add(arg1, arg2):
    return ask(pb.OPERATION_ADD, arg1, arg2)


def message(text):
    return pb.CallRequest(body=text if isinstance(text, bytes) else text.encode())


def trailers(failure):
    """What the two trailers say, each None where it is missing."""
    said = dict(failure.trailing_metadata() or ())
    return said.get("calc-ipc-status"), said.get("calc-ipc-executed")


def told(failure):
    """The code's name, and what the trailers say."""
    return (failure.code().name, *trailers(failure))


SERVING = b"\x08\x01"


def is_serving(channel, service):
    """What grpc.health.v1 says of a service; its messages are written out, since Debian has no Python for them."""
    name = service.encode()
    check = channel.unary_unary("/grpc.health.v1.Health/Check")
    return check(b"\x0a" + bytes([len(name)]) + name, timeout=PATIENCE) == SERVING
