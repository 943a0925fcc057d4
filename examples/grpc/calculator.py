#!/usr/bin/env python3
"""Asks a calculator of calc_ipc over gRPC, through calc-ipc-gateway.

    python3 -m grpc_tools.protoc -I /usr/local/share/calc_ipc/proto --python_out=. --grpc_python_out=. calc_ipc/v1/calc_ipc.proto
    PYTHONPATH=. calculator.py 127.0.0.1:50051 ADD 10 20

The first line writes the modules that are imported here; grpc_tools comes with `pip install grpcio-tools`. Debian has
protobuf-compiler-grpc and python3-grpcio in its place, demo.sh shows how they are used.
"""

import sys

import grpc
from calc_ipc.v1 import calc_ipc_pb2 as messages
from calc_ipc.v1 import calc_ipc_pb2_grpc as services


def main() -> int:
    if len(sys.argv) != 5:
        print("usage: calculator.py HOST:PORT ADD|SUB|MUL|DIV ARG1 ARG2", file=sys.stderr)
        return 2
    address, operation, arg1, arg2 = sys.argv[1:]
    request = messages.ExecuteRequest(operation="OPERATION_" + operation, arg1=int(arg1), arg2=int(arg2))
    with grpc.insecure_channel(address) as channel:
        try:
            response = services.CalculatorStub(channel).Execute(request, timeout=10)
        except grpc.RpcError as error:
            said = dict(error.trailing_metadata() or ())
            executed = said.get("calc-ipc-executed", "maybe")
            print(f"{error.code().name}: {error.details()} (executed: {executed})", file=sys.stderr)
            return 1
    failed = response.WhichOneof("outcome") == "error"
    print(f"error: {response.error}" if failed else response.result)
    return 0


if __name__ == "__main__":
    sys.exit(main())
