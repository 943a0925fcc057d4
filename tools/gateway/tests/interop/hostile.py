"""Peers that do not keep to HTTP/2, or use what it allows against the gateway. After each, others are answered, and the gateway has
given back what it took."""

import time
import unittest

import h2.events
import h2.settings

from raw import PREFACE, Raw, dial, frame, framed, headers
from support import BOUND, Case, add, message, pb

# What allocators may keep, in kB.
KEPT = 24 << 10
# Seconds of silence after which a peer is told to go: keepalive, and its answer.
SILENCE = 15
EXECUTE = "/calc_ipc.v1.Calculator/Execute"
STREAM = "/calc_ipc.v1.Calculator/ExecuteStream"
CALL = "/calc_ipc.v1.Bytes/Call"
HEADERS, RST_STREAM, CONTINUATION = 1, 3, 9
END_HEADERS = 4
CANCEL = 8


def number(name, event):
    """The value of a header or trailer, as a number."""
    values = {key.decode() if isinstance(key, bytes) else key: value for key, value in event.headers}
    return int(values[name])


class Hostile(Case):
    def setUp(self):
        super().setUp()
        url, bytes_url = self.url("calculator"), self.url("bytes")
        self.backend("calculator", url)
        self.backend("bytes", bytes_url)
        self.of_bytes = self.gateway(bytes_url, more=["--max-message", 1 << 20])
        self.target = self.gateway(url)
        self.before = {}
        for gateway in (self.target, self.of_bytes):
            self.warm_up(gateway)

    def hasty(self):
        """A gateway whose calls may not take long."""
        gateway = self.gateway(self.url("calculator"), more=["--max-timeout", 3000])
        self.warm_up(gateway)
        return gateway

    def warm_up(self, gateway):
        """All connections to the backend are made, and what is in use then is known."""
        calls = self.bytes(gateway)
        asked = [calls.Call.future(message("echo"), timeout=BOUND) for _ in range(100)]
        for call in asked:
            call.exception()
        self.before[gateway] = gateway.used()

    def recovers(self, gateway=None):
        """Others are answered, and what was taken is given back."""
        gateway = gateway or self.target
        if gateway is self.target:
            self.answers_rightly(gateway)
        memory, threads, descriptors = self.before[gateway]

        def is_back():
            now = gateway.used()
            return now[0] <= memory + KEPT and now[1] <= threads + 2 and now[2] <= descriptors

        self.until(is_back, lambda: f"{gateway.used()} is back at {self.before[gateway]}")

    def is_bounded(self, gateway=None, most=64 << 10):
        gateway = gateway or self.target
        self.assertLess(gateway.used()[0] - self.before[gateway][0], most)

    def test_rapid_reset(self):
        # CVE-2023-44487.
        with Raw(self.target.address) as raw:
            block = raw.h2.encoder.encode(headers(EXECUTE))
            for begin in range(0, 50_000, 500):
                streams = range(2 * begin + 1, 2 * (begin + 500) + 1, 2)
                raw.send(
                    b"".join(
                        frame(HEADERS, END_HEADERS, stream, block) + frame(RST_STREAM, 0, stream, CANCEL.to_bytes(4, "big"))
                        for stream in streams
                    )
                )
                if raw.ended:
                    break
            self.is_bounded()
            self.until(lambda: not raw.read(0) and raw.ended, "the one that resets is told to go")
            self.answers_rightly(self.target)
        self.recovers()

    def test_continuation_without_end(self):
        with Raw(self.target.address) as raw:
            raw.send(frame(HEADERS, 0, 1, raw.h2.encoder.encode(headers(EXECUTE))))
            part = raw.h2.encoder.encode([(f"x-{i}", "a" * 1000) for i in range(15)])
            for _ in range(10_000):
                raw.send(frame(CONTINUATION, 0, 1, part))
                if raw.ended:
                    break
            self.assertTrue(raw.ended, "150 MB of headers were taken")
            self.is_bounded()
        self.recovers()

    def test_headers_of_64_kib(self):
        with Raw(self.target.address) as raw:
            stream = raw.open(EXECUTE, [("x-long", "a" * (64 << 10))])
            raw.flush()
            response = raw.wait((h2.events.ResponseReceived, h2.events.StreamReset, h2.events.ConnectionTerminated))
            if isinstance(response, h2.events.ResponseReceived):
                self.assertEqual((number(":status", response), response.stream_id), (431, stream))
        self.recovers()

    def test_a_message_of_4_gib(self):
        for path in (EXECUTE, STREAM, CALL):
            with Raw(self.target.address) as raw:
                stream = raw.open(path)
                raw.h2.send_data(stream, b"\0\xff\xff\xff\xff" + b"a" * 1000)
                raw.flush()
                ended = raw.wait((h2.events.ResponseReceived, h2.events.TrailersReceived), stream)
                if isinstance(ended, h2.events.ResponseReceived) and b"grpc-status" not in dict(ended.headers):
                    ended = raw.wait(h2.events.TrailersReceived, stream)
                self.assertEqual(number("grpc-status", ended), 11, path)
                self.is_bounded()
            self.recovers()

    def test_a_compressed_message(self):
        with Raw(self.target.address) as raw:
            stream = raw.open(EXECUTE, [("grpc-encoding", "gzip")])
            raw.h2.send_data(stream, b"\1" + framed(b"bomb")[1:], end_stream=True)
            raw.flush()
            ended = raw.wait((h2.events.ResponseReceived, h2.events.TrailersReceived), stream)
            self.assertEqual(number("grpc-status", ended), 12)
        self.recovers()

    def test_half_prefaces_are_told_to_go(self):
        held = [dial(self.target.address) for _ in range(200)]
        for index, each in enumerate(held):
            self.addCleanup(each.close)
            each.sendall(PREFACE[: index % len(PREFACE)])
        self.answers_rightly(self.target)
        # None of them may keep its place for ever, or a thousand keep everyone out.
        for each in held:
            each.settimeout(SILENCE + BOUND)
            try:
                while each.recv(1000):
                    pass
            except ConnectionResetError:
                pass
            except TimeoutError:
                self.fail(f"a connection that said nothing is kept for over {SILENCE + BOUND} s")
            each.close()
        self.recovers()

    def test_streams_that_send_nothing(self):
        hasty = self.hasty()
        with Raw(hasty.address) as raw:
            raw.read(1)
            streams = [raw.open(EXECUTE) for _ in range(200)]
            raw.flush()
            self.answers_rightly(self.target)
            # Their time is up after that of --max-timeout.
            for stream in streams:
                ended = raw.wait(h2.events.ResponseReceived, stream)
                self.assertIsNotNone(ended, raw.why)
                self.assertEqual(number("grpc-status", ended), 4)
        self.recovers(hasty)

    def test_a_window_of_0(self):
        settings = {h2.settings.SettingCodes.INITIAL_WINDOW_SIZE: 0}
        with Raw(self.of_bytes.address, settings) as raw:
            raw.read(1)
            streams = [raw.open(CALL) for _ in range(50)]
            asked = pb.CallRequest(body=b"fill 100000").SerializeToString()
            for stream in streams:
                raw.h2.send_data(stream, framed(asked), end_stream=True)
            raw.flush()
            for stream in streams:
                self.assertIsNotNone(raw.wait(h2.events.ResponseReceived, stream), raw.why)
            self.assertFalse([event for event in raw.events if isinstance(event, h2.events.DataReceived)])
            self.is_bounded(self.of_bytes)
            asked = self.bytes(self.of_bytes).Call(message("echo"), timeout=BOUND)
            self.assertEqual(asked.body, b"echo")
        self.recovers(self.of_bytes)

    def test_a_reader_that_never_reads_a_stream(self):
        most = 1_000_000
        request = framed(add(1, 2).SerializeToString())
        together = 1000
        with Raw(self.target.address, {h2.settings.SettingCodes.INITIAL_WINDOW_SIZE: 0}) as raw:
            stream = raw.open(STREAM)
            raw.flush()
            asked, last = 0, time.monotonic()
            # It is stopped once no more was taken for a while; until then it may ask more than any buffers hold.
            while asked < most and time.monotonic() - last < 5:
                while raw.read(0):
                    pass
                gone = [event for event in raw.events if isinstance(event, h2.events.ConnectionTerminated)]
                self.assertFalse(raw.ended or gone, (gone, raw.why))
                if raw.h2.local_flow_control_window(stream) < len(request) * together:
                    raw.read(0.1)
                    continue
                raw.h2.send_data(stream, request * together)
                raw.flush()
                asked, last = asked + together, time.monotonic()
            self.assertGreater(asked, 0, "none is taken")
            self.assertLess(asked, most, "requests are taken without end")
            self.is_bounded()
            self.answers_rightly(self.target)
        self.recovers()

    def test_small_frames_that_nobody_reads_yet_end_nothing(self):
        request = framed(add(1, 2).SerializeToString())
        with Raw(self.target.address, {h2.settings.SettingCodes.INITIAL_WINDOW_SIZE: 0}) as raw:
            raw.read(1)
            stream, count = raw.open(STREAM), 0
            while count < 10_000 and raw.h2.local_flow_control_window(stream) >= len(request):
                raw.h2.send_data(stream, request)
                count += 1
            raw.flush()
            self.assertGreater(count, 1000)
            raw.h2.ping(b"12345678")
            raw.flush()
            self.assertIsNotNone(raw.wait(h2.events.PingAckReceived), raw.why)
            self.assertFalse([event for event in raw.events if isinstance(event, h2.events.ConnectionTerminated)])
        self.recovers()


if __name__ == "__main__":
    unittest.main()
