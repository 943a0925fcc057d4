#!/usr/bin/python3
"""Has what sensors measured summarised over gRPC: each line that it reads is a sensor and its values.

    echo "kiln 20.5 21 22" | client.py dns:///measurements.example.org:50051 [MILLISECONDS]

gRPC itself spreads the calls over all addresses of the target that say that they are healthy: round_robin.json says so.
measurements_pb2 is what protoc makes: protoc --python_out=DIRECTORY measurements.proto, and PYTHONPATH=DIRECTORY.
"""

import pathlib
import sys

import grpc
import measurements_pb2

METHOD = "/measurements.v1.Measurements/Summarise"
SERVICE_CONFIG = pathlib.Path(__file__).with_name("round_robin.json").read_text()
OPTIONS = [
    ("grpc.service_config", SERVICE_CONFIG),
    # The name that servers are told: a list of addresses, which ipv4: takes, is none.
    ("grpc.default_authority", "measurements"),
]


def request_of(line):
    """The request that a line stands for."""
    sensor, *values = line.split()
    return measurements_pb2.SummariseRequest(sensor=sensor, values=map(float, values))


def text_of(response):
    """A response as a line."""
    if response.WhichOneof("outcome") == "error":
        return f"{response.sensor}: error: {response.error}"
    summary = response.summary
    return (
        f"{response.sensor}: {summary.count} values from {summary.least:g} to {summary.greatest:g},"
        f" mean {summary.mean:g}"
    )


def reason_of(failure):
    """Why a call failed, and whether it was executed: what the gateway does not say, nobody knows."""
    trailers = dict(failure.trailing_metadata() or ())
    executed = trailers.get("calc-ipc-executed", "maybe")
    return f"{failure.code().name}: {failure.details()} (executed: {executed})"


def main():
    """Asks for each line."""
    if len(sys.argv) not in (2, 3):
        print("usage: client.py TARGET [MILLISECONDS], and lines of a sensor and its values to read", file=sys.stderr)
        return 2
    target, *timeouts = sys.argv[1:]
    timeout = float(timeouts[0]) / 1000 if timeouts else 30
    is_answered = True
    with grpc.insecure_channel(target, OPTIONS) as channel:
        summarise = channel.unary_unary(
            METHOD,
            request_serializer=measurements_pb2.SummariseRequest.SerializeToString,
            response_deserializer=measurements_pb2.SummariseResponse.FromString,
        )
        for line in sys.stdin:
            try:
                print(text_of(summarise(request_of(line), timeout=timeout)), flush=True)
            except grpc.RpcError as failure:
                print(reason_of(failure), file=sys.stderr, flush=True)
                is_answered = False
    return 0 if is_answered else 1


if __name__ == "__main__":
    sys.exit(main())
