"""Client, asking a server in C of another process, over every transport."""

import copy
import pickle
import queue
import signal
import threading
import time

from .support import BOUND, EXPECTED, LIMIT, SCHEMES, Case, CServer, calc_ipc, calls, descriptors, in_child, program


class Calls(Case):
    def test_every_transport_in_the_main_thread_and_in_another(self):
        for scheme in SCHEMES:
            with self.subTest(scheme), calc_ipc.connect(self.c_server(scheme).url) as client:
                self.assertEqual(calls(client), EXPECTED)
                self.assertEqual(self.in_thread(lambda: calls(client))(), EXPECTED)

    def test_a_program_that_is_executed(self):
        with calc_ipc.connect(f"exec://{program()}") as client:
            self.assertEqual(calls(client), EXPECTED)

    def test_what_has_no_result(self):
        with calc_ipc.connect(self.c_server().url) as client:
            for ask in (lambda: client.call("DIV", 1, 0), lambda: self.in_thread(lambda: client.call("DIV", 1, 0))()):
                with self.assertRaises(ZeroDivisionError) as caught:
                    ask()
                self.assertIsInstance(caught.exception, calc_ipc.Error)
                self.assertEqual((str(caught.exception), caught.exception.status), ("Division by zero", 0))
            with self.assertRaises(OverflowError):
                client.call("ADD", 2**63 - 1, 1)
            self.assertEqual(client.call("SUB", -(2**63), 0), -(2**63))

    def test_batches(self):
        asked = [("ADD", number, number) for number in range(3000)] + [("DIV", 1, 0), ("MUL", 7, 8)]
        for scheme in SCHEMES:
            with self.subTest(scheme), calc_ipc.connect(self.c_server(scheme).url, max_message=LIMIT) as client:
                answers = client.call_many(iter(asked), return_exceptions=True)
                self.assertEqual(answers[:3000], [2 * number for number in range(3000)])
                self.assertIsInstance(answers[3000], calc_ipc.DivisionByZero)
                self.assertEqual(answers[3001], 56)
                with self.assertRaises(calc_ipc.DivisionByZero) as caught:
                    client.call_many(asked)
                self.assertEqual(len(caught.exception.answers), 3002)
                self.assertEqual(client.call_many([]), [])

    def test_sizes_up_to_the_limit_and_over_it(self):
        for scheme in SCHEMES:
            with self.subTest(scheme), calc_ipc.connect(self.c_server(scheme).url, max_message=LIMIT) as client:
                for ask in (client.call_bytes, lambda message: self.in_thread(lambda: client.call_bytes(message))()):
                    for size in (0, 1, 52, 53, 65536, LIMIT):
                        message = bytes(number % 251 for number in range(size))
                        self.assertEqual(ask(message), message[::-1])
                    with self.assertRaises(calc_ipc.TooLarge) as caught:
                        ask(bytes(LIMIT + 1))
                    self.assertTrue(caught.exception.not_executed)
                    self.assertIn(str(LIMIT), str(caught.exception))
                self.assertEqual(client.call_bytes(b"on"), b"no")

    def test_answers_over_the_limit_of_the_client(self):
        with calc_ipc.serve(self.url("unix"), lambda message: bytes(60000)) as server:
            with calc_ipc.connect(server.url, max_message=1000) as client:
                for ask in (client.call_bytes, lambda message: self.in_thread(lambda: client.call_bytes(message))()):
                    with self.assertRaises(calc_ipc.TooLarge):
                        ask(b"")

    def test_all_that_is_like_bytes(self):
        with calc_ipc.connect(self.c_server().url) as client:
            for message in (bytearray(b"abc"), memoryview(b"abc"), memoryview(b"a-b-c")[::2]):
                self.assertEqual(client.call_bytes(message), b"cba")

    def test_threads_that_share_connections(self):
        with calc_ipc.connect(self.c_server().url, connections=4) as client:
            joins = [self.in_thread(lambda: [client.call("ADD", number, 1) for number in range(100)]) for _ in range(8)]
            mine = [client.call("ADD", number, 1) for number in range(100)]
            for join in joins:
                self.assertEqual(join(), mine)

    def test_two_calls_over_one_connection_are_busy(self):
        server, ended = self.c_server(), queue.Queue()
        with calc_ipc.connect(server.url) as client:
            client.call("ADD", 1, 2)
            server.freeze()

            def ask():
                try:
                    ended.put(client.call("ADD", 1, 2))
                except calc_ipc.Error as error:
                    ended.put(error)

            joins = [self.in_thread(ask) for _ in range(2)]
            busy = ended.get(timeout=BOUND)  # whichever came second; the other one waits
            self.assertIsInstance(busy, calc_ipc.Busy)
            self.assertTrue(busy.not_executed)
            with self.assertRaises(calc_ipc.Busy):
                client.call("ADD", 3, 4)
            server.thaw()
            self.assertEqual(ended.get(timeout=BOUND), 3)
            for join in joins:
                join()


class Failures(Case):
    def test_nobody_there(self):
        for scheme in ("unix", "seqpacket", "fifo", "shm"):
            with self.subTest(scheme), self.assertRaises(ConnectionRefusedError) as caught:
                calc_ipc.connect(self.url(scheme))
            self.assertIsInstance(caught.exception, calc_ipc.NotConnected)
            self.assertEqual(caught.exception.code, "NOT_CONNECTED")
            self.assertIn("no server there", str(caught.exception))
            self.assertTrue(caught.exception.not_executed)

    def test_arguments_that_are_none(self):
        for url in (None, 7, b"unix:///x", object()):
            with self.assertRaises(TypeError):
                calc_ipc.connect(url)
        for url in ("", "nonsense", "unix://relative", "unix:///a\0b", "stdio:", "\udcff", "x" * 100000):
            with self.assertRaises(ValueError):
                calc_ipc.connect(url)
        url = self.c_server().url
        for options in ({"connections": -1}, {"max_message": 3}, {"max_message": 2**70}, {"deadline": 0}, {"deadline": float("nan")},
                        {"connections": 2000}, {"deadline": -1}, {"deadline": 1e10}, {"connect_deadline": 0}):
            with self.subTest(options), self.assertRaises(ValueError):
                calc_ipc.connect(url, **options)
        for options in ({"connections": "2"}, {"deadline": "1"}, {"max_message": 1000.0}, {"server_uid": "root"}, {"nonsense": 1}):
            with self.subTest(options), self.assertRaises(TypeError):
                calc_ipc.connect(url, **options)

    def test_questions_that_are_none(self):
        with calc_ipc.connect(self.c_server().url) as client:
            for question in (("add", 1, 2), ("POW", 1, 2), (9, 1, 2), ("ADD", 2**63, 0), ("ADD", 0, -(2**63) - 1)):
                with self.subTest(question), self.assertRaises(calc_ipc.InvalidArgument):
                    client.call(*question)
            for question in ((None, 1, 2), ("ADD", 1.5, 2), ("ADD", "1", 2), (b"ADD", 1, 2), ("ADD", None, None)):
                with self.subTest(question), self.assertRaises(TypeError):
                    client.call(*question)
            for message in (None, "text", 5, [1, 2], object()):
                with self.subTest(message), self.assertRaises(TypeError):
                    client.call_bytes(message)
            for deadline in (0, -1, float("nan"), float("inf")):
                with self.subTest(deadline), self.assertRaises(ValueError):
                    client.call("ADD", 1, 2, deadline=deadline)
            with self.assertRaises(TypeError):
                client.call("ADD", 1, 2, deadline="soon")
            self.assertEqual(calls(client), EXPECTED)

    def test_an_answer_that_is_no_calculators(self):
        with calc_ipc.serve(self.url("unix"), lambda message: b"good day") as server, calc_ipc.connect(server.url) as client:
            for ask in (lambda: client.call("ADD", 1, 2), lambda: self.in_thread(lambda: client.call("ADD", 1, 2))()):
                with self.assertRaises(calc_ipc.Malformed):
                    ask()

    def test_deadlines(self):
        server = self.c_server()
        with calc_ipc.connect(server.url, deadline=0.2) as client:
            client.call("ADD", 1, 2)
            server.freeze()
            for ask in (
                lambda: client.call("ADD", 1, 2),
                lambda: client.call_bytes(b"x", deadline=0.1),
                lambda: self.in_thread(lambda: client.call("ADD", 1, 2))(),
            ):
                with self.assertRaises(TimeoutError) as caught:
                    ask()
                self.assertIsInstance(caught.exception, calc_ipc.TimedOut)
            server.thaw()
            self.assertEqual(client.call("ADD", 5, 6, deadline=BOUND), 11)  # and never a late answer

    def test_a_server_that_is_killed_in_mid_call(self):
        for scheme in SCHEMES:
            for in_main in (True, False):
                with self.subTest(scheme, in_main=in_main):
                    server = self.c_server(scheme)
                    with calc_ipc.connect(server.url, deadline=BOUND) as client:
                        client.call("ADD", 1, 2)
                        server.freeze()
                        threading.Timer(0.1, server.kill).start()
                        with self.assertRaises(ConnectionError) as caught:
                            if in_main:
                                client.call("ADD", 1, 2)
                            else:
                                self.in_thread(lambda: client.call("ADD", 1, 2))()
                        self.assertIsInstance(caught.exception, (calc_ipc.Closed, calc_ipc.PeerDied))
                        with self.assertRaises(ConnectionError) as again:
                            client.call("ADD", 1, 2)
                        self.assertTrue(again.exception.not_executed)
                    server.kill()

    def test_a_client_that_reconnects(self):
        url = self.url("unix")
        with calc_ipc.connect(url, reconnect=True) as client:
            with self.assertRaises(calc_ipc.NotConnected):
                client.call("ADD", 1, 2)
            for _ in range(2):
                server = CServer(self, url)
                self.assertEqual(client.call("ADD", 1, 2), 3)
                server.kill()
                with self.assertRaises(ConnectionError):
                    client.call("ADD", 1, 2)

    def test_errors_survive_pickling(self):
        error = calc_ipc.TimedOut("late", not_executed=True, answers=(1,))
        for again in (pickle.loads(pickle.dumps(error)), copy.copy(error)):
            self.assertEqual((type(again), str(again), again.not_executed, again.answers), (calc_ipc.TimedOut, "late", True, (1,)))
            self.assertEqual((again.status, again.code), (-5, "TIMED_OUT"))


class Ends(Case):
    def test_use_after_close(self):
        client = calc_ipc.connect(self.c_server().url)
        self.assertFalse(client.closed)
        client.close()
        client.close()
        self.assertTrue(client.closed)
        for use in (lambda: client.call("ADD", 1, 2), lambda: client.call_bytes(b""), lambda: client.call_many([("ADD", 1, 2)])):
            with self.assertRaisesRegex(ValueError, "closed"):
                use()

    def test_close_while_others_call(self):
        server = self.c_server()
        client = calc_ipc.connect(server.url, connections=4, deadline=None)
        client.call("ADD", 1, 2)
        server.freeze()
        started = threading.Semaphore(0)

        def ask():
            started.release()
            return client.call("ADD", 1, 2)

        joins = [self.in_thread(ask) for _ in range(4)]
        for _ in joins:
            started.acquire()
        client.close()
        for join in joins:
            # One that had not begun yet finds the client closed.
            with self.assertRaises((calc_ipc.Cancelled, calc_ipc.InvalidArgument)):
                join()

    def test_the_main_thread_calls_while_another_closes(self):
        server = self.c_server()
        client = calc_ipc.connect(server.url, deadline=None)
        client.call("ADD", 1, 2)
        server.freeze()
        threading.Timer(0.1, client.close).start()
        with self.assertRaises(calc_ipc.Cancelled):
            client.call("ADD", 1, 2)

    def test_ctrl_c_during_a_call(self):
        server = self.c_server()
        with calc_ipc.connect(server.url, deadline=None) as client:
            client.call("ADD", 1, 2)
            server.freeze()
            threading.Timer(0.1, signal.raise_signal, [signal.SIGINT]).start()
            with self.assertRaises(KeyboardInterrupt):
                client.call("ADD", 1, 2)
            server.thaw()
            self.assertEqual(client.call("ADD", 5, 6), 11)
            self.assertEqual(self.in_thread(lambda: client.call("ADD", 7, 8))(), 15)

    def test_a_signal_handler_that_calls_the_same_client(self):
        server = self.c_server()
        inner = []
        with calc_ipc.connect(server.url, deadline=None) as client:
            client.call("ADD", 1, 2)
            server.freeze()

            def handle(*_):
                server.thaw()
                inner.append(client.call("ADD", 10, 20))

            before = signal.signal(signal.SIGALRM, handle)
            self.addCleanup(signal.signal, signal.SIGALRM, before)
            signal.setitimer(signal.ITIMER_REAL, 0.1)
            self.assertEqual(client.call("ADD", 1, 2), 3)
        self.assertEqual(inner, [30])

    def test_a_signal_handler_that_closes_the_client_in_its_call(self):
        server = self.c_server()
        client = calc_ipc.connect(server.url, deadline=None)
        client.call("ADD", 1, 2)
        server.freeze()
        before = signal.signal(signal.SIGALRM, lambda *_: client.close())
        self.addCleanup(signal.signal, signal.SIGALRM, before)
        signal.setitimer(signal.ITIMER_REAL, 0.1)
        with self.assertRaises(calc_ipc.Cancelled):
            client.call("ADD", 1, 2)
        self.assertTrue(client.closed)

    def test_a_client_that_is_forgotten(self):
        url = self.c_server().url
        before = descriptors()
        with self.assertWarns(ResourceWarning):
            client = calc_ipc.connect(url)
            del client
        self.assertEqual(descriptors(), before)

    def test_a_forked_child(self):
        with calc_ipc.connect(self.c_server().url) as client, in_child(self) as child:
            client.call("ADD", 1, 2)
            url = self.c_server().url

            def inside():
                try:
                    client.call("ADD", 1, 2)
                except calc_ipc.Forked as error:
                    assert error.not_executed
                else:
                    raise AssertionError("a forked child used the client of its parent")
                client.close()
                with calc_ipc.connect(url) as own:
                    assert calls(own) == EXPECTED

            child(inside)
            self.assertEqual(client.call("ADD", 1, 2), 3)

    def test_ten_thousand_clients_leave_nothing(self):
        url = self.c_server().url
        calc_ipc.connect(url).close()
        before = descriptors()
        for number in range(10000):
            with calc_ipc.connect(url) as client:
                if number % 100 == 0:
                    self.assertEqual(client.call("ADD", number, 1), number + 1)
        self.assertEqual(descriptors(), before)

    def test_threads_that_connect_call_and_close_one_client_at_random(self):
        url = self.c_server().url
        for _ in range(100):
            client = calc_ipc.connect(url, connections=3)

            def ask():
                try:
                    for number in range(50):
                        self.assertEqual(client.call("ADD", number, 1), number + 1)
                except (calc_ipc.Cancelled, calc_ipc.InvalidArgument, calc_ipc.Closed):
                    pass  # It was closed.

            joins = [self.in_thread(ask) for _ in range(3)] + [self.in_thread(client.close) for _ in range(2)]
            ask()
            for join in joins:
                join()
            self.assertTrue(client.closed)

    def test_every_transport_leaves_no_descriptor(self):
        for scheme in SCHEMES:
            server = self.c_server(scheme)
            for _ in range(2):  # what the first one of a kind opens for good does not count
                before = descriptors()
                for _ in range(20):
                    with calc_ipc.connect(server.url) as client:
                        self.assertEqual(calls(client), EXPECTED)
            self.assertEqual(descriptors(), before, scheme)


class Time(Case):
    def test_waiting_costs_no_time_of_the_processor(self):
        server = self.c_server()
        with calc_ipc.connect(server.url) as client:
            client.call("ADD", 1, 2)
            server.freeze()
            used = time.thread_time()
            with self.assertRaises(calc_ipc.TimedOut):
                client.call("ADD", 1, 2, deadline=2)
            self.assertLess(time.thread_time() - used, 0.5)
