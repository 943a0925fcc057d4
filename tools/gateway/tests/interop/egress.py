"""The other way round: clients of the library in C ask a server of Python's gRPC, the gateway between."""

import os
import queue
import random
import subprocess
import unittest
from concurrent import futures

import grpc

from interop import EXTREMES, calculate, some
from support import PATIENCE, PROGRAMS, Case, Egress, Process, ask, pb, stubs

HANDLER_FAILED = -18
CALLS = 1000


class Calculator(stubs.CalculatorServicer):
    def Execute(self, request, context):
        return calculate(request)


class Bytes(stubs.BytesServicer):
    """Answers a message backwards; "fail CODE" by a failure, and "metadata" by what came with it."""

    def Call(self, request, context):
        if request.body.startswith(b"fail "):
            context.abort(grpc.StatusCode[request.body[5:].decode()], "it was asked to")
        if request.body == b"metadata":
            timeout = context.time_remaining()
            return pb.CallResponse(body=f"{timeout is not None and 0 < timeout <= 12}".encode())
        return pb.CallResponse(body=request.body[::-1])


def upper(message, _):
    """A method of the user's own, whose messages nobody takes apart here."""
    return message.upper()


class Asker(Process):
    def __init__(self, url):
        super().__init__(os.path.join(PROGRAMS, "asker"), url, ready="ready", stdin=subprocess.PIPE, stderr=subprocess.DEVNULL)

    def ask(self, line):
        """What is answered to a line."""
        self.child.stdin.write(line + "\n")
        self.child.stdin.flush()
        try:
            return self.lines.get(timeout=PATIENCE)
        except queue.Empty:
            raise AssertionError(f"no answer to {line[:100]}") from None

    def execute(self, request):
        # The library counts operations from 0, the .proto from 1.
        kind, _, text = self.ask(f"{request.operation - 1} {request.arg1} {request.arg2}").partition(" ")
        return pb.ExecuteResponse(**{kind: int(text) if kind == "result" else text})

    def carry(self, body):
        kind, _, text = self.ask(f"bytes {body.hex()}").partition(" ")
        return bytes.fromhex(text) if kind == "bytes" else int(text)

    def kill(self):
        self.child.stdin.close()
        super().kill()


class TheOtherWayRound(Case):
    def remote(self):
        """The address of the gRPC server."""
        server = grpc.server(futures.ThreadPoolExecutor(4))
        self.addCleanup(lambda: server.stop(None).wait())
        stubs.add_CalculatorServicer_to_server(Calculator(), server)
        stubs.add_BytesServicer_to_server(Bytes(), server)
        own = {"Shout": grpc.unary_unary_rpc_method_handler(upper)}
        server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("values.v1.Values", own),))
        port = server.add_insecure_port("127.0.0.1:0")
        server.start()
        return f"127.0.0.1:{port}"

    def between(self, url, to, *more):
        """A client, and the gateway between it and the server."""
        egress = self.ends(Egress(url, to, *more))
        asker = self.ends(Asker(egress.said))
        return egress, asker

    def test_the_calculator_over_every_transport(self):
        to = self.remote()
        requests = [ask(operation, a, b) for operation in range(1, 5) for a in EXTREMES for b in EXTREMES]
        requests += some(random.Random(20240607), CALLS)
        for url in self.urls():
            _, asker = self.between(url, to)
            for request in requests:
                self.assertEqual(asker.execute(request), calculate(request), url)

    def test_messages_of_any_kind_over_every_transport(self):
        to = self.remote()
        for url in self.urls():
            _, asker = self.between(url, to)
            for length in (0, 1, 127, 128, 16383, 16384, 60000):
                body = random.Random(length).randbytes(length)
                self.assertEqual(asker.carry(body), body[::-1], (url, length))

    def test_a_method_gets_the_bytes_themselves(self):
        _, asker = self.between(self.url("method"), self.remote() + "/values.v1.Values/Shout")
        self.assertEqual(asker.carry(b"any bytes \x00\xff"), b"ANY BYTES \x00\xff")
        # A calculator's request is a message like all others.
        self.assertEqual(asker.carry(b"add 1 2"), b"ADD 1 2")

    def test_whatever_fails_fails_and_the_next_call_does_not(self):
        _, asker = self.between(self.url("fails"), self.remote())
        for code in grpc.StatusCode:
            if code is not grpc.StatusCode.OK:
                self.assertEqual(asker.carry(b"fail " + code.name.encode()), HANDLER_FAILED, code)
            self.assertEqual(asker.carry(b"abc"), b"cba")

    def test_the_server_is_told_how_long_it_has(self):
        _, asker = self.between(self.url("timeout"), self.remote(), "--max-timeout", "12000")
        self.assertEqual(asker.carry(b"metadata"), b"True")

    def test_it_ends_well(self):
        egress, asker = self.between(self.url("ends"), self.remote())
        self.assertEqual(asker.carry(b"abc"), b"cba")
        self.assertEqual(egress.stop(), 0)


if __name__ == "__main__":
    unittest.main()
