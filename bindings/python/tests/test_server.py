"""Server, with handlers in Python, over every transport."""

import gc
import os
import signal
import subprocess
import sys
import threading
import weakref

from .support import BOUND, SCHEMES, Case, calc_ipc, descriptors, in_child


def reverse(message):
    return message[::-1]


def run_python(case, source, *arguments):
    """A program of its own: its exit code, and what it says."""
    done = subprocess.run([sys.executable, "-X", "faulthandler", "-c", source, *arguments], capture_output=True, text=True, timeout=BOUND)
    return done.returncode, done.stdout, done.stderr


class Serving(Case):
    def test_every_transport(self):
        for scheme in SCHEMES:
            with self.subTest(scheme), calc_ipc.serve(self.url(scheme), reverse) as server:
                with calc_ipc.connect(server.url) as client:
                    for message in (b"", b"x", b"hello", bytes(range(256)) * 256):
                        self.assertEqual(client.call_bytes(message), message[::-1])
                self.assertEqual(server.stats().requests, 4)

    def test_the_calculator(self):
        with calc_ipc.serve(self.url("unix")) as server, calc_ipc.connect(server.url) as client:
            self.assertEqual(client.call("MUL", 6, 7), 42)
            self.assertEqual(client.call(calc_ipc.Operation.DIV, -7, 2), -3)

    def test_a_calculator_of_ones_own(self):
        def calculate(operation, arg1, arg2):
            if operation is calc_ipc.Operation.ADD:
                return arg1 + arg2
            if operation is calc_ipc.Operation.DIV:
                return arg1 // arg2
            if operation is calc_ipc.Operation.MUL:
                raise KeyError("no multiplication here")
            return "nonsense"

        with calc_ipc.serve(self.url("unix"), calculate=calculate) as server, calc_ipc.connect(server.url) as client:
            self.assertEqual(client.call("ADD", 1, 2), 3)
            with self.assertRaisesRegex(calc_ipc.DivisionByZero, "^Division by zero$"):
                client.call("DIV", 1, 0)
            with self.assertRaises(calc_ipc.Overflow):
                client.call("ADD", 2**63 - 1, 1)
            with self.assertLogs("calc_ipc"), self.assertRaisesRegex(calc_ipc.NoResult, "no multiplication here"):
                client.call("MUL", 1, 2)
            with self.assertLogs("calc_ipc"), self.assertRaisesRegex(calc_ipc.NoResult, "whole number"):
                client.call("SUB", 1, 2)

    def test_a_handler_that_raises_or_answers_nonsense(self):
        def handler(message):
            if message == b"exit":
                sys.exit(3)
            if message == b"interrupt":
                raise KeyboardInterrupt
            if message == b"long":
                return bytes(65537)
            if message == b"odd":
                raise OddError
            if message in (b"None", b"text", b"number"):
                return {b"None": None, b"text": "text", b"number": 7}[message]
            raise ValueError("not \0 today: ü" + "x" * 1000)

        class OddError(Exception):
            def __str__(self):
                raise RuntimeError("no text")

        events = []
        with calc_ipc.serve(self.url("unix"), handler, on_event=events.append) as server, calc_ipc.connect(server.url) as client:
            for message in (b"exit", b"interrupt", b"long", b"odd", b"None", b"text", b"number", b"raise"):
                with self.subTest(message), self.assertLogs("calc_ipc", "ERROR"), self.assertRaises(calc_ipc.HandlerFailed):
                    client.call_bytes(message)
            self.assertEqual(server.stats().failed, 8)
        failures = [event.text for event in events if event.kind == "HANDLER_FAILED"]
        self.assertEqual(len(failures), 8)
        self.assertIn("not ? today: ü", failures[-1])
        self.assertIn("65537", failures[2])
        self.assertEqual([event.kind for event in events if event.kind != "HANDLER_FAILED"], ["CAME", "LEFT"])

    def test_answers_at_the_limit(self):
        with calc_ipc.serve(self.url("shm"), lambda message: bytes(int(message)), max_message=1000) as server:
            with calc_ipc.connect(server.url) as client:
                self.assertEqual(client.call_bytes(b"1000"), bytes(1000))
                with self.assertLogs("calc_ipc"), self.assertRaises(calc_ipc.HandlerFailed):
                    client.call_bytes(b"1001")

    def test_an_observer_that_raises(self):
        def on_event(_):
            raise RuntimeError("I will not hear it")

        with self.assertLogs("calc_ipc"), calc_ipc.serve(self.url("unix"), reverse, on_event=on_event) as server:
            with calc_ipc.connect(server.url) as client:
                self.assertEqual(client.call_bytes(b"ab"), b"ba")

    def test_who_asks(self):
        peers = []
        with calc_ipc.serve(self.url("unix"), lambda message: peers.append(calc_ipc.current_peer()) or b"") as server:
            with calc_ipc.connect(server.url) as client:
                client.call_bytes(b"")
        self.assertEqual((peers[0].uid, peers[0].pid), (os.getuid(), os.getpid()))
        with self.assertRaises(calc_ipc.InvalidArgument):
            calc_ipc.current_peer()

    def test_several_workers_and_clients(self):
        meeting = threading.Barrier(4, timeout=BOUND)

        def handler(message):
            meeting.wait()  # passes only if four handlers run at once
            return message

        with calc_ipc.serve(self.url("unix"), handler, workers=4) as server:
            def ask():
                with calc_ipc.connect(server.url, deadline=BOUND) as client:
                    return [client.call_bytes(b"%d" % number) for number in range(20)]

            for join in [self.in_thread(ask) for _ in range(4)]:
                self.assertEqual(join(), [b"%d" % number for number in range(20)])

    def test_a_handler_that_asks_another_server(self):
        with calc_ipc.serve(self.url("unix")) as behind, calc_ipc.connect(behind.url) as inner:
            def handler(message):
                return b"%d" % inner.call("MUL", int(message), 2)

            with calc_ipc.serve(self.url("shm"), handler) as server, calc_ipc.connect(server.url) as client:
                self.assertEqual([client.call_bytes(b"%d" % number) for number in range(50)], [b"%d" % (2 * number) for number in range(50)])

    def test_a_handler_that_asks_its_own_server_in_vain(self):
        servers = []

        def handler(message):
            with calc_ipc.connect(servers[0].url, deadline=0.3, connect_deadline=0.3) as client:
                return client.call_bytes(message)

        with self.assertLogs("calc_ipc"), calc_ipc.serve(self.url("unix"), handler) as server:
            servers.append(server)
            with calc_ipc.connect(server.url) as client, self.assertRaises(calc_ipc.HandlerFailed):
                client.call_bytes(b"", deadline=BOUND)


class LifeCycle(Case):
    def test_arguments_that_are_none(self):
        for arguments in ((None,), (7,), (b"unix:///x",), (self.url("unix"), 7), (self.url("unix"), "text")):
            with self.subTest(arguments), self.assertRaises(TypeError):
                calc_ipc.serve(*arguments)
        with self.assertRaises(TypeError):
            calc_ipc.serve(self.url("unix"), reverse, calculate=lambda *_: 0)
        for options in ({"workers": 5000}, {"mode": 0o10000}, {"max_message": 1}, {"max_clients": -1}, {"idle_timeout": -1}):
            with self.subTest(options), self.assertRaises(ValueError):
                calc_ipc.serve(self.url("unix"), **options)
        with self.assertRaises(PermissionError):
            calc_ipc.serve("tcp://0.0.0.0:0")
        with self.assertRaises(ValueError):
            calc_ipc.serve("exec:///bin/true")

    def test_an_address_that_is_taken(self):
        with calc_ipc.serve(self.url("unix")) as server:
            with self.assertRaises(calc_ipc.AddressInUse) as caught:
                calc_ipc.serve(server.url)
            self.assertIsInstance(caught.exception, OSError)
        with calc_ipc.serve(server.url):
            pass

    def test_use_after_close(self):
        server = calc_ipc.serve(self.url("unix"))
        server.close()
        server.close()
        self.assertTrue(server.closed)
        self.assertTrue(server.wait(BOUND))
        with self.assertRaisesRegex(ValueError, "closed"):
            server.stats()
        with self.assertRaisesRegex(ValueError, "started before"):
            server.start()
        other = calc_ipc.Server(self.url("unix"))
        with self.assertRaisesRegex(ValueError, "start"):
            other.wait()
        other.close()
        with self.assertRaisesRegex(ValueError, "closed"):
            other.start()

    def test_a_handler_that_closes_its_server(self):
        for workers in (1, 3):
            servers = []

            def handler(message):
                servers[0].close()
                return b"bye"

            with calc_ipc.serve(self.url("unix"), handler, workers=workers) as server, calc_ipc.connect(server.url) as client:
                servers.append(server)
                try:
                    self.assertEqual(client.call_bytes(b""), b"bye")
                except ConnectionError:
                    pass  # The server closed all connections before its answer was out.
                self.assertTrue(server.wait(BOUND))

    def test_close_in_many_threads_while_a_handler_runs(self):
        inside, go = threading.Event(), threading.Event()

        def handler(message):
            inside.set()
            go.wait(BOUND)
            return message

        server = calc_ipc.serve(self.url("unix"), handler)
        with calc_ipc.connect(server.url) as client:
            call = self.in_thread(lambda: client.call_bytes(b""))
            self.assertTrue(inside.wait(BOUND))
            joins = [self.in_thread(server.close) for _ in range(4)]
            go.set()
            for join in joins:
                join()
            try:
                call()
            except ConnectionError:
                pass
            self.assertTrue(server.closed)

    def test_a_server_that_ends_when_it_is_idle(self):
        server = calc_ipc.serve(self.url("unix"), stop_when_idle=True)
        self.assertFalse(server.wait(0.01))
        calc_ipc.connect(server.url).close()
        self.assertTrue(server.wait(BOUND))
        server.close()

    def test_servers_that_are_forgotten(self):
        before = descriptors()
        with self.assertWarns(ResourceWarning):
            calc_ipc.Server(self.url("unix"), reverse)  # which does not serve yet
            gc.collect()
        self.assertEqual(descriptors(), before)
        serving = weakref.ref(calc_ipc.serve(self.url("unix"), reverse))
        gc.collect()
        with calc_ipc.connect(serving().url) as client:
            self.assertEqual(client.call_bytes(b"ab"), b"ba")
        serving().close()
        gc.collect()
        self.assertIsNone(serving())

    def test_a_thousand_servers_leave_nothing(self):
        calc_ipc.serve(self.url("unix"), reverse).close()
        before, url = descriptors(), self.url("unix")
        for _ in range(1000):
            with calc_ipc.serve(url, reverse):
                pass
        self.assertEqual(descriptors(), before)
        self.assertEqual(os.listdir(self.folder), [])

    def test_forks(self):
        unstarted = calc_ipc.Server(self.url("unix"), reverse)
        with calc_ipc.serve(self.url("unix"), reverse) as server, in_child(self) as child:

            def inside():
                for use in (server.stats, server.wait, server.start):
                    try:
                        use()
                    except (calc_ipc.Forked, calc_ipc.InvalidArgument):
                        pass
                    else:
                        raise AssertionError(f"a forked child did {use}")
                server.close()
                with unstarted, calc_ipc.connect(unstarted.url) as client:
                    assert client.call_bytes(b"ab") == b"ba"

            child(inside)
            with calc_ipc.connect(server.url) as client:
                self.assertEqual(client.call_bytes(b"on"), b"no")
        unstarted.close()


class Programs(Case):
    """What only whole programs show: how they end."""

    def test_the_interpreter_ends_with_a_server_that_serves(self):
        code, said, told = run_python(
            self,
            "import sys, calc_ipc, threading\n"
            "server = calc_ipc.serve(sys.argv[1], lambda message: message, workers=3)\n"
            "def ask():\n"
            "    try:\n"
            "        with calc_ipc.connect(server.url) as client:\n"
            "            while True: client.call_bytes(b'x')\n"
            "    except calc_ipc.Error: pass\n"
            "for _ in range(4): threading.Thread(target=ask, daemon=True).start()\n"
            "with calc_ipc.connect(server.url) as client: print(client.call_bytes(b'there'))\n",
            self.url("unix"),
        )
        self.assertEqual((code, said, told), (0, "b'there'\n", ""))
        self.assertEqual(os.listdir(self.folder), [])

    def test_the_interpreter_ends_with_clients_and_calls_under_way(self):
        server = self.c_server()
        code, said, told = run_python(
            self,
            "import os, signal, sys, calc_ipc, threading\n"
            "client = calc_ipc.connect(sys.argv[1], deadline=None)\n"
            "client.call('ADD', 1, 2)\n"
            "os.kill(int(sys.argv[2]), signal.SIGSTOP)\n"
            "started = threading.Event()\n"
            "threading.Thread(target=lambda: started.set() or client.call('ADD', 1, 2), daemon=True).start()\n"
            "started.wait()\n"
            "print('end')\n",
            server.url,
            str(server.process.pid),
        )
        self.assertEqual((code, said, told), (0, "end\n", ""))

    def test_a_forked_child_that_exits_leaves_its_parents_server(self):
        code, said, told = run_python(
            self,
            "import os, sys, calc_ipc\n"
            "server = calc_ipc.serve(sys.argv[1], lambda message: message[::-1])\n"
            "client = calc_ipc.connect(server.url)\n"
            "child = os.fork()\n"
            "if child == 0: sys.exit(7)\n"
            "print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), client.call_bytes(b'ab'))\n",
            self.url("unix"),
        )
        # In 3.12 and later Python warns of forks in a program with threads; here that is no error.
        self.assertEqual((code, said), (0, "7 b'ba'\n"), told)

    def test_a_program_that_is_executed(self):
        path = os.path.join(self.folder, "server")
        source = "import calc_ipc\nserver = calc_ipc.serve('stdio:', lambda message: message.upper())\nserver.wait()\n"
        with open(path, "w") as file:
            file.write(f"#!{sys.executable}\n{source}")
        os.chmod(path, 0o700)
        with calc_ipc.connect(f"exec://{path}") as client:
            self.assertEqual(client.call_bytes(b"hello"), b"HELLO")

    def test_ctrl_c_ends_a_program_that_serves(self):
        source = "import sys, calc_ipc\nwith calc_ipc.serve(sys.argv[1]) as server:\n    print(server.url, flush=True)\n    server.wait()\n"
        arguments = [sys.executable, "-c", source, self.url("unix")]
        with subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
            url = process.stdout.readline().strip()
            with calc_ipc.connect(url) as client:
                self.assertEqual(client.call("ADD", 1, 2), 3)
            process.send_signal(signal.SIGINT)
            try:
                _, told = process.communicate(timeout=BOUND)
            finally:
                process.kill()
        self.assertIn("KeyboardInterrupt", told)
        self.assertEqual(os.listdir(self.folder), [])
