"""calc_ipc: requests and answers between processes, over Unix sockets, shared memory, FIFOs, TCP and pipes.

    import calc_ipc

    with calc_ipc.serve("unix:///tmp/calc.sock"):                    # one process: a calculator
        with calc_ipc.connect("unix:///tmp/calc.sock") as client:    # any other
            print(client.call("ADD", 10, 20))                        # 30

Client waits for its answers, AsyncClient is for asyncio. With a handler, bytes to bytes, serve() is a server of messages of your
own, which call_bytes() asks. Times are in seconds, sizes in bytes. Every failure is an Error.
"""

from ._abi import VERSION_STRING as __version__
from ._asyncio import AsyncClient
from ._client import Client, connect
from ._errors import (
    AddressInUse,
    BufferTooSmall,
    Busy,
    Cancelled,
    Closed,
    DivisionByZero,
    Error,
    Forked,
    HandlerFailed,
    InternalError,
    InvalidArgument,
    Malformed,
    NoResult,
    NotConnected,
    Overflow,
    PeerDied,
    PermissionDenied,
    Refused,
    Stopped,
    SystemFailure,
    TimedOut,
    TooLarge,
    Unsupported,
)
from ._library import version
from ._server import Event, Peer, Server, Stats, current_peer, serve
from ._values import Operation, calculate

__all__ = [
    "AddressInUse",
    "AsyncClient",
    "BufferTooSmall",
    "Busy",
    "Cancelled",
    "Client",
    "Closed",
    "DivisionByZero",
    "Error",
    "Event",
    "Forked",
    "HandlerFailed",
    "InternalError",
    "InvalidArgument",
    "Malformed",
    "NoResult",
    "NotConnected",
    "Operation",
    "Overflow",
    "Peer",
    "PeerDied",
    "PermissionDenied",
    "Refused",
    "Server",
    "Stats",
    "Stopped",
    "SystemFailure",
    "TimedOut",
    "TooLarge",
    "Unsupported",
    "__version__",
    "calculate",
    "connect",
    "current_peer",
    "serve",
    "version",
]
