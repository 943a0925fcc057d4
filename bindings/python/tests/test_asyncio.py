"""AsyncClient, asking a server in C of another process, over every transport."""

import asyncio
import threading
import time
import unittest

from .support import BOUND, EXPECTED, LIMIT, SCHEMES, Case, CServer, calc_ipc, descriptors, in_child, program


class AsyncCase(Case, unittest.IsolatedAsyncioTestCase):
    async def asyncSetUp(self):
        asyncio.get_running_loop().set_debug(False)  # which tells of each step that takes long on a busy machine

    async def until_closed(self, handle):
        """The loop, and the thread that made its client, forget it when they have time."""
        end = time.monotonic() + BOUND
        while not handle.is_closed():
            self.assertLess(time.monotonic(), end, "a client that was forgotten is still there")
            await asyncio.sleep(0.01)

    async def bounded(self, awaitable):
        return await asyncio.wait_for(awaitable, BOUND)


async def calls(client):
    return [await client.call("ADD", 10, 20), await client.call("MUL", 1000000, 1000000), await client.call_bytes(b"hello")]


class Calls(AsyncCase):
    async def test_every_transport(self):
        for scheme in SCHEMES:
            async with calc_ipc.AsyncClient(self.c_server(scheme).url) as client:
                self.assertEqual(await self.bounded(calls(client)), EXPECTED, scheme)
        async with calc_ipc.AsyncClient(f"exec://{program()}") as client:
            self.assertEqual(await self.bounded(calls(client)), EXPECTED)

    async def test_hundreds_in_flight_and_each_gets_its_own_answer(self):
        for scheme in SCHEMES:
            for connections in (0, 3):
                async with calc_ipc.AsyncClient(self.c_server(scheme).url, connections=connections) as client:
                    asked = [client.call("MUL", number, 3) for number in range(500)]
                    asked += [client.call_bytes(b"<%d" % number) for number in range(500)]
                    answers = await self.bounded(asyncio.gather(*asked))
                    self.assertEqual(answers[:500], [3 * number for number in range(500)])
                    self.assertEqual(answers[500:], [(b"<%d" % number)[::-1] for number in range(500)])

    async def test_answers_come_in_order(self):
        came = []

        async def ask(client, number):
            await client.call("ADD", number, 0)
            came.append(number)

        async with calc_ipc.AsyncClient(self.c_server().url) as client:
            await self.bounded(asyncio.gather(*(ask(client, number) for number in range(300))))
        self.assertEqual(came, list(range(300)))

    async def test_sizes_up_to_the_limit_and_over_it(self):
        for scheme in SCHEMES:
            async with calc_ipc.AsyncClient(self.c_server(scheme).url, max_message=LIMIT) as client:
                for size in (0, 1, 52, 53, 65536, LIMIT):
                    message = bytes(number % 251 for number in range(size))
                    self.assertEqual(await self.bounded(client.call_bytes(message)), message[::-1])
                with self.assertRaises(calc_ipc.TooLarge) as caught:
                    await client.call_bytes(bytes(LIMIT + 1))
                self.assertTrue(caught.exception.not_executed)

    async def test_many_large_messages_at_once(self):
        async with calc_ipc.AsyncClient(self.c_server().url, max_message=LIMIT) as client:
            messages = [bytes([number]) * 300000 for number in range(30)]
            self.assertEqual(await self.bounded(asyncio.gather(*map(client.call_bytes, messages))), messages)

    async def test_what_has_no_result(self):
        async with calc_ipc.AsyncClient(self.c_server().url) as client:
            with self.assertRaises(ZeroDivisionError):
                await client.call("DIV", 1, 0)
            for question in (("POW", 1, 2), ("ADD", 2**63, 0)):
                with self.assertRaises(calc_ipc.InvalidArgument):
                    await client.call(*question)
            for wrong in (client.call("ADD", 1.5, 2), client.call_bytes("text"), client.call("ADD", 1, 2, deadline="soon")):
                with self.assertRaises(TypeError):
                    await wrong
            with self.assertRaises(ValueError):
                await client.call("ADD", 1, 2, deadline=0)

    async def test_the_loop_is_free_while_calls_wait(self):
        server = self.c_server()
        async with calc_ipc.AsyncClient(server.url) as client:
            await client.call("ADD", 1, 2)
            server.freeze()
            call = asyncio.ensure_future(client.call("ADD", 5, 6))
            for _ in range(10):
                await asyncio.sleep(0.01)
            self.assertFalse(call.done())
            server.thaw()
            self.assertEqual(await self.bounded(call), 11)

    async def test_an_answer_wakes_a_loop_that_sleeps(self):
        inside, go = threading.Event(), threading.Event()

        def handler(message):
            inside.set()
            go.wait(BOUND)
            return message

        with calc_ipc.serve(self.url("unix"), handler) as server:
            async with calc_ipc.AsyncClient(server.url) as client:
                call = asyncio.ensure_future(client.call_bytes(b"late"))
                await asyncio.get_running_loop().run_in_executor(None, inside.wait, BOUND)
                threading.Timer(0.2, go.set).start()
                self.assertEqual(await self.bounded(call), b"late")


class Failures(AsyncCase):
    async def test_nobody_there(self):
        client = calc_ipc.AsyncClient(self.url("unix"))
        with self.assertRaises(calc_ipc.NotConnected):
            await client.connect()
        CServer(self, client._url)
        async with client:  # a second try
            self.assertEqual(await client.call("ADD", 1, 2), 3)
        with self.assertRaises(TypeError):
            calc_ipc.AsyncClient("unix:///x", nonsense=1)

    async def test_a_cancelled_task_ends_its_call(self):
        server = self.c_server()
        async with calc_ipc.AsyncClient(server.url) as client:
            await client.call("ADD", 1, 2)
            server.freeze()
            tasks = [asyncio.ensure_future(client.call("ADD", number, 0)) for number in range(100)]  # 36 of them wait here
            await asyncio.sleep(0)
            for task in tasks[:90]:
                task.cancel()
            done = await self.bounded(asyncio.gather(*tasks[:90], return_exceptions=True))
            self.assertTrue(all(isinstance(one, asyncio.CancelledError) for one in done))
            server.thaw()
            self.assertEqual(await self.bounded(asyncio.gather(*tasks[90:], return_exceptions=True)), list(range(90, 100)))

    async def test_wait_for_ends_a_call(self):
        server = self.c_server()
        async with calc_ipc.AsyncClient(server.url) as client:
            await client.call("ADD", 1, 2)
            server.freeze()
            with self.assertRaises(asyncio.TimeoutError):
                await asyncio.wait_for(client.call("ADD", 1, 2), 0.05)
            server.thaw()
            self.assertEqual(await self.bounded(client.call("ADD", 5, 6)), 11)

    async def test_deadlines_of_calls_that_are_sent_and_of_those_that_wait(self):
        for scheme in SCHEMES:
            await self.deadlines(self.c_server(scheme))

    async def deadlines(self, server):
        async with calc_ipc.AsyncClient(server.url, deadline=None) as client:
            await client.call("ADD", 1, 2)
            server.freeze()
            asked = [client.call("ADD", number, 0, deadline=0.2) for number in range(100)]
            errors = await self.bounded(asyncio.gather(*asked, return_exceptions=True))
            self.assertEqual({type(error) for error in errors}, {calc_ipc.TimedOut})
            self.assertTrue(errors[99].not_executed)
            server.thaw()
            # It waits for one of the 64 answers that nobody waits for any more.
            self.assertEqual(await self.bounded(client.call("ADD", 5, 6)), 11)

    async def test_a_server_that_is_killed_in_mid_call(self):
        for scheme in SCHEMES:
            server = self.c_server(scheme)
            async with calc_ipc.AsyncClient(server.url, deadline=None) as client:
                await client.call("ADD", 1, 2)
                server.freeze()
                calls = [asyncio.ensure_future(client.call("ADD", 1, 2)) for _ in range(100)]
                await asyncio.sleep(0.05)
                server.kill()
                for error in await self.bounded(asyncio.gather(*calls, return_exceptions=True)):
                    self.assertIsInstance(error, (calc_ipc.Closed, calc_ipc.PeerDied), scheme)
                with self.assertRaises(ConnectionError) as caught:
                    await self.bounded(client.call("ADD", 1, 2))
                self.assertTrue(caught.exception.not_executed)

    async def test_close_while_calls_are_in_flight(self):
        for scheme in SCHEMES:
            server = self.c_server(scheme)
            client = await calc_ipc.AsyncClient(server.url, deadline=None).connect()
            await client.call("ADD", 1, 2)
            server.freeze()
            calls = [asyncio.ensure_future(client.call("ADD", 1, 2)) for _ in range(100)]
            await asyncio.sleep(0)
            await self.bounded(client.aclose())
            await client.aclose()
            self.assertTrue(client.closed)
            errors = await self.bounded(asyncio.gather(*calls, return_exceptions=True))
            self.assertEqual({type(error) for error in errors}, {calc_ipc.Cancelled}, scheme)
            with self.assertRaisesRegex(ValueError, "closed"):
                await client.call("ADD", 1, 2)

    async def test_use_before_it_is_connected(self):
        client = calc_ipc.AsyncClient(self.c_server().url)
        self.assertTrue(client.closed)
        with self.assertRaisesRegex(ValueError, "not connected"):
            await client.call("ADD", 1, 2)
        await client.aclose()
        async with client:
            with self.assertRaisesRegex(ValueError, "connected before"):
                await client.connect()

    async def test_another_loop_is_refused(self):
        async with calc_ipc.AsyncClient(self.c_server().url) as client:
            elsewhere = self.in_thread(lambda: asyncio.run(client.call("ADD", 1, 2)))
            with self.assertRaisesRegex(ValueError, "another event loop"):
                elsewhere()

    async def test_a_connect_that_is_cancelled_leaves_nothing(self):
        url = self.c_server().url
        await asyncio.get_running_loop().run_in_executor(None, lambda: None)  # whose thread's descriptors, if any, do not count
        before = descriptors()
        for _ in range(20):
            task = asyncio.ensure_future(calc_ipc.AsyncClient(url).connect())
            await asyncio.sleep(0)
            task.cancel()
            with self.assertRaises(asyncio.CancelledError):
                await task
        for _ in range(BOUND * 100):
            if descriptors() == before:
                break
            await asyncio.sleep(0.01)
        self.assertEqual(descriptors(), before)

    async def test_clients_leave_nothing(self):
        url = self.c_server().url
        async with calc_ipc.AsyncClient(url):
            before = descriptors()
        before = {number: name for number, name in before.items() if number in descriptors()}
        for _ in range(100):
            async with calc_ipc.AsyncClient(url) as client:
                self.assertEqual(await client.call("ADD", 1, 2), 3)
        self.assertEqual(descriptors(), before)

    async def test_a_client_that_is_forgotten(self):
        client = await calc_ipc.AsyncClient(self.c_server().url).connect()
        asyncio.get_running_loop().remove_reader(client._fd)
        with self.assertWarns(ResourceWarning):
            handle = client._handle
            del client
            await self.until_closed(handle)

    async def test_a_loop_that_ends_before_its_client(self):
        url = self.c_server().url

        def run():
            async def ask():
                client = await calc_ipc.AsyncClient(url).connect()
                waiting = asyncio.ensure_future(client.call("ADD", 1, 2))
                await asyncio.sleep(0)
                waiting.cancel()
                return client, await client.call("ADD", 5, 6)

            return asyncio.run(ask())

        client, answer = await asyncio.get_running_loop().run_in_executor(None, run)
        self.assertEqual(answer, 11)
        with self.assertRaisesRegex(ValueError, "another event loop"):
            await client.call("ADD", 1, 2)
        handle = client._handle
        with self.assertWarns(ResourceWarning):
            del client
            await self.until_closed(handle)

    async def test_many_tasks_over_many_clients_that_come_and_go(self):
        url = self.c_server().url

        async def come_and_go(number):
            for _ in range(5):
                async with calc_ipc.AsyncClient(url) as client:
                    doomed = asyncio.ensure_future(client.call("ADD", number, 1))
                    self.assertEqual(await client.call("ADD", number, 2), number + 2)
                    doomed.cancel()

        await self.bounded(asyncio.gather(*(come_and_go(number) for number in range(50))))

    async def test_a_forked_child(self):
        async with calc_ipc.AsyncClient(self.c_server().url) as client:
            url = self.c_server().url

            async def ask():
                async with calc_ipc.AsyncClient(url) as own:
                    assert await calls(own) == EXPECTED

            def inside():
                asyncio.events._set_running_loop(None)  # that of the parent
                asyncio.run(ask())

            with in_child(self) as child:
                child(inside)
            self.assertEqual(await client.call("ADD", 1, 2), 3)
