#!/bin/sh
# doxygen.sh: the pages of the C and C++ interfaces, made without a warning where nothing else was made before; the main page says
# what there is, and every class shows what it inherits.
set -eu
cd "$(dirname "$0")/.."
. scripts/tools.sh
need doxygen doxygen
install_needed

fresh=$(mktemp -d)
trap 'rm -rf "$fresh"' EXIT
trap 'exit 1' HUP INT TERM
mkdir "$fresh/docs"
cp -r include Doxyfile "$fresh"
cp docs/api.md "$fresh/docs"
(cd "$fresh" && doxygen)

shows() { # shows PAGE WORD...: fails unless the page has them
    page=$fresh/build/doc/$1
    shift
    for word in "$@"; do
        grep -q "$word" "$page" || {
            echo "$(basename "$page") does not show $word" >&2
            exit 1
        }
    done
}
shows index.html calc_ipc_client_create UDSServer 'classcalc__ipc_1_1UDSClient.html'
for class in FIFOServer ShmServer UDSServer SeqPacketServer NamedPipeServer TCPServer Server; do
    shows classcalc__ipc_1_1$class.html '>run<' '>startInBackground<' '>stop<' '>requestStop<' 'Stops for good'
done
for class in FIFOClient ShmClient UDSClient SeqPacketClient NamedPipeClient TCPClient Client PipeChannel; do
    shows classcalc__ipc_1_1$class.html '>call<' '>status<' 'Sends a request and waits for its response'
done
shows classcalc__ipc_1_1Client.html '>connect<' '>submit<' '>async<' '>awaitCall<' '>dispatch<' '>cancel<' '>fd<'
