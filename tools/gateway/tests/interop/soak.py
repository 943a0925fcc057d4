"""After CALLS calls of 64 channels, the gateway uses no more memory, threads and descriptors than after a tenth of them."""

import os
import subprocess
import unittest

from support import PROGRAMS, Case

CALLS = int(os.environ.get("CALLS", "1000000"))
CHANNELS = 64
# Seconds that are more than enough.
LONGEST = 3000
# What allocators may keep, in kB.
KEPT = 8 << 10


class Soak(Case):
    def load(self, gateway, kind, calls):
        command = [os.path.join(PROGRAMS, "load"), gateway.address, kind, str(CHANNELS), str(LONGEST), str(calls)]
        said = subprocess.run(command, timeout=LONGEST, check=True, capture_output=True, text=True).stdout
        self.assertGreaterEqual(int(said.split()[0]), calls)

    def test_nothing_grows(self):
        url = self.url("calculator")
        self.backend("calculator", url)
        gateway = self.gateway(url)
        idle = gateway.used()
        for kind in ("unary", "batch", "stream"):
            self.load(gateway, kind, CALLS // 10)
        # The clients' own connections have ended.
        self.until(lambda: gateway.used()[2] <= idle[2] + 8, "descriptors are given back")
        before = gateway.used()
        self.load(gateway, "unary", CALLS)
        for kind in ("batch", "stream"):
            self.load(gateway, kind, CALLS)
        self.until(lambda: gateway.used()[2] <= before[2], lambda: f"{before} descriptors, then {gateway.used()}")
        after = gateway.used()
        self.assertLessEqual(after[1], before[1] + 2, "threads")
        self.assertLessEqual(after[0], before[0] + KEPT, "memory, kB")
        print(f"\n  kB, threads, descriptors: idle {idle}, before {before}, after {after}")


if __name__ == "__main__":
    unittest.main()
