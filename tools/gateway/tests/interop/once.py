"""At most once: nothing is executed twice, and nothing that is said not to have been executed was.

Each execution is written to a journal, which outlives the backend, by the request's first number. Clients ask without end; then the
backend or the gateway is killed, at whatever point of whichever calls. ROUNDS: how often; half of each.
"""

import collections
import json
import os
import random
import struct
import threading
import time
import unittest

import grpc

from support import PATIENCE, Backend, Case, Gateway, add, stubs, told

ROUNDS = int(os.environ.get("ROUNDS", "30"))
CLIENTS = 8
# As services are configured that trust UNAVAILABLE.
RETRY = {
    "maxAttempts": 5,
    "initialBackoff": "0.01s",
    "maxBackoff": "0.1s",
    "backoffMultiplier": 2,
    "retryableStatusCodes": ["UNAVAILABLE"],
}


def options(is_retried):
    config = json.dumps({"methodConfig": [{"name": [{}], "retryPolicy": RETRY}]})
    retried = [("grpc.enable_retries", 1), ("grpc.service_config", config)]
    # Milliseconds until a gateway that was killed is looked for again.
    again = [(f"grpc.{which}_reconnect_backoff_ms", 50) for which in ("initial", "min", "max")]
    return again + (retried if is_retried else [("grpc.enable_retries", 0)])


class Clients:
    """Threads that ask, each request with a number of its own, and keep what became of it: None, or the failure."""

    def __init__(self, channels):
        self.ended = threading.Event()
        self.told = [{} for _ in channels]
        self.threads = [
            threading.Thread(target=self._ask, args=(index, channel), daemon=True) for index, channel in enumerate(channels)
        ]
        for thread in self.threads:
            thread.start()

    def _ask(self, index, channel):
        calculator, told_of, number = stubs.CalculatorStub(channel), self.told[index], index + 1
        while not self.ended.is_set():
            try:
                response = calculator.Execute(add(number, 1), timeout=PATIENCE, wait_for_ready=True)
                told_of[number] = None if response.result == number + 1 else response
            except grpc.RpcError as failure:
                told_of[number] = failure
            number += CLIENTS

    def answered(self):
        return sum(len(told_of) for told_of in self.told)

    def right(self):
        return sum(list(told_of.values()).count(None) for told_of in self.told)

    def end(self):
        self.ended.set()
        for thread in self.threads:
            thread.join(PATIENCE)
        return {number: said for told_of in self.told for number, said in told_of.items()}


class Once(Case):
    def kill_in(self, rounds, is_retried, kill):
        """Kills in each of these rounds, with clients that ask, and compares what they were told with the journal."""
        self.journal = os.path.join(self.folder, "journal")
        self.served = self.url("calculator")
        self.backend_process = Backend("calculator", self.served, self.journal)
        self.gateway_process = Gateway(self.served, more=["--probe", "50"])
        self.addCleanup(lambda: (self.backend_process.kill(), self.gateway_process.kill()))
        said = collections.Counter()
        for number in range(rounds):
            channels = [self.channel(self.gateway_process.address, options(is_retried)) for _ in range(CLIENTS)]
            open(self.journal, "w", encoding="ascii").close()
            clients = Clients(channels)
            try:
                self.until(lambda: clients.right() >= 20, "clients are answered")
                # Decides no more than which point it is.
                time.sleep(random.random() / 100)
                kill()
                before = clients.right()
                self.until(lambda: clients.right() >= before + 20, "clients are answered again")
            finally:
                told_of = clients.end()
            said.update(self.compare(number, told_of))
            for channel in channels:
                channel.close()
        print(f"\n  {rounds} rounds: {dict(said)}")
        return said

    def compare(self, number, told_of):
        with open(self.journal, "rb") as journal:
            executions = collections.Counter(request for (request,) in struct.iter_unpack("=q", journal.read()))
        self.assertEqual([request for request, times in executions.items() if request and times > 1], [], number)
        for request, failure in told_of.items():
            executed = executions[request]
            if failure is None:
                yield "answered"
                self.assertEqual(executed, 1, (number, request))
                continue
            self.assertIsInstance(failure, grpc.RpcError, (number, request))
            code, _, said = told(failure)
            yield f"{code} {said}"
            context = (number, request, executed, failure)
            self.assertIn(said, ("no", "maybe", None), context)
            self.assertFalse(said == "no" and executed, context)
            self.assertFalse(self.gateway_lives and code == "UNAVAILABLE" and said != "no", context)
            self.assertFalse(self.gateway_lives and said is None, context)

    def test_killed_backends_and_clients_that_ask_again(self):
        self.gateway_lives = True

        def kill():
            self.backend_process.kill()
            self.backend_process = Backend("calculator", self.served, self.journal)

        said = self.kill_in((ROUNDS + 1) // 2, True, kill)
        self.assertGreater(said["UNKNOWN maybe"], 0, "no call was under way in any round")

    def test_killed_gateways(self):
        self.gateway_lives = False

        def kill():
            address = self.gateway_process.address
            self.gateway_process.kill()
            self.gateway_process = Gateway(self.served, more=["--probe", "50"], listen=address)

        said = self.kill_in(ROUNDS // 2, False, kill)
        self.assertGreater(said["UNAVAILABLE None"], 0, "no call was under way in any round")


if __name__ == "__main__":
    unittest.main()
