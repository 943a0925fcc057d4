"""The client for asyncio: calls are submitted, and the loop watches for their answers. No thread is needed for that."""

from __future__ import annotations

import asyncio
import ctypes
import functools
from collections import deque
from ctypes import byref, c_int, c_uint64
from types import TracebackType
from typing import Any, Deque, Dict, Optional, Tuple, Type, Union

from . import _abi
from ._calls import Rooms, Submit, connect_handle, next_completed, parse_result, submit_bytes, submit_request, tags
from ._errors import Error, InvalidArgument, check, error_of, last_error
from ._handle import Handle, Owner
from ._library import lib
from ._values import DEADLINE, Bytes, Deadline, Operation, bytes_of, request_of, timeout_of


class _Call:
    """One that waits: for its answer, or, without a number, to be sent."""

    __slots__ = ("tag", "number", "future", "submit", "timeout", "until")

    def __init__(self, future: "asyncio.Future[bytes]", submit: Submit, timeout: int, until: Optional[float]) -> None:
        self.tag, self.number, self.future = next(tags), 0, future
        self.submit, self.timeout, self.until = submit, timeout, until


def _close_unwanted(made: "asyncio.Future[Tuple[Handle, int]]") -> None:
    """What connecting came to, after its task was cancelled."""
    if not made.cancelled() and made.exception() is None:
        made.result()[0].close()


class AsyncClient(Owner):
    """A connection to a server behind any transport; `async with` connects and closes it.

    Any number of calls may be under way in one event loop: 64 for each connection are with the server, further ones wait in the
    client, in order. A task that is cancelled ends its call. Options are those of Client.
    """

    def __init__(self, url: str, *, deadline: Optional[float] = 30.0, **options: Any) -> None:
        """Takes what Client does; connect() connects."""
        self._url, self._deadline = url, deadline
        defaults = {"connect_deadline": 5.0, "max_message": None, "spin_us": None, "server_uid": None}
        self._options = {"deadline": deadline, **defaults, "connections": 0, "reconnect": False, **options}
        unknown = set(self._options) - {"deadline", *defaults, "connections", "reconnect"}
        if unknown:
            raise TypeError(f"AsyncClient() got an unexpected keyword argument {sorted(unknown)[0]!r}")
        self._handle: Optional[Handle] = None
        self._loop: Optional[asyncio.AbstractEventLoop] = None
        self._fd = -1
        self._calls: Dict[int, _Call] = {}
        self._queue: Deque[_Call] = deque()

    async def connect(self) -> "AsyncClient":
        """Connects, in a thread of the loop's, and gives the client. Raises as Client() does."""
        if self._loop is not None:
            raise InvalidArgument("this client was connected before", not_executed=True)
        self._loop = loop = asyncio.get_running_loop()
        connecting = loop.run_in_executor(None, functools.partial(connect_handle, self._url, **self._options))
        try:
            handle, max_message = await asyncio.shield(connecting)
        except asyncio.CancelledError:
            connecting.add_done_callback(_close_unwanted)
            raise
        except BaseException:
            self._loop = None
            raise
        fd = c_int()
        try:
            with handle as pointer:
                check(lib.calc_ipc_client_fd(pointer, byref(fd)), not_executed=True)
            loop.add_reader(fd.value, self._take)
        except BaseException:
            handle.close()
            raise
        self._handle, self._fd, self._rooms = handle, fd.value, Rooms(max_message)
        return self

    async def call(self, operation: Union[str, Operation], arg1: int, arg2: int, *, deadline: Deadline = DEADLINE) -> int:
        """Asks a calculator: await call("ADD", 10, 20) is 30. Takes and raises what Client.call() does."""
        return parse_result(await self._answer(submit_request(request_of(operation, arg1, arg2)), deadline))

    async def call_bytes(self, message: Bytes, *, deadline: Deadline = DEADLINE) -> bytes:
        """Sends a message of your own, and gives the answer. Takes and raises what Client.call_bytes() does."""
        return await self._answer(submit_bytes(bytes_of("message", message)), deadline)

    async def aclose(self) -> None:
        """Closes the connection. Calls that are under way end with Cancelled. Closing again does nothing."""
        handle, loop = self._handle, self._loop
        if handle is None or loop is None or handle.is_closed():
            return
        self._running()
        loop.remove_reader(self._fd)
        self._end_all(_abi.STATUS_CANCELLED)
        # What is executed by exec: has a moment to end.
        await loop.run_in_executor(None, handle.close)

    @property
    def closed(self) -> bool:
        """Whether it is not connected: not yet, or not any more."""
        return self._handle is None or self._handle.is_closed()

    def _running(self) -> Handle:
        """The handle, in the loop that connected it."""
        if self._handle is None:
            raise InvalidArgument("this client is not connected: use `async with`, or await connect()", not_executed=True)
        if asyncio.get_running_loop() is not self._loop:
            raise InvalidArgument("this client belongs to another event loop", not_executed=True)
        return self._handle

    async def _answer(self, submit: Submit, deadline: Deadline) -> bytes:
        handle, loop = self._running(), asyncio.get_running_loop()
        timeout = timeout_of(deadline)
        seconds = self._deadline if deadline is DEADLINE else deadline
        until = None if seconds is None else loop.time() + float(seconds)
        call = _Call(loop.create_future(), submit, timeout, until)
        with handle as pointer:
            is_sent = not self._queue and self._submit(pointer, call)
        return await (self._awaited(call) if is_sent else self._queued(loop, call))

    async def _queued(self, loop: asyncio.AbstractEventLoop, call: _Call) -> bytes:
        """A call for which the library has no room yet. Its time runs."""
        self._queue.append(call)
        timer = None if call.until is None else loop.call_at(call.until, self._too_late, call)
        try:
            return await self._awaited(call)
        finally:
            if timer is not None:
                timer.cancel()

    async def _awaited(self, call: _Call) -> bytes:
        try:
            return await call.future
        except asyncio.CancelledError:
            self._cancel(call)
            raise

    def _submit(self, pointer: ctypes.c_void_p, call: _Call) -> bool:
        """Sends it. False: there is no room until an answer comes, also one that nobody waits for any more, which wakes the loop."""
        number = c_uint64()
        self._calls[call.tag] = call
        status = call.submit(pointer, call.timeout, call.tag, byref(number))
        call.number = number.value
        if status == _abi.STATUS_OK:
            return True
        del self._calls[call.tag]
        if status == _abi.STATUS_BUSY:
            return False
        call.future.set_exception(last_error(status, not_executed=True))
        return True

    def _take(self) -> None:
        """What the loop calls when there may be answers."""
        if self._handle is None or self._handle.is_closed():
            return
        try:
            with self._handle as pointer:
                self._take_all(pointer)
                self._send_queued(pointer)
        except Error as error:  # A forked child that goes on in its parent's loop, or a system without memory.
            if self._loop is not None:
                self._loop.remove_reader(self._fd)
            self._end_all(error.status, str(error))

    def _take_all(self, pointer: ctypes.c_void_p) -> None:
        while True:
            completed = next_completed(pointer, 0, self._rooms)
            if completed is None:
                return
            call = self._calls.pop(completed.tag, None)
            if call is None or call.future.done():
                continue
            if isinstance(completed.outcome, Error):
                call.future.set_exception(completed.outcome)
            else:
                call.future.set_result(completed.outcome)

    def _send_queued(self, pointer: ctypes.c_void_p) -> None:
        while self._queue:
            call = self._queue[0]
            if not call.future.done():
                call.timeout = self._left(call)
                if not self._submit(pointer, call):
                    return
            self._queue.popleft()

    def _left(self, call: _Call) -> int:
        """What is left of its time, in milliseconds; its timer ends it where that is nothing."""
        if call.until is None or self._loop is None:
            return _abi.TIMEOUT_NONE
        return max(1, int((call.until - self._loop.time()) * 1000))

    def _too_late(self, call: _Call) -> None:
        if call.number == 0 and not call.future.done():
            call.future.set_exception(error_of(_abi.STATUS_TIMED_OUT, not_executed=True))

    def _cancel(self, call: _Call) -> None:
        """Its completion still comes, and is dropped."""
        if call.number and self._handle is not None and not self._handle.is_closed():
            with self._handle as pointer:
                lib.calc_ipc_client_cancel(pointer, call.number)

    def _end_all(self, status: int, text: Optional[str] = None) -> None:
        calls, queue = self._calls, self._queue
        self._calls, self._queue = {}, deque()
        for call in [*calls.values(), *queue]:
            if not call.future.done():
                call.future.set_exception(error_of(status, text, not_executed=call.number == 0))

    async def __aenter__(self) -> "AsyncClient":
        return await self.connect()

    async def __aexit__(
        self, kind: Optional[Type[BaseException]], error: Optional[BaseException], trace: Optional[TracebackType]
    ) -> None:
        await self.aclose()
