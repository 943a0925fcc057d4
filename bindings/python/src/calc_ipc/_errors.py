"""The exceptions: one for each status of the library, below Error, and below the built-in exception that fits."""

from __future__ import annotations

from typing import Any, Dict, Optional, Tuple, Type

from . import _abi
from ._library import lib


class Error(Exception):
    """What went wrong, in the library's own words: str(error) says which address or connection, and why.

    status: the library's number, CALC_IPC_STATUS_* of calc_ipc.h; 0 where the call was answered, but without a result.
    code: its name, such as "TIMED_OUT".
    not_executed: True if the request certainly reached no handler, so that it can be sent again without being executed twice.
    answers: what call_many() had been answered before it failed; empty for all others.
    """

    status: int = _abi.STATUS_OK
    code: str = "OK"

    def __init__(self, message: str = "", *, not_executed: bool = False, answers: Tuple[Any, ...] = ()) -> None:
        super().__init__(message)
        self.not_executed = not_executed
        self.answers = answers

    def __reduce__(self) -> Tuple[Any, ...]:
        return type(self), self.args, self.__dict__


class InvalidArgument(Error, ValueError):
    """An argument is out of range or badly formed, or the client or server is closed."""


class Malformed(Error, ValueError):
    """The answer is not what the protocol says: the server serves messages of another kind."""


class TooLarge(Error, ValueError):
    """A message is over max_message of the client or of the server."""


class BufferTooSmall(Error):
    """There was no room for the answer. The package makes room itself, so that nobody sees this."""


class TimedOut(Error, TimeoutError):
    """The deadline passed. The client stays usable, and the late answer is never given to a later call."""


class Closed(Error, ConnectionError):
    """The peer closed the connection. Every later call fails alike: connect again, or set `reconnect`."""


class PeerDied(Error, ConnectionResetError):
    """The peer died. Treat it as Closed."""


class NotConnected(Error, ConnectionRefusedError):
    """No server is there."""


class AddressInUse(Error, OSError):
    """A live server, or a file of something else, is at the address."""


class PermissionDenied(Error, PermissionError):
    """The system denied it, or the peer runs as another user."""


class Busy(Error):
    """Another call is using the client: give each thread a client, or set `connections`."""


class Forked(Error, RuntimeError):
    """The client or server belongs to the process that this one was forked from: make another here."""


class Stopped(Error, RuntimeError):
    """The server was stopped."""


class Unsupported(Error, NotImplementedError):
    """This platform, or this version of the library, does not have it."""


class SystemFailure(Error, OSError):
    """The operating system failed; the message has its error number."""


class InternalError(Error, RuntimeError):
    """A bug in the library."""


class Refused(Error, ConnectionRefusedError):
    """A server is there, but full."""


class HandlerFailed(Error):
    """The server's handler failed. Why is known on its side alone."""


class Cancelled(Error):
    """The call was under way when its client was closed."""


class NoResult(Error, ArithmeticError):
    """The calculator answered that there is no result; the message says why."""


class DivisionByZero(NoResult, ZeroDivisionError):
    """The calculator was to divide by zero."""


class Overflow(NoResult, OverflowError):
    """The result does not fit into 64 bits."""


CLASSES: Dict[str, Type[Error]] = {
    "INVALID_ARGUMENT": InvalidArgument,
    "MALFORMED": Malformed,
    "TOO_LARGE": TooLarge,
    "BUFFER_TOO_SMALL": BufferTooSmall,
    "TIMED_OUT": TimedOut,
    "CLOSED": Closed,
    "PEER_DIED": PeerDied,
    "NOT_CONNECTED": NotConnected,
    "ADDRESS_IN_USE": AddressInUse,
    "PERMISSION_DENIED": PermissionDenied,
    "BUSY": Busy,
    "FORKED": Forked,
    "STOPPED": Stopped,
    "UNSUPPORTED": Unsupported,
    "SYSTEM": SystemFailure,
    "INTERNAL": InternalError,
    "REFUSED": Refused,
    "HANDLER_FAILED": HandlerFailed,
    "CANCELLED": Cancelled,
}
for _code, _class in CLASSES.items():
    _class.code = _code
    _class.status = getattr(_abi, "STATUS_" + _code)
BY_STATUS = {known.status: known for known in CLASSES.values()}

# What the built-in calculator says, which the protocol fixes, and of which of Python's exceptions.
NO_RESULTS: Dict[str, Type[NoResult]] = {"Division by zero": DivisionByZero, "Overflow": Overflow}
CALCULATORS_WORDS = {ZeroDivisionError: "Division by zero", OverflowError: "Overflow"}


def error_of(status: int, text: Optional[str] = None, *, not_executed: bool = False) -> Error:
    """The exception for a status. Without a text, it says what the status means."""
    if text is None:
        text = lib.calc_ipc_status_message(status).decode()
    error = BY_STATUS.get(status, Error)(text, not_executed=not_executed)
    error.status = status
    return error


def last_error(status: int, *, not_executed: bool = False) -> Error:
    """The exception for what failed last in this thread."""
    return error_of(status, lib.calc_ipc_last_error().decode() or None, not_executed=not_executed)


def check(status: int, *, not_executed: bool = False) -> None:
    """Raises what a status other than OK says."""
    if status != _abi.STATUS_OK:
        raise last_error(status, not_executed=not_executed)


def check_call(status: int) -> None:
    """As check(), for a call, of which the library knows whether its request was executed."""
    if status != _abi.STATUS_OK:
        raise last_error(status, not_executed=lib.calc_ipc_last_not_executed())
