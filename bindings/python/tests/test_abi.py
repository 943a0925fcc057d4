"""The mirror in _abi.py is what include/calc_ipc.h says: a change of one that the other does not follow fails here."""

import ctypes
import os
import re
import subprocess
import tempfile
import unittest
from pathlib import Path

import calc_ipc
from calc_ipc import _abi, _errors, _library

ROOT = Path(__file__).resolve().parents[3]
HEADER = Path(os.environ.get("CALC_IPC_HEADER", ROOT / "include" / "calc_ipc.h"))
CODE = re.sub(r"/\*.*?\*/", "", HEADER.read_text(), flags=re.S)

# What C says, and what ctypes says for it. Pointers to handles and to bytes are c_void_p.
TYPES = {
    "void": None,
    "bool": ctypes.c_bool,
    "int": ctypes.c_int,
    "int32_t": ctypes.c_int32,
    "calc_ipc_status": ctypes.c_int32,
    "int64_t": ctypes.c_int64,
    "uint16_t": ctypes.c_uint16,
    "uint32_t": ctypes.c_uint32,
    "uint64_t": ctypes.c_uint64,
    "size_t": ctypes.c_size_t,
    "char *": ctypes.c_char_p,
    "uint8_t *": ctypes.c_void_p,
    "void *": ctypes.c_void_p,
    "int *": ctypes.POINTER(ctypes.c_int),
    "size_t *": ctypes.POINTER(ctypes.c_size_t),
    "uint64_t *": ctypes.POINTER(ctypes.c_uint64),
}
for _name, _struct in _abi.STRUCTS.items():
    TYPES[f"calc_ipc_{_name} *"] = ctypes.POINTER(_struct)
for _name, _callback in _abi.CALLBACKS.items():
    TYPES[f"calc_ipc_{_name}"] = _callback
for _name in ("client", "server"):
    TYPES[f"calc_ipc_{_name} *"] = ctypes.c_void_p
    TYPES[f"calc_ipc_{_name} **"] = ctypes.POINTER(ctypes.c_void_p)

# Functions that Python has no use for: those of single transports, of C's buffers, loans and loops, of descriptors of one's own.
LEFT_OUT = re.compile(
    r"(pipe|fifo_\w+?|shm_\w+?|uds_\w+?|seqpacket_\w+?|tcp_\w+?|named_pipe_\w+?)_(create|spawn|call|destroy|serve|run|start|stop|request_stop|port)"
    r"|(request|response)_(serialize|deserialize)|request_parse|operation_from_name|message_(send|recv)|fd_(read|write)_exact"
    r"|client_(call|call_bytes|loan|call_loaned|give_back|wait_handle)"
    r"|server_(create_deferred|start|stop|fd|wait_handle|dispatch)|reply_(send|send_response|fail|check)"
)


def type_of(text):
    """A parameter or a result, without its name, as ctypes has it."""
    words = re.sub(r"\b(const|struct)\b", " ", text).replace("*", " * ").split()
    stars = "*" * words.count("*")
    return TYPES[" ".join([word for word in words if word != "*"][:1] + ([stars] if stars else []))]


def prototypes():
    """Each exported function's name, and what it returns and takes."""
    found = {}
    pattern = r"CALC_IPC_API\s+([^;(]*?)\bcalc_ipc_(\w+)\(([^;]*)\);"
    for result, name, arguments in re.findall(pattern, CODE):
        found[name] = (result, [] if arguments.strip() == "void" else arguments.split(","))
    return found


def constants(prefix=""):
    found = re.findall(rf"^#define CALC_IPC_({prefix}\w+) (-?\d+u?|\"[^\"]*\")$", CODE, flags=re.M)
    return {name: int(value.rstrip("u")) if value[0] != '"' else value.strip('"') for name, value in found}


class Header(unittest.TestCase):
    def test_constants_are_the_headers(self):
        known = constants()
        mirrored = {name: value for name, value in vars(_abi).items() if name.isupper() and isinstance(value, (int, str))}
        self.assertEqual(mirrored.pop("SOVERSION"), int((ROOT / "Cargo.toml").read_text().split('soversion = "')[1].split('"')[0]))
        self.assertGreater(len(mirrored), 30)
        self.assertEqual(mirrored, {name: known.get(name) for name in mirrored})

    def test_no_status_event_or_operation_is_missing(self):
        for prefix in ("STATUS_", "EVENT_", "OPERATION_"):
            for name, value in constants(prefix).items():
                self.assertEqual(getattr(_abi, name, None), value, name)
        self.assertEqual({"OK", *_errors.CLASSES}, {name[len("STATUS_") :] for name in constants("STATUS_")})

    def test_functions_are_the_headers(self):
        known = prototypes()
        for name, (result, arguments) in _abi.FUNCTIONS.items():
            with self.subTest(name):
                result_text, argument_texts = known[name]
                self.assertEqual(result, type_of(result_text))
                self.assertEqual(arguments, [type_of(text) for text in argument_texts])

    def test_each_function_of_the_header_is_there_or_left_out_by_name(self):
        for name in prototypes():
            self.assertNotEqual(name in _abi.FUNCTIONS, bool(LEFT_OUT.fullmatch(name)), name)

    def test_callbacks_are_the_headers(self):
        for name, callback in _abi.CALLBACKS.items():
            result, arguments = re.search(rf"typedef (\w+) \(\*calc_ipc_{name}\)\(([^;]*)\);", CODE).groups()
            self.assertEqual(callback._restype_, type_of(result), name)
            self.assertEqual(list(callback._argtypes_), [type_of(text) for text in arguments.split(",")], name)

    def test_structs_have_the_fields_of_the_header(self):
        for name, struct in _abi.STRUCTS.items():
            body = re.search(rf"typedef struct calc_ipc_{name} {{(.*?)}} calc_ipc_{name};", CODE, flags=re.S).group(1)
            fields = re.findall(r"(\w+)(?:\[\w+\])?;", body)
            self.assertEqual([field for field, *_ in struct._fields_], fields, name)

    def test_structs_lie_in_memory_as_a_c_compiler_puts_them(self):
        lines, expected = [], []
        for name, struct in _abi.STRUCTS.items():
            lines.append(f'printf("{name} %zu %zu\\n", sizeof(calc_ipc_{name}), _Alignof(calc_ipc_{name}));')
            expected.append(f"{name} {ctypes.sizeof(struct)} {ctypes.alignment(struct)}")
            for field, *_ in struct._fields_:
                at = getattr(struct, field)
                lines.append(
                    f'printf("{name}.{field} %zu %zu\\n", offsetof(calc_ipc_{name}, {field}), sizeof(((calc_ipc_{name} *)0)->{field}));'
                )
                expected.append(f"{name}.{field} {at.offset} {at.size}")
        source = "#include <calc_ipc.h>\n#include <stdio.h>\nint main(void) {\n" + "\n".join(lines) + "\n}\n"
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "layout"
            command = ["cc", "-std=c11", "-x", "c", f"-I{HEADER.parent}", "-", "-o", str(path)]
            subprocess.run(command, input=source, text=True, check=True)
            printed = subprocess.run([str(path)], text=True, check=True, stdout=subprocess.PIPE).stdout
        self.assertEqual(printed.splitlines(), expected)

    def test_the_library_is_the_headers(self):
        self.assertEqual(_library.lib.calc_ipc_version(), constants()["VERSION_NUMBER"])
        self.assertEqual(calc_ipc.version(), calc_ipc.__version__)


class Texts(unittest.TestCase):
    def test_operations_have_the_names_of_the_wire(self):
        for operation in calc_ipc.Operation:
            self.assertEqual(_library.lib.calc_ipc_operation_name(operation).decode(), operation.name)
        self.assertIsNone(_library.lib.calc_ipc_operation_name(max(calc_ipc.Operation) + 1))

    def test_reasons_for_no_result_are_the_librarys(self):
        with self.assertRaises(calc_ipc.DivisionByZero):
            calc_ipc.calculate("DIV", 1, 0)
        with self.assertRaises(calc_ipc.Overflow):
            calc_ipc.calculate("MUL", 2**62, 4)


if __name__ == "__main__":
    unittest.main()
