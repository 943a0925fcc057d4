"""Python's gRPC asks the gateway by every method, and compares each answer."""

import os
import random
import subprocess
import unittest

import grpc

from support import LEAST, MOST, PATIENCE, PROGRAMS, Case, Process, add, ask, message, pb, told

CALLS = 10_000
EXTREMES = [LEAST, LEAST + 1, -1, 0, 1, MOST - 1, MOST]


def calculate(request):
    """What has to be answered, by numbers without limits."""
    a, b = request.arg1, request.arg2
    if request.operation == pb.OPERATION_DIV and b == 0:
        return pb.ExecuteResponse(error="Division by zero")
    exact = {
        pb.OPERATION_ADD: lambda: a + b,
        pb.OPERATION_SUB: lambda: a - b,
        pb.OPERATION_MUL: lambda: a * b,
        pb.OPERATION_DIV: lambda: abs(a) // abs(b) * (1 if (a < 0) == (b < 0) else -1),
    }[request.operation]()
    if LEAST <= exact <= MOST:
        return pb.ExecuteResponse(result=exact)
    return pb.ExecuteResponse(error="Overflow")


def some(chance, count):
    def number():
        return chance.choice([chance.choice(EXTREMES), chance.randrange(LEAST, MOST + 1)])

    return [ask(chance.randrange(1, 5), number(), number()) for _ in range(count)]


class Interop(Case):
    def with_calculator(self):
        url = self.url("calculator")
        self.backend("calculator", url)
        return self.gateway(url)

    def values(self, url):
        """The arguments for a route to examples/c/bytes_server.c."""
        values = self.ends(Process(os.path.join(PROGRAMS, "values"), url, ready="serving "))
        return ["--route", f"/values.v1.Values/Ask={values.said}"]

    def with_values(self):
        """A gateway before it, and before a server of bytes."""
        url = self.url("bytes")
        self.backend("bytes", url)
        return self.gateway(url, more=self.values(self.url("values")))

    def test_every_pair_of_extremes(self):
        calculator = self.calculator(self.with_calculator())
        for operation in range(1, 5):
            for a in EXTREMES:
                for b in EXTREMES:
                    request = ask(operation, a, b)
                    self.assertEqual(calculator.Execute(request, timeout=PATIENCE), calculate(request))

    def test_ten_thousand_calls_of_each_kind(self):
        calculator = self.calculator(self.with_calculator())
        chance = random.Random(20240607)
        requests = some(chance, CALLS)
        expected = [calculate(request) for request in requests]
        window = 100
        for begin in range(0, CALLS, window):
            asked = [calculator.Execute.future(request, timeout=PATIENCE) for request in requests[begin : begin + window]]
            self.assertEqual([call.result() for call in asked], expected[begin : begin + window])
        batches = []
        for begin in range(0, CALLS, 4096):
            batch = pb.ExecuteBatchRequest(requests=requests[begin : begin + 4096])
            batches.extend(calculator.ExecuteBatch(batch, timeout=PATIENCE).responses)
        self.assertEqual(batches, expected)
        self.assertEqual(list(calculator.ExecuteStream(iter(requests), timeout=PATIENCE)), expected)

    def test_nothing_is_answered_by_nothing(self):
        calculator = self.calculator(self.with_calculator())
        self.assertEqual(len(calculator.ExecuteBatch(pb.ExecuteBatchRequest(), timeout=PATIENCE).responses), 0)
        self.assertEqual(list(calculator.ExecuteStream(iter([]), timeout=PATIENCE)), [])

    def test_an_operation_that_is_none_is_refused_everywhere(self):
        calculator = self.calculator(self.with_calculator())
        for operation in (pb.OPERATION_UNSPECIFIED, 5, 99, -1, 2**31 - 1):
            request = ask(operation, 1, 2)
            for refused in (
                lambda: calculator.Execute(request, timeout=PATIENCE),
                lambda: calculator.ExecuteBatch(pb.ExecuteBatchRequest(requests=[add(1, 1), request]), timeout=PATIENCE),
                lambda: list(calculator.ExecuteStream(iter([add(1, 1), request]), timeout=PATIENCE)),
            ):
                with self.assertRaises(grpc.RpcError) as failure:
                    refused()
                self.assertEqual(told(failure.exception), ("INVALID_ARGUMENT", "INVALID_ARGUMENT", "no"))

    def test_bodies_of_any_bytes(self):
        ask_bytes = self.bytes(self.with_values())
        for length in (0, 1, 127, 128, 16383, 16384, 60000):
            body = b"echo" + bytes(random.Random(length).randbytes(length))
            self.assertEqual(ask_bytes.Call(message(body), timeout=PATIENCE).body, body)

    def test_a_route_carries_messages_as_they_are_over_every_transport(self):
        value = bytes(range(256)) * 15
        for url in self.urls():
            values = self.channel(self.gateway(more=self.values(url)).address).unary_unary("/values.v1.Values/Ask")
            self.assertEqual(values(b"set python " + value, timeout=PATIENCE), b"ok", url)
            self.assertEqual(values(b"get python", timeout=PATIENCE), value, url)
            with self.assertRaises(grpc.RpcError) as failure:
                values(b"get nothing", timeout=PATIENCE)
            self.assertEqual(told(failure.exception), ("ABORTED", "HANDLER_FAILED", "yes"), url)

    def test_the_clients_in_cxx(self):
        calculator, values = self.with_calculator(), self.with_values()
        program = os.path.join(PROGRAMS, "interop")
        command = [program, calculator.address, str(CALLS), values.address]
        ended = subprocess.run(command, timeout=5 * PATIENCE, check=False)
        self.assertEqual(ended.returncode, 0)


if __name__ == "__main__":
    unittest.main()
