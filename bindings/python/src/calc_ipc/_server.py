"""Servers: a thread of Python's in which the library serves, and handlers in Python."""

from __future__ import annotations

import atexit
import ctypes
import logging
import math
import threading
import time
from ctypes import byref, sizeof
from types import TracebackType
from typing import Any, Callable, NamedTuple, Optional, Set, Type

from . import _abi
from ._errors import CALCULATORS_WORDS, Error, InvalidArgument, check, last_error
from ._handle import LOOK_S, Handle, Owner
from ._library import lib
from ._values import Operation, bytes_of, limit_of, option, result_in_64_bits, url_of

logger = logging.getLogger("calc_ipc")

BytesHandler = Callable[[bytes], bytes]
Calculator = Callable[[Operation, int, int], int]

# Whose handler or observer this thread is inside of: `handle`.
_inside = threading.local()
# Those that serve, which live until they are closed: their handlers are called from C.
_serving: "Set[Server]" = set()

_EVENTS = {
    _abi.EVENT_CAME: "CAME",
    _abi.EVENT_LEFT: "LEFT",
    _abi.EVENT_REFUSED: "REFUSED",
    _abi.EVENT_DROPPED: "DROPPED",
    _abi.EVENT_HANDLER_FAILED: "HANDLER_FAILED",
}


class Peer(NamedTuple):
    """Who a client is, as the system says; None is what is not known, over TCP all but the number of its connection."""

    uid: Optional[int]
    gid: Optional[int]
    pid: Optional[int]
    connection: int


class Event(NamedTuple):
    """What happened to a client. kind: CAME, LEFT, REFUSED, DROPPED or HANDLER_FAILED; text: for people."""

    kind: str
    status: int
    text: str
    peer: Peer


class Stats(NamedTuple):
    """What a server did since it was made; `bytes_in` and `bytes_out` are those of messages."""

    clients: int
    came: int
    refused: int
    dropped: int
    requests: int
    failed: int
    bytes_in: int
    bytes_out: int


def _peer_of(peer: _abi.Peer) -> Peer:
    uid, gid, pid = (None if value == _abi.PEER_UNKNOWN else value for value in (peer.uid, peer.gid, peer.pid))
    return Peer(uid, gid, pid, peer.connection)


def current_peer() -> Peer:
    """Who asks, in a handler or observer. InvalidArgument: this thread is inside of neither."""
    peer = _abi.Peer(size=sizeof(_abi.Peer))
    check(lib.calc_ipc_current_peer(byref(peer)))
    return _peer_of(peer)


def _reason(error: BaseException) -> str:
    """What a handler's exception says, without a NUL, at which C would cut it."""
    try:
        text = str(error)
    except Exception:
        text = ""
    return (text or type(error).__name__).replace("\0", "?")


def _failed(error: BaseException) -> bytes:
    """Logs it, and gives its text as C takes it. It never raises: what leaves a callback is lost."""
    try:
        logger.error("a handler failed: %s", _reason(error), exc_info=error)
        return _text(_reason(error))
    except BaseException:
        return b"a handler failed, and so did the log"


def _bytes_callback(handle_of: Callable[[], Optional[Handle]], handler: BytesHandler) -> Any:
    def answer(request: int, length: int, response: int, capacity: int, _: Any) -> int:
        try:
            _inside.handle = handle_of()
            content = bytes_of("a handler's answer", handler(ctypes.string_at(request, length)))
            if len(content) > capacity:
                raise ValueError(f"the answer has {len(content)} bytes, and max_message is {capacity}")
            ctypes.memmove(response, content, len(content))
            return len(content)
        except BaseException as error:  # Else its client would get an empty answer.
            lib.calc_ipc_current_failure(_failed(error))
            return capacity + 1
        finally:
            _inside.handle = None

    return _abi.BytesHandler(answer)


def _calculator_callback(handle_of: Callable[[], Optional[Handle]], calculate: Calculator) -> Any:
    def answer(request: Any, response: Any, _: Any) -> None:
        try:
            _inside.handle = handle_of()
            asked = request.contents
            result = calculate(Operation(asked.operation), asked.arg1, asked.arg2)
            response.contents.result = result_in_64_bits(result)
            response.contents.success = True
        except ArithmeticError as error:  # An answer, in the words of the built-in calculator where it has some.
            known = (text for kind, text in CALCULATORS_WORDS.items() if isinstance(error, kind))
            response.contents.error = _text(next(known, _reason(error)))
        except BaseException as error:
            response.contents.error = _failed(error)
        finally:
            _inside.handle = None

    return _abi.Handler(answer)


def _text(reason: str) -> bytes:
    """As much of it as an answer has room for."""
    return reason.encode("utf-8", "replace")[: _abi.ERROR_CAPACITY - 1].decode("utf-8", "ignore").encode()


def _observer_callback(handle_of: Callable[[], Optional[Handle]], on_event: Callable[[Event], object]) -> Any:
    def observe(event: Any, _: Any) -> None:
        try:
            _inside.handle = handle_of()
            told = event.contents
            kind = _EVENTS.get(told.kind)
            if kind is not None:  # Those of later versions are to be ignored.
                on_event(Event(kind, told.status, told.text.decode(), _peer_of(told.peer.contents)))
        except BaseException as error:
            logger.error("on_event failed: %s", _reason(error), exc_info=error)
        finally:
            _inside.handle = None

    return _abi.Observer(observe)


class Server(Owner):
    """A server behind any transport, which its URL names; a context manager, which starts it and closes it.

    Clients may connect once it is made, and are answered once it is started. A server that serves lives until it is closed,
    at the latest when the program ends. One that has not been started yet may be started in a forked child.
    """

    def __init__(
        self,
        url: str,
        handler: Optional[BytesHandler] = None,
        *,
        calculate: Optional[Calculator] = None,
        max_clients: int = 0,
        max_message: Optional[int] = None,
        workers: int = 0,
        mode: Optional[int] = None,
        idle_timeout: Optional[float] = None,
        stall_timeout: Optional[float] = None,
        spin_us: Optional[int] = None,
        stop_when_idle: bool = False,
        allow_remote: bool = False,
        on_event: Optional[Callable[[Event], object]] = None,
    ) -> None:
        """Takes the address.

        url: such as unix:///run/calc.sock, shm://name, tcp://localhost:0, stdio:, systemd:.
        handler: answers messages of your own, bytes to bytes. Without it the server is a calculator.
        calculate: calculates in place of the built-in calculator, such as lambda operation, arg1, arg2: arg1 + arg2. What it
            raises is an answer without a result, whose text is that of the exception.
        max_clients: the most clients at once; 0: 1024, over shared memory 128.
        max_message: the longest message taken or answered, in bytes, from 259 to 67108864; by default 65536.
        workers: threads that serve. 0: one for a handler, up to 8 for the built-in calculator. A handler runs in all at once.
        mode: permission bits of what is made in the file system; by default 0o600.
        idle_timeout: a client that sends nothing for so many seconds is dropped; None: never.
        stall_timeout: as many seconds has a client for the rest of a message; None: 5.
        spin_us: microseconds that a thread spins before it sleeps, 1000 at most; by default 50.
        stop_when_idle: it ends once clients have come and the last one has gone.
        allow_remote: other machines may be served.
        on_event: is told what happens to clients. It must not wait.

        Raises AddressInUse, PermissionDenied, InvalidArgument, Unsupported, SystemFailure.

        A handler that raises gives its client HandlerFailed; the exception is logged by the logger "calc_ipc".
        """
        if handler is not None and calculate is not None:
            raise TypeError("a server has a handler of bytes, or calculates, not both")
        options = _abi.ServerOptions()
        lib.calc_ipc_server_options_init(byref(options), sizeof(options))
        options.max_clients = option("max_clients", max_clients)
        options.workers = option("workers", workers)
        options.idle_timeout_ms = limit_of("idle_timeout", idle_timeout)
        options.stall_timeout_ms = limit_of("stall_timeout", stall_timeout)
        options.stop_when_idle, options.allow_remote = bool(stop_when_idle), bool(allow_remote)
        for name, value in (("max_message", max_message), ("mode", mode), ("spin_us", spin_us)):
            if value is not None:
                setattr(options, name, option(name, value))
        for name, function in (("handler", handler), ("calculate", calculate), ("on_event", on_event)):
            if function is not None and not callable(function):
                raise TypeError(f"{name} has to be callable, not {type(function).__name__}")

        # Callbacks know the handle, not the server, which would never be freed then.
        made: "list[Handle]" = []

        def handle_of() -> Optional[Handle]:
            return made[0] if made else None

        self._observer = _abi.Observer() if on_event is None else _observer_callback(handle_of, on_event)
        options.observer = self._observer
        pointer = ctypes.c_void_p()
        if handler is not None:
            self._callback = _bytes_callback(handle_of, handler)
            status = lib.calc_ipc_server_create_bytes(url_of(url), self._callback, None, byref(options), byref(pointer))
        else:
            self._callback = _abi.Handler() if calculate is None else _calculator_callback(handle_of, calculate)
            status = lib.calc_ipc_server_create(url_of(url), self._callback, None, byref(options), byref(pointer))
        check(status)
        self._handle = Handle("server", pointer, lib.calc_ipc_server_request_stop, lib.calc_ipc_server_destroy)
        made.append(self._handle)
        self._url: str = lib.calc_ipc_server_url(pointer).decode()
        self._ended = threading.Event()
        self._thread: Optional[threading.Thread] = None
        self._error: Optional[Error] = None

    @property
    def url(self) -> str:
        """The URL that clients use, with the real port where that was 0."""
        return self._url

    @property
    def closed(self) -> bool:
        """Whether it was closed."""
        return self._handle.is_closed()

    def start(self) -> "Server":
        """Serves from now on, in a thread of its own. InvalidArgument: it was started before, or is closed."""
        if self._thread is not None:
            raise InvalidArgument("this server was started before")
        if self._handle.is_forked():
            self._handle.adopt()
        if self._handle.is_closed():
            raise InvalidArgument("this server is closed")
        self._thread = threading.Thread(target=self._serve, name=f"calc_ipc {self._url}", daemon=True)
        _serving.add(self)
        try:
            self._thread.start()
        except BaseException:
            _serving.discard(self)
            self._thread = None
            raise
        return self

    def wait(self, timeout: Optional[float] = None) -> bool:
        """Waits until it has ended: closed, idle (stop_when_idle), or, over stdio:, at the end of the input. Ctrl-C ends the wait.

        timeout: seconds; None: without limit. Returns whether it has ended; raises why serving failed, if it did.
        """
        if self._thread is None or self._handle.is_forked():
            raise InvalidArgument("this server does not serve in this process: start() it")
        until = math.inf if timeout is None else time.monotonic() + timeout
        while not self._ended.wait(max(0.0, min(LOOK_S, until - time.monotonic()))):
            if time.monotonic() >= until:
                return False
        if self._error is not None:
            raise self._error
        return True

    def stats(self) -> Stats:
        """What it did so far."""
        stats = _abi.Stats(size=sizeof(_abi.Stats))
        with self._handle as pointer:
            check(lib.calc_ipc_server_stats(pointer, byref(stats)))
        return Stats(*(getattr(stats, name) for name in Stats._fields))

    def close(self) -> None:
        """Stops and waits until serving has ended: 200 ms at most, unless a handler still runs. Closing again does nothing.

        In its own handler or on_event it does not wait: the server ends when that has returned.
        """
        own = getattr(_inside, "handle", None) is self._handle
        self._handle.close(wait=not own)
        if not own:
            self._forget()

    def _serve(self) -> None:
        try:
            with self._handle as pointer:
                status = lib.calc_ipc_server_run(pointer)
                if status not in (_abi.STATUS_OK, _abi.STATUS_STOPPED):
                    self._error = last_error(status)
                    logger.error("serving %s failed: %s", self._url, self._error)
        except InvalidArgument:
            pass  # It was closed before its thread began.
        finally:
            self._ended.set()
            if self._handle.is_closed():
                self._forget()

    def _forget(self) -> None:
        _serving.discard(self)

    def __enter__(self) -> "Server":
        return self if self._thread is not None else self.start()

    def __exit__(
        self, kind: Optional[Type[BaseException]], error: Optional[BaseException], trace: Optional[TracebackType]
    ) -> None:
        self.close()


def serve(url: str, handler: Optional[BytesHandler] = None, **options: Any) -> Server:
    """A Server that has been started: serve("unix:///run/calc.sock") is a calculator, and with a handler, bytes to bytes,
    a server of messages of your own. Options are those of Server."""
    return Server(url, handler, **options).start()


@atexit.register
def _close_all() -> None:
    """Before the interpreter ends, after which no handler could run."""
    for server in list(_serving):
        server.close()
