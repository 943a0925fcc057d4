"""What the tests share: servers in C, addresses over every transport, and who is bounded by what.

scripts/python.sh compiles cpp_tests/c_url.c, which calculates and answers all else in reverse, and names it in $CALC_IPC_TEST_SERVER.
"""

import contextlib
import itertools
import os
import signal
import subprocess
import tempfile
import threading
import time
import unittest

import calc_ipc

SCHEMES = ("unix", "seqpacket", "fifo", "shm", "tcp")
# A hang is told by this many seconds: no test waits as long for anything that works.
BOUND = 60
LIMIT = 1 << 20  # what the server in C takes and answers at most
_numbers = itertools.count()


def program():
    return os.environ["CALC_IPC_TEST_SERVER"]


def remove_names(path):
    """What a server that was killed has left there."""
    for name in (path, f"{path}.lock"):
        with contextlib.suppress(FileNotFoundError):
            os.remove(name)


class Case(unittest.TestCase):
    """A test with a folder of its own, and a bound, at which the whole run ends."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name

    def url(self, scheme):
        """An address that nobody has."""
        name = f"calc_ipc-py-{os.getpid()}-{next(_numbers)}"
        if scheme == "tcp":
            return "tcp://127.0.0.1:0"
        if scheme == "shm":
            self.addCleanup(remove_names, f"/dev/shm/{name}")
        return f"shm://{name}" if scheme == "shm" else f"{scheme}://{self.folder}/{name}"

    def c_server(self, scheme="unix"):
        """A server in C, of its own process."""
        return CServer(self, self.url(scheme))

    def until(self, condition, what):
        """Waits for what another process does."""
        end = time.monotonic() + BOUND
        while not condition():
            self.assertLess(time.monotonic(), end, f"never: {what}")
            time.sleep(0.01)

    def in_thread(self, function):
        """Runs it in another thread. Gives what joins it, and returns or raises what it did."""
        came = []

        def run():
            try:
                came.append((function(), None))
            except BaseException as error:
                came.append((None, error))

        thread = threading.Thread(target=run, daemon=True)
        thread.start()

        def join():
            thread.join(BOUND)
            self.assertFalse(thread.is_alive(), "a thread hangs")
            result, error = came[0]
            if error is not None:
                raise error
            return result

        return join


class CServer:
    """c_url serve URL."""

    def __init__(self, case, url):
        self.process = subprocess.Popen([program(), "serve", url], stderr=subprocess.PIPE, text=True)
        case.addCleanup(self.end)
        self.url = self.process.stderr.readline().strip()

    def freeze(self):
        """It answers nothing from here on. Whoever waits for it does so until thaw() or kill()."""
        self.process.send_signal(signal.SIGSTOP)
        os.waitid(os.P_PID, self.process.pid, os.WSTOPPED)

    def thaw(self):
        self.process.send_signal(signal.SIGCONT)

    def kill(self):
        self.process.kill()
        self.process.wait(BOUND)

    def end(self):
        self.thaw()
        self.process.terminate()
        self.process.wait(BOUND)
        self.process.stderr.close()


def descriptors():
    """What this process has open, by number and name, without the folder that tells it."""
    found = {}
    for name in os.listdir("/proc/self/fd"):
        with contextlib.suppress(OSError):
            found[int(name)] = os.readlink(f"/proc/self/fd/{name}")
    return {number: name for number, name in found.items() if not name.endswith("/fd")}


@contextlib.contextmanager
def in_child(case):
    """Runs the body's list of assertions in a forked child: `child(function)`. It fails with the child's text."""

    def child(function):
        reading, writing = os.pipe()
        process = os.fork()
        if process == 0:
            text = b""
            try:
                function()
            except BaseException as error:
                text = repr(error).encode()
            os.write(writing, text)
            os._exit(1 if text else 0)
        os.close(writing)
        with os.fdopen(reading, "rb") as said:
            text = said.read()
        _, status = os.waitpid(process, 0)
        case.assertEqual((status, text), (0, b""))

    yield child


def calls(client):
    """What every client of the server in C gets."""
    return [client.call("ADD", 10, 20), client.call("MUL", 1000000, 1000000), client.call_bytes(b"hello")]


EXPECTED = [30, 1000000000000, b"olleh"]

__all__ = [
    "BOUND", "Case", "CServer", "EXPECTED", "LIMIT", "SCHEMES", "calc_ipc", "calls", "descriptors", "in_child", "program",
]
