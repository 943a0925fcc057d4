"""Finds and loads the shared library."""

from __future__ import annotations

import ctypes
import os
import sys
from pathlib import Path
from typing import List

from . import _abi

VARIABLE = "CALC_IPC_LIBRARY"


def candidates() -> List[str]:
    """Where the library may be, the first that is there counts: in the wheel, where the environment says, in the system."""
    name = "calc_ipc.dll" if sys.platform == "win32" else f"libcalc_ipc.so.{_abi.SOVERSION}"
    bundled = Path(__file__).with_name(name)
    found = [str(bundled)] if bundled.exists() else []
    named = os.environ.get(VARIABLE)
    return found + ([named] if named else []) + [name]


def load() -> ctypes.CDLL:
    """The library, bound. What the wheel or the environment names has to work: only a name for the system comes last."""
    path = candidates()[0]
    try:
        library = ctypes.CDLL(path)
    except OSError as error:
        raise ImportError(
            f"calc_ipc cannot load its shared library: {error}. Install libcalc-ipc0 or a wheel that has it, or set {VARIABLE} to its path."
        ) from error
    try:
        _abi.bind(library)
    except AttributeError as error:
        raise ImportError(
            f"{path} is older than this package, which is for calc_ipc {_abi.VERSION_STRING} and later: {error}"
        ) from error
    return library


lib = load()


def version() -> str:
    """The version of the shared library in use, such as "0.1.0"."""
    number = lib.calc_ipc_version()
    return f"{number // 1000000}.{number // 1000 % 1000}.{number % 1000}"
