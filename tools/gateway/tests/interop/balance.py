"""round_robin of gRPC's C library over gateways that end, with grpc.health.v1, and backends that hang."""

import json
import signal
import threading
import unittest

import grpc

from support import BOUND, PATIENCE, Case, is_serving, message, stubs

SERVICE = "calc_ipc.v1.Bytes"
# Calls that show where calls go.
ENOUGH = 50
# Seconds until a caller gives up one that hangs.
SHORT = 2


def balanced():
    config = {"loadBalancingConfig": [{"round_robin": {}}], "healthCheckConfig": {"serviceName": SERVICE}}
    # A list of addresses is no name of a host, which the gateway wants for one.
    return [("grpc.service_config", json.dumps(config)), ("grpc.default_authority", "localhost"), ("grpc.enable_retries", 0)]


class Callers:
    """Threads that ask who answers, without end."""

    def __init__(self, channel, count=4):
        self.ended, self.lock = threading.Event(), threading.Lock()
        self.answers, self.failures = [], []
        self.threads = [threading.Thread(target=self._ask, args=(channel,), daemon=True) for _ in range(count)]
        for thread in self.threads:
            thread.start()

    def _ask(self, channel):
        asked = stubs.BytesStub(channel)
        while not self.ended.is_set():
            try:
                answer = asked.Call(message("who"), timeout=PATIENCE).body
            except grpc.RpcError as failure:
                with self.lock:
                    self.failures.append(failure)
                return
            with self.lock:
                self.answers.append(answer)

    def since(self, count):
        with self.lock:
            return self.answers[count:]

    def end(self):
        self.ended.set()
        for thread in self.threads:
            thread.join(PATIENCE)


class Balance(Case):
    def one(self, name):
        url = self.url(name)
        backend = self.backend("bytes", url, name)
        return backend, self.gateway(url, more=["--probe", "50"])

    def both(self):
        """Two gateways, each with a backend of its own, and a channel to both."""
        first, second = self.one("first"), self.one("second")
        addresses = ",".join(gateway.address for _, gateway in (first, second))
        channel = self.channel(f"ipv4:{addresses}", balanced())
        ask = stubs.BytesStub(channel)
        seen = set()

        def has_both():
            seen.add(ask.Call(message("who"), timeout=PATIENCE, wait_for_ready=True).body)
            return seen == {b"first", b"second"}

        self.until(has_both, "calls go to both")
        return first, second, channel

    def test_a_gateway_that_is_told_to_end_fails_no_call(self):
        (_, ending), _, channel = self.both()
        callers = Callers(channel)
        try:
            self.until(lambda: len(callers.answers) >= ENOUGH, "calls are answered")
            ended = ending.stop()
            count = len(callers.answers)
            self.until(lambda: callers.failures or len(callers.answers) >= count + ENOUGH, "calls go on")
        finally:
            callers.end()
        self.assertEqual(callers.failures, [])
        self.assertEqual(ended, 0)
        self.assertIn(b"first", callers.answers)
        self.assertEqual(set(callers.since(count + len(callers.threads))), {b"second"})

    def goes_only_to(self, ask, name):
        """Calls that hang may be tried until the client hears of it; then all go there."""
        row = 0

        def holds():
            nonlocal row
            try:
                row = row + 1 if ask.Call(message("who"), timeout=SHORT).body == name else 0
            except grpc.RpcError as failure:
                self.assertEqual(failure.code(), grpc.StatusCode.DEADLINE_EXCEEDED)
                row = 0
            return row >= ENOUGH

        self.until(holds, f"{ENOUGH} calls in a row go to {name}", PATIENCE)

    def test_a_gateway_whose_backend_hangs_is_out_of_rotation_until_it_is_well(self):
        (backend, gateway), _, channel = self.both()
        ask, health = stubs.BytesStub(channel), self.channel(gateway.address)
        backend.signal(signal.SIGSTOP)
        self.until(lambda: not is_serving(health, SERVICE), "health tells of it")
        self.goes_only_to(ask, b"second")
        backend.signal(signal.SIGCONT)
        self.until(lambda: is_serving(health, SERVICE), "health tells that it is well again")
        self.until(lambda: ask.Call(message("who"), timeout=PATIENCE).body == b"first", "it is asked again")

    def test_a_gateway_asks_the_backend_that_does_not_hang(self):
        urls = [self.url(name) for name in ("first", "second")]
        backends = [self.backend("bytes", url, name) for url, name in zip(urls, ("first", "second"))]
        gateway = self.gateway(*urls, more=["--probe", "50"])
        ask, health = self.bytes(gateway), self.channel(gateway.address)
        for hung, other in ((0, b"second"), (1, b"first")):
            backends[hung].signal(signal.SIGSTOP)
            self.goes_only_to(ask, other)
            self.assertTrue(is_serving(health, SERVICE))
            backends[hung].signal(signal.SIGCONT)
            well = (b"first", b"second")[hung]
            self.until(lambda name=well: ask.Call(message("who"), timeout=BOUND).body == name, "it is asked again")


if __name__ == "__main__":
    unittest.main()
