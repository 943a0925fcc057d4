"""A client of HTTP/2 that does what no library of gRPC would."""

import select
import socket
import time

import h2.config
import h2.connection
import h2.events
import h2.exceptions
import h2.settings

from support import PATIENCE

# Bytes that are read at once.
CHUNK = 1 << 16
# What begins a connection.
PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"


def framed(message):
    """A message of gRPC: not compressed, its length, itself."""
    return b"\0" + len(message).to_bytes(4, "big") + message


def headers(path, more=()):
    return [
        (":method", "POST"),
        (":scheme", "http"),
        (":path", path),
        (":authority", "localhost"),
        ("content-type", "application/grpc"),
        ("te", "trailers"),
        *more,
    ]


def frame(kind, flags, stream, payload):
    return len(payload).to_bytes(3, "big") + bytes([kind, flags]) + stream.to_bytes(4, "big") + payload


def dial(address):
    host, port = address.rsplit(":", 1)
    connected = socket.create_connection((host, int(port)), timeout=PATIENCE)
    connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connected


class Raw:
    """A connection. `ended`: the peer has closed it, or broke the rules, as `why` says; `events`: what has come and was not looked at."""

    def __init__(self, address, settings=None):
        self.socket = dial(address)
        # What is sent may be against the rules.
        config = h2.config.H2Configuration(validate_outbound_headers=False, normalize_outbound_headers=False)
        self.h2 = h2.connection.H2Connection(config)
        if settings:
            # An update would be sent only after the beginning.
            self.h2.local_settings = h2.settings.Settings(client=True, initial_values=settings)
        self.h2.initiate_connection()
        self.events, self.ended, self.why = [], False, None
        self.flush()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def flush(self):
        self.send(self.h2.data_to_send())

    def send(self, data):
        """Sends bytes as they are; what the peer has closed takes none."""
        try:
            self.socket.sendall(data)
        except (BrokenPipeError, ConnectionResetError) as broken:
            self.ended, self.why = True, broken

    def read(self, seconds):
        """Takes what comes in this time, and answers what HTTP/2 itself wants answered; whether something came."""
        if self.ended or not select.select([self.socket], [], [], seconds)[0]:
            return False
        try:
            data = self.socket.recv(CHUNK)
        except ConnectionResetError:
            data = b""
        self.ended = not data
        self.why = "closed" if self.ended else None
        if data:
            try:
                self.events.extend(self.h2.receive_data(data))
            except h2.exceptions.ProtocolError as broken:
                self.ended, self.why = True, broken
            self.flush()
        return bool(data)

    def open(self, path, more=(), end_stream=False):
        """Begins a call, and gives its stream."""
        stream = self.h2.get_next_available_stream_id()
        self.h2.send_headers(stream, headers(path, more), end_stream=end_stream)
        return stream

    def wait(self, kind, stream=None):
        """The first event of a kind, of one stream or of any; None: the connection ended before."""
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            for event in self.events:
                if isinstance(event, kind) and stream in (None, getattr(event, "stream_id", None)):
                    return event
            if self.ended:
                return None
            self.read(1)
        raise AssertionError(f"no {kind} within {PATIENCE} s")
