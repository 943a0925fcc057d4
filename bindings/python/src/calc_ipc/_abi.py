"""The C interface as ctypes has it: constants, structs and functions of calc_ipc.h, each said once.

Left out are the functions of single transports, which those of URLs stand for, and what only C needs.
tests/test_abi.py compares all that is here with the header.
"""

from __future__ import annotations

import ctypes
from ctypes import (
    CFUNCTYPE,
    POINTER,
    Structure,
    c_bool,
    c_char,
    c_char_p,
    c_int,
    c_int32,
    c_int64,
    c_size_t,
    c_uint32,
    c_uint64,
    c_void_p,
)
from typing import Any, Dict, List, Tuple

VERSION_STRING = "0.1.0"
VERSION_NUMBER = 1000
SOVERSION = 0

ERROR_CAPACITY = 256
FRAME_MAX = 263
IN_FLIGHT_MAX = 64
PEER_UNKNOWN = 4294967295
SERVER_UID_OWN = 4294967295
SERVER_UID_ANY = 4294967294
TIMEOUT_NONE = 4294967295
TIMEOUT_DEFAULT = 4294967294
COMPLETION_NOT_EXECUTED = 1

OPERATION_ADD = 0
OPERATION_SUB = 1
OPERATION_MUL = 2
OPERATION_DIV = 3

EVENT_CAME = 1
EVENT_LEFT = 2
EVENT_REFUSED = 3
EVENT_DROPPED = 4
EVENT_HANDLER_FAILED = 5

STATUS_OK = 0
STATUS_INVALID_ARGUMENT = -1
STATUS_MALFORMED = -2
STATUS_TOO_LARGE = -3
STATUS_BUFFER_TOO_SMALL = -4
STATUS_TIMED_OUT = -5
STATUS_CLOSED = -6
STATUS_PEER_DIED = -7
STATUS_NOT_CONNECTED = -8
STATUS_ADDRESS_IN_USE = -9
STATUS_PERMISSION_DENIED = -10
STATUS_BUSY = -11
STATUS_FORKED = -12
STATUS_STOPPED = -13
STATUS_UNSUPPORTED = -14
STATUS_SYSTEM = -15
STATUS_INTERNAL = -16
STATUS_REFUSED = -17
STATUS_HANDLER_FAILED = -18
STATUS_CANCELLED = -19


class Peer(Structure):
    _fields_ = [
        ("size", c_uint32),
        ("uid", c_uint32),
        ("gid", c_uint32),
        ("pid", c_uint32),
        ("connection", c_uint64),
    ]


class Event(Structure):
    _fields_ = [
        ("size", c_uint32),
        ("kind", c_int32),
        ("status", c_int32),
        ("reserved", c_uint32),
        ("peer", POINTER(Peer)),
        ("text", c_char_p),
    ]


class Request(Structure):
    _fields_ = [("operation", c_int32), ("arg1", c_int64), ("arg2", c_int64)]


class Response(Structure):
    _fields_ = [("success", c_bool), ("result", c_int64), ("error", c_char * ERROR_CAPACITY)]


class Stats(Structure):
    _fields_ = [
        ("size", c_uint32),
        ("reserved", c_uint32),
        ("clients", c_uint64),
        ("came", c_uint64),
        ("refused", c_uint64),
        ("dropped", c_uint64),
        ("requests", c_uint64),
        ("failed", c_uint64),
        ("bytes_in", c_uint64),
        ("bytes_out", c_uint64),
    ]


class Completion(Structure):
    _fields_ = [
        ("size", c_uint32),
        ("status", c_int32),
        ("flags", c_uint32),
        ("reserved", c_uint32),
        ("length", c_uint64),
        ("tag", c_uint64),
        ("id", c_uint64),
    ]


Observer = CFUNCTYPE(None, POINTER(Event), c_void_p)
Handler = CFUNCTYPE(None, POINTER(Request), POINTER(Response), c_void_p)
BytesHandler = CFUNCTYPE(c_size_t, c_void_p, c_size_t, c_void_p, c_size_t, c_void_p)


class ServerOptions(Structure):
    _fields_ = [
        ("size", c_size_t),
        ("max_clients", c_uint32),
        ("max_message", c_uint32),
        ("workers", c_uint32),
        ("mode", c_uint32),
        ("idle_timeout_ms", c_uint32),
        ("spin_us", c_uint32),
        ("stop_when_idle", c_uint32),
        ("allow_remote", c_uint32),
        ("in_place", c_uint32),
        ("stall_timeout_ms", c_uint32),
        ("observer", Observer),
        ("observer_data", c_void_p),
    ]


class ClientOptions(Structure):
    _fields_ = [
        ("size", c_size_t),
        ("connect_timeout_ms", c_uint32),
        ("call_timeout_ms", c_uint32),
        ("max_message", c_uint32),
        ("spin_us", c_uint32),
        ("server_uid", c_uint32),
        ("connections", c_uint32),
        ("reconnect", c_uint32),
        ("reserved", c_uint32),
    ]


STRUCTS: Dict[str, Any] = {
    "peer": Peer,
    "event": Event,
    "server_options": ServerOptions,
    "client_options": ClientOptions,
    "request": Request,
    "response": Response,
    "stats": Stats,
    "completion": Completion,
}

CALLBACKS: Dict[str, Any] = {"observer": Observer, "handler": Handler, "bytes_handler": BytesHandler}

# Each function without its prefix calc_ipc_: what it returns, and what it takes. A handle, and bytes, are c_void_p.
FUNCTIONS: Dict[str, Tuple[Any, List[Any]]] = {
    "status_message": (c_char_p, [c_int32]),
    "last_error": (c_char_p, []),
    "last_not_executed": (c_bool, []),
    "version": (c_uint32, []),
    "current_peer": (c_int32, [POINTER(Peer)]),
    "current_failure": (c_int32, [c_char_p]),
    "server_options_init": (None, [POINTER(ServerOptions), c_size_t]),
    "client_options_init": (None, [POINTER(ClientOptions), c_size_t]),
    "response_parse": (c_int32, [c_void_p, c_size_t, POINTER(Response)]),
    "execute": (c_int32, [POINTER(Request), POINTER(Response)]),
    "operation_name": (c_char_p, [c_int32]),
    "server_create": (c_int32, [c_char_p, Handler, c_void_p, POINTER(ServerOptions), POINTER(c_void_p)]),
    "server_create_bytes": (c_int32, [c_char_p, BytesHandler, c_void_p, POINTER(ServerOptions), POINTER(c_void_p)]),
    "server_run": (c_int32, [c_void_p]),
    "server_request_stop": (None, [c_void_p]),
    "server_destroy": (None, [c_void_p]),
    "server_url": (c_char_p, [c_void_p]),
    "server_stats": (c_int32, [c_void_p, POINTER(Stats)]),
    "client_create": (c_int32, [c_char_p, POINTER(ClientOptions), POINTER(c_void_p)]),
    "client_call_within": (c_int32, [c_void_p, c_uint32, POINTER(Request), POINTER(Response)]),
    "client_call_many": (c_int32, [c_void_p, POINTER(Request), c_size_t, POINTER(Response), POINTER(c_size_t)]),
    "client_call_bytes_within": (
        c_int32,
        [c_void_p, c_uint32, c_void_p, c_size_t, c_void_p, c_size_t, POINTER(c_size_t)],
    ),
    "client_destroy": (None, [c_void_p]),
    "client_submit": (c_int32, [c_void_p, c_uint32, c_void_p, c_size_t, c_uint64, POINTER(c_uint64)]),
    "client_submit_request": (c_int32, [c_void_p, c_uint32, POINTER(Request), c_uint64, POINTER(c_uint64)]),
    "client_next": (c_int32, [c_void_p, c_uint32, c_void_p, c_size_t, POINTER(Completion)]),
    "client_cancel": (c_int32, [c_void_p, c_uint64]),
    "client_request_stop": (None, [c_void_p]),
    "client_fd": (c_int32, [c_void_p, POINTER(c_int)]),
}


def bind(library: ctypes.CDLL) -> None:
    """Tells ctypes what each function takes and returns. AttributeError: the library has none of that name."""
    for name, (result, arguments) in FUNCTIONS.items():
        function = getattr(library, "calc_ipc_" + name)
        function.restype = result
        function.argtypes = arguments
