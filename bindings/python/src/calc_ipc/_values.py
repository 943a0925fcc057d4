"""What Python's callers pass, checked and turned into what C takes: nothing is cut, wrapped around or guessed."""

from __future__ import annotations

import enum
import math
import operator
from ctypes import byref, sizeof
from typing import Any, Optional, Union

from . import _abi
from ._errors import NO_RESULTS, InvalidArgument, NoResult, Overflow
from ._library import lib

Bytes = Union[bytes, bytearray, memoryview]


class Operation(enum.IntEnum):
    """What a calculator calculates. DIV truncates toward zero."""

    ADD = _abi.OPERATION_ADD
    SUB = _abi.OPERATION_SUB
    MUL = _abi.OPERATION_MUL
    DIV = _abi.OPERATION_DIV


class Default(enum.Enum):
    """For the deadline of a call: that of its client."""

    DEADLINE = enum.auto()


# The bounds of a number.
LEAST, MOST = -(2**63), 2**63 - 1

DEADLINE = Default.DEADLINE
Deadline = Union[float, None, Default]


def whole(name: str, value: object, lowest: int, highest: int) -> int:
    """A whole number within these bounds. TypeError: it is no whole number; InvalidArgument: it is out of bounds."""
    try:
        number = operator.index(value)  # type: ignore[arg-type]
    except TypeError:
        raise TypeError(f"{name} has to be a whole number, not {type(value).__name__}") from None
    if not lowest <= number <= highest:
        raise InvalidArgument(f"{name} is {number}, and has to be from {lowest} to {highest}", not_executed=True)
    return number


def option(name: str, value: object) -> int:
    """A number that an option may be, as far as C can hold it: the library checks the rest."""
    return whole(name, value, 0, 0xFFFFFFFF)


def milliseconds(name: str, seconds: Any) -> int:
    """Whole milliseconds, rounded up."""
    if isinstance(seconds, str) or not hasattr(seconds, "__float__"):
        raise TypeError(f"{name} has to be a number of seconds, or None, not {type(seconds).__name__}")
    number = float(seconds)
    if not 0 < number <= 4294967.0:  # False for NaN, too
        raise InvalidArgument(
            f"{name} is {number} s, and has to be over 0 and at most 4294967; None: without limit", not_executed=True
        )
    return math.ceil(number * 1000)


def timeout_of(deadline: Deadline) -> int:
    """The timeout_ms of a call."""
    if deadline is DEADLINE:
        return _abi.TIMEOUT_DEFAULT
    return _abi.TIMEOUT_NONE if deadline is None else milliseconds("deadline", deadline)


def limit_of(name: str, seconds: Optional[float]) -> int:
    """A time in options, where 0 says that there is no limit."""
    return 0 if seconds is None else milliseconds(name, seconds)


def url_of(url: object) -> bytes:
    """TypeError: it is no str; InvalidArgument: C would take it for a shorter one."""
    if not isinstance(url, str):
        raise TypeError(f"url has to be a str such as 'unix:///run/calc.sock', not {type(url).__name__}")
    if "\0" in url:
        raise InvalidArgument(f"url has a NUL in it: {url!r}", not_executed=True)
    return url.encode()


def bytes_of(what: str, message: object) -> bytes:
    """TypeError: it is not bytes, nor like bytes."""
    if isinstance(message, bytes):
        return message
    try:
        return memoryview(message).tobytes()  # type: ignore[arg-type]
    except TypeError:
        raise TypeError(f"{what} has to be bytes, not {type(message).__name__}") from None


def request_of(operation: object, arg1: object, arg2: object) -> _abi.Request:
    """A question to a calculator. InvalidArgument: no such operation, or a number that does not fit into 64 bits."""
    if isinstance(operation, str):
        try:
            number = int(Operation[operation])
        except KeyError:
            known = ", ".join(Operation.__members__)
            raise InvalidArgument(f"operation is {operation!r}, and has to be one of {known}", not_executed=True) from None
    else:
        number = whole("operation", operation, min(Operation), max(Operation))
    return _abi.Request(number, whole("arg1", arg1, LEAST, MOST), whole("arg2", arg2, LEAST, MOST))


def result_in_64_bits(result: object) -> int:
    """What a handler calculated. Overflow: it does not fit."""
    try:
        return whole("the result", result, LEAST, MOST)
    except InvalidArgument as error:
        raise Overflow("Overflow") from error


def result_of(response: _abi.Response) -> int:
    """The number that a calculator answered. NoResult: it has none, and says why."""
    if response.success:
        return int(response.result)
    text = response.error.decode()
    raise NO_RESULTS.get(text, NoResult)(text)


def calculate(operation: Union[str, Operation], arg1: int, arg2: int) -> int:
    """What the built-in calculator answers, in this process: calculate("ADD", 10, 20) is 30. Raises as Client.call() does."""
    response = _abi.Response()
    lib.calc_ipc_execute(byref(request_of(operation, arg1, arg2)), byref(response))
    return result_of(response)


def client_options(
    deadline: Optional[float],
    connect_deadline: Optional[float],
    max_message: Optional[int],
    spin_us: Optional[int],
    server_uid: Union[int, str, None],
    connections: int,
    reconnect: bool,
) -> _abi.ClientOptions:
    """What connect() is told, over the library's defaults."""
    options = _abi.ClientOptions()
    lib.calc_ipc_client_options_init(byref(options), sizeof(options))
    options.call_timeout_ms = limit_of("deadline", deadline)
    options.connect_timeout_ms = limit_of("connect_deadline", connect_deadline)
    if max_message is not None:
        options.max_message = option("max_message", max_message)
    if spin_us is not None:
        options.spin_us = option("spin_us", spin_us)
    if server_uid == "any":
        options.server_uid = _abi.SERVER_UID_ANY
    elif server_uid is not None:
        options.server_uid = option("server_uid", server_uid)
    options.connections = option("connections", connections)
    options.reconnect = bool(reconnect)
    return options
