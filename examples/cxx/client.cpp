// Asks a server once, over the transport of your choice, and prints the answer.
//
//     calc_cxx_client uds   /run/calc.sock     ADD 10 20
//     calc_cxx_client fifo  /run/calc          MUL 7 8      (the pair /run/calc.request and /run/calc.response)
//     calc_cxx_client shm   /calc              SUB 50 30
//     calc_cxx_client pipe  -                  DIV 100 4    (forks a child that serves)
//     calc_cxx_client spawn ./calc_pipe_server DIV 10 0     (executes a program that serves)
#include <calc_ipc.hpp>

#include <exception>
#include <iostream>
#include <optional>
#include <stdexcept>
#include <string>

using namespace calc_ipc;

namespace {

// Any client: its constructor threw if nobody was there. A call does not throw; value() does, and says why there is no
// response.
template <class Client> Response ask(Client client, const Request &request) { return client.call(request).value(); }

Response ask(const std::string &transport, const std::string &address, const Request &request) {
    if (transport == "uds") {
        return ask(UDSClient(address), request);
    }
    if (transport == "fifo") {
        return ask(FIFOClient(address + ".request", address + ".response"), request);
    }
    if (transport == "shm") {
        return ask(ShmClient(address), request);
    }
    if (transport == "pipe") {
        return ask(PipeChannel::createWithServer(), request);
    }
    if (transport == "spawn") {
        return ask(PipeChannel::spawn({address}), request);
    }
    throw std::invalid_argument(transport + " is no transport");
}

} // namespace

int main(int argc, char **argv) try {
    const std::optional<Operation> op = argc == 6 ? stringToOp(argv[3]) : std::nullopt;
    if (!op) {
        std::cerr << "usage: " << argv[0] << " uds|fifo|shm|pipe|spawn ADDRESS ADD|SUB|MUL|DIV NUMBER NUMBER\n";
        return 2;
    }
    const Request request{*op, std::stoll(argv[4]), std::stoll(argv[5])};
    const Response response = ask(argv[1], argv[2], request);
    std::cout << argv[1] << ": " << opToString(request.op) << ' ' << request.arg1 << ' ' << request.arg2 << " -> ";
    if (response.success) {
        std::cout << response.result << '\n';
    } else {
        std::cout << "error: " << response.error << '\n';
    }
    return 0;
} catch (const std::exception &failure) {
    std::cerr << failure.what() << '\n';
    return 1;
}
