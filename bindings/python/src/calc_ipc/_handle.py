"""Who uses a handle of the library's, so that it is destroyed once, and while nobody does."""

from __future__ import annotations

import ctypes
import os
import sys
import threading
import warnings
from typing import Callable, List, Optional

from . import _abi
from ._errors import InvalidArgument, error_of


# How long a wait for another thread lasts before it looks whether a signal came: one that comes as a wait begins, or that another
# thread was interrupted by, would not end it.
LOOK_S = 0.2


class Handle:
    """A client or server of the library's, used by `with handle as pointer`.

    close() stops what goes on, and the last one out destroys it. A forked child only forgets it: the library closed its
    descriptors at the fork.
    """

    def __init__(
        self,
        what: str,
        pointer: ctypes.c_void_p,
        stop: Callable[[Optional[ctypes.c_void_p]], None],
        destroy: Callable[[Optional[ctypes.c_void_p]], None],
    ) -> None:
        self._what, self._stop, self._destroy = what, stop, destroy
        self._pointer: Optional[ctypes.c_void_p] = pointer
        self._leaving: Optional[ctypes.c_void_p] = None
        self._users: List[int] = []
        # Its lock is one that a signal handler may take again in the thread that has it.
        self._changed = threading.Condition()
        self._process = os.getpid()

    def __enter__(self) -> ctypes.c_void_p:
        if self.is_forked():
            raise error_of(_abi.STATUS_FORKED, not_executed=True)
        with self._changed:
            if self._pointer is None:
                raise InvalidArgument(f"this {self._what} is closed", not_executed=True)
            self._users.append(threading.get_ident())
            return self._pointer

    def __exit__(self, *_: object) -> None:
        if self.is_forked():
            return  # A thread of the parent's may have held the lock.
        with self._changed:
            self._users.remove(threading.get_ident())
            if self._leaving is not None and not self._users:
                self._destroy(self._leaving)
                self._leaving = None
                self._changed.notify_all()

    def is_forked(self) -> bool:
        return os.getpid() != self._process

    def is_closed(self) -> bool:
        return self._pointer is None

    def adopt(self) -> None:
        """This process, a child that was forked, has it from now on, and with it none of the parent's threads."""
        self._changed, self._users = threading.Condition(), []
        self._process = os.getpid()

    def close(self, wait: bool = True) -> None:
        """Ends it. Waits until all others have left it, unless this thread is inside itself, as a signal handler may be."""
        if self.is_forked():
            self._pointer = None
            return
        with self._changed:
            pointer, self._pointer = self._pointer, None
            if pointer is not None:
                if not self._users:
                    self._destroy(pointer)
                    return
                self._leaving = pointer
                self._stop(pointer)
            if wait and threading.get_ident() not in self._users:
                while self._leaving is not None:
                    self._changed.wait(LOOK_S)


class Owner:
    """What has a handle. One that nobody has closed is closed once it is garbage, with a warning."""

    def __del__(self) -> None:
        handle = getattr(self, "_handle", None)
        if handle is not None and not handle.is_closed() and not sys.is_finalizing():
            warnings.warn(f"unclosed {self!r}", ResourceWarning, source=self)
            handle.close()
