"""Calls of one client: sent, and their answers taken as they come."""

from __future__ import annotations

import ctypes
import itertools
from ctypes import byref, sizeof
from typing import Any, Callable, List, NamedTuple, Optional, Union

from . import _abi
from ._errors import Error, check, last_error
from ._handle import Handle
from ._library import lib
from ._values import client_options, result_of, url_of

# Numbers of calls, each used once. next() on it is atomic.
tags = itertools.count(1)

Outcome = Union[bytes, Error]


class Completed(NamedTuple):
    """A call that is over."""

    tag: int
    outcome: Outcome


def connect_handle(url: object, **options: Any) -> "tuple[Handle, int]":
    """A client of the library's, and the longest message that it takes."""
    converted = client_options(**options)
    pointer = ctypes.c_void_p()
    check(lib.calc_ipc_client_create(url_of(url), byref(converted), byref(pointer)), not_executed=True)
    handle = Handle("client", pointer, lib.calc_ipc_client_request_stop, lib.calc_ipc_client_destroy)
    return handle, converted.max_message


class Rooms:
    """Memory for answers. Each call has its own while it lasts, also one that a signal handler makes inside another."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._free: List[Any] = []

    def take(self) -> Any:
        try:
            return self._free.pop()
        except IndexError:
            return ctypes.create_string_buffer(self._size)

    def give_back(self, room: Any) -> None:
        self._free.append(room)


def next_completed(pointer: ctypes.c_void_p, timeout_ms: int, rooms: Rooms) -> Optional[Completed]:
    """The next call that is over; None: there is none in time. Error: there will be none any more."""
    completion = _abi.Completion(size=sizeof(_abi.Completion))
    room = rooms.take()
    try:
        status = lib.calc_ipc_client_next(pointer, timeout_ms, room, len(room), byref(completion))
        if status == _abi.STATUS_TIMED_OUT:
            return None
        check(status)
        if completion.status == _abi.STATUS_OK:
            return Completed(completion.tag, ctypes.string_at(room, completion.length))
        not_executed = bool(completion.flags & _abi.COMPLETION_NOT_EXECUTED)
        return Completed(completion.tag, last_error(completion.status, not_executed=not_executed))
    finally:
        rooms.give_back(room)


def parse_result(body: bytes) -> int:
    """The number in a calculator's answer. NoResult: there is none; Malformed: it is no calculator's."""
    response = _abi.Response()
    check(lib.calc_ipc_response_parse(body, len(body), byref(response)))
    return result_of(response)


# submit(pointer, timeout_ms, tag, id): one of the two functions of the library's, with what is asked.
Submit = Callable[[ctypes.c_void_p, int, int, Any], int]


def submit_request(request: _abi.Request) -> Submit:
    return lambda pointer, timeout, tag, number: lib.calc_ipc_client_submit_request(
        pointer, timeout, byref(request), tag, number
    )


def submit_bytes(message: bytes) -> Submit:
    return lambda pointer, timeout, tag, number: lib.calc_ipc_client_submit(
        pointer, timeout, message, len(message), tag, number
    )
