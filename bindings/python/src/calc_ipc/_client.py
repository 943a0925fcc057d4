"""The client that waits for its answers."""

from __future__ import annotations

import ctypes
import threading
from ctypes import byref, c_size_t, c_uint64
from types import TracebackType
from typing import Dict, Iterable, List, Optional, Tuple, Type, Union

from . import _abi
from ._calls import Outcome, Rooms, Submit, connect_handle, next_completed, parse_result, submit_bytes, submit_request, tags
from ._errors import Error, NoResult, check_call, last_error
from ._handle import Owner
from ._library import lib
from ._values import DEADLINE, Bytes, Deadline, Operation, bytes_of, request_of, result_of, timeout_of

# How long the main thread waits before it looks whether a signal came, such as that of Ctrl-C.
LOOK_MS = 50
# Requests of a batch that go to the library at once, between two such looks.
BATCH = 1024


class Client(Owner):
    """A connection to a server behind any transport, which its URL names; a context manager, which closes it.

    Any threads may use it, one call at a time: a second one is Busy, unless `connections` lets there be several.
    """

    def __init__(
        self,
        url: str,
        *,
        deadline: Optional[float] = 30.0,
        connect_deadline: Optional[float] = 5.0,
        max_message: Optional[int] = None,
        spin_us: Optional[int] = None,
        server_uid: Union[int, str, None] = None,
        connections: int = 0,
        reconnect: bool = False,
    ) -> None:
        """Connects.

        url: such as unix:///run/calc.sock, shm://name, tcp://host:port, exec:///path/to/program.
        deadline: seconds that a call may take, unless it says another; None: without limit.
        connect_deadline: seconds that the server may take to accept; None: without limit.
        max_message: the longest message sent or taken, in bytes, from 259 to 67108864; by default 65536.
        spin_us: microseconds that a call spins before it sleeps, 1000 at most; by default 50.
        server_uid: the user that the server has to run as, by default this one or root; "any": whoever it is.
        connections: how many calls go on at once, each over a connection of its own; further ones wait. 0: one, else Busy.
        reconnect: a connection that was lost is made anew by the next call, and no server needs to be there yet.

        Raises NotConnected, TimedOut, Refused, PermissionDenied, InvalidArgument, Unsupported, SystemFailure.
        """
        self._handle, self._max_message = connect_handle(
            url,
            deadline=deadline,
            connect_deadline=connect_deadline,
            max_message=max_message,
            spin_us=spin_us,
            server_uid=server_uid,
            connections=connections,
            reconnect=reconnect,
        )
        self._rooms = Rooms(self._max_message)
        # Calls of the main thread that wait, and what they came to: one made in a signal handler may take another's answer.
        self._waiting: Dict[int, Optional[Outcome]] = {}

    def call(self, operation: Union[str, Operation], arg1: int, arg2: int, *, deadline: Deadline = DEADLINE) -> int:
        """Asks a calculator: call("ADD", 10, 20) is 30.

        operation: "ADD", "SUB", "MUL" or "DIV"; arg1, arg2: whole numbers of 64 bits.
        deadline: seconds that this call may take; None: without limit.

        Raises NoResult (DivisionByZero, Overflow) where there is none; TimedOut, Closed, PeerDied, Busy, Cancelled and what
        else befell the call. Ctrl-C in the main thread ends it within 50 ms.
        """
        request, timeout = request_of(operation, arg1, arg2), timeout_of(deadline)
        with self._handle as pointer:
            body = self._interruptible(pointer, timeout, submit_request(request))
            if body is not None:
                return parse_result(body)
            response = _abi.Response()
            check_call(lib.calc_ipc_client_call_within(pointer, timeout, byref(request), byref(response)))
            return result_of(response)

    def call_bytes(self, message: Bytes, *, deadline: Deadline = DEADLINE) -> bytes:
        """Sends a message of your own, also an empty one, and gives the answer.

        deadline: seconds that this call may take; None: without limit.

        Raises HandlerFailed, TooLarge (`max_message` of either side), and what call() raises, but for NoResult.
        """
        content, timeout = bytes_of("message", message), timeout_of(deadline)
        with self._handle as pointer:
            body = self._interruptible(pointer, timeout, submit_bytes(content))
            if body is not None:
                return body
            room, length = self._rooms.take(), c_size_t()
            try:
                check_call(
                    lib.calc_ipc_client_call_bytes_within(
                        pointer, timeout, content, len(content), room, len(room), byref(length)
                    )
                )
                return ctypes.string_at(room, length.value)
            finally:
                self._rooms.give_back(room)

    def call_many(
        self, requests: Iterable[Tuple[Union[str, Operation], int, int]], *, return_exceptions: bool = False
    ) -> List[Union[int, NoResult]]:
        """Asks a calculator many things, as many at once as the transport carries: call_many([("ADD", 1, 2)]) is [3].

        The client's deadline starts again with each answer. Where there is no result, NoResult is raised once all is answered;
        with return_exceptions it stands in the list, in its place.

        Raises what call() raises; `answers` of the exception is what was answered before, later requests may have been executed.
        Ctrl-C in the main thread ends it after 1024 requests, or when a call fails.
        """
        asked = [request_of(*request) for request in requests]
        answers: List[Union[int, NoResult]] = []
        with self._handle as pointer:
            for start in range(0, len(asked), BATCH):
                self._batch(pointer, asked[start : start + BATCH], answers)
        if not return_exceptions:
            for answer in answers:
                if isinstance(answer, NoResult):
                    answer.answers = tuple(answers)
                    raise answer
        return answers

    def close(self) -> None:
        """Closes the connection. Calls that are under way in other threads end with Cancelled. Closing again does nothing."""
        self._handle.close()

    @property
    def closed(self) -> bool:
        """Whether it was closed."""
        return self._handle.is_closed()

    def _batch(
        self, pointer: ctypes.c_void_p, asked: List[_abi.Request], answers: List[Union[int, NoResult]]
    ) -> None:
        count, completed = len(asked), c_size_t()
        responses = (_abi.Response * count)()
        status = lib.calc_ipc_client_call_many(
            pointer, (_abi.Request * count)(*asked), count, responses, byref(completed)
        )
        for index in range(completed.value):
            try:
                answers.append(result_of(responses[index]))
            except NoResult as error:
                answers.append(error)
        if status != _abi.STATUS_OK:
            failure = last_error(status, not_executed=lib.calc_ipc_last_not_executed())
            failure.answers = tuple(answers)
            raise failure

    def _interruptible(self, pointer: ctypes.c_void_p, timeout: int, submit: Submit) -> Optional[bytes]:
        """In the main thread, where Python runs signal handlers, a call that lets them run. None: the call has to wait in C."""
        if threading.get_ident() != threading.main_thread().ident:
            return None
        tag, number = next(tags), c_uint64()
        self._waiting[tag] = None
        try:
            status = submit(pointer, timeout, tag, byref(number))
            if status == _abi.STATUS_BUSY:
                return None  # Which waits for a connection where there are several, and else says why it is busy.
            if status != _abi.STATUS_OK:
                raise last_error(status, not_executed=True)
            outcome = self._outcome(pointer, tag)
        except BaseException:
            if number.value and self._waiting[tag] is None:
                self._abandon(pointer, number.value)
            raise
        finally:
            del self._waiting[tag]
        if isinstance(outcome, Error):
            raise outcome
        return outcome

    def _outcome(self, pointer: ctypes.c_void_p, tag: int) -> Outcome:
        while True:
            outcome = self._waiting[tag]
            if outcome is not None:
                return outcome
            self._take(pointer, LOOK_MS)

    def _take(self, pointer: ctypes.c_void_p, timeout_ms: int) -> bool:
        """Takes a call that is over, if there is one. Nobody wants to know of those that were abandoned."""
        completed = next_completed(pointer, timeout_ms, self._rooms)
        if completed is not None and completed.tag in self._waiting:
            self._waiting[completed.tag] = completed.outcome
        return completed is not None

    def _abandon(self, pointer: ctypes.c_void_p, number: int) -> None:
        lib.calc_ipc_client_cancel(pointer, number)
        try:
            while self._take(pointer, 0):
                pass
        except Error:
            pass  # The client was closed meanwhile: what is raised is why the call was abandoned.

    def __enter__(self) -> "Client":
        return self

    def __exit__(
        self, kind: Optional[Type[BaseException]], error: Optional[BaseException], trace: Optional[TracebackType]
    ) -> None:
        self.close()


connect = Client
