// Summarises what sensors measured, in messages of protobuf, over whatever transport its URL names, until SIGINT or
// SIGTERM.
//
//     calc_protobuf_server unix:///run/measurements
//     calc_protobuf_server tcp://localhost:7000
//     calc_protobuf_server                         (standard input and output: what exec:// executes)
#include "measurements.pb.h"
#include "messages.hpp"

#include <algorithm>
#include <csignal>
#include <cstdint>
#include <exception>
#include <iostream>
#include <numeric>

using namespace measurements::v1;

namespace {

SummariseResponse summarise(const SummariseRequest &request) {
    SummariseResponse response;
    response.set_sensor(request.sensor());
    const auto &values = request.values();
    if (values.empty()) {
        response.set_error("no values"); // An answer: the call succeeded.
        return response;
    }
    Summary &summary = *response.mutable_summary();
    const auto [least, greatest] = std::minmax_element(values.begin(), values.end());
    summary.set_count(static_cast<std::uint32_t>(values.size()));
    summary.set_least(*least);
    summary.set_mean(std::accumulate(values.begin(), values.end(), 0.0) / values.size());
    summary.set_greatest(*greatest);
    return response;
}

// Why a request had no answer: the client is told no more than that its request failed, or was too large.
void tell(const calc_ipc::Event &event) {
    if (event.status != CALC_IPC_STATUS_OK) {
        std::cerr << event.text << std::endl;
    }
}

// For the signal handler, which may ask a server to stop.
calc_ipc::Server *serving = nullptr;

} // namespace

int main(int argc, char **argv) try {
    calc_ipc::ServerOptions options;
    options.onEvent(tell);
    auto server =
        calc_ipc::Server::bytes(argc > 1 ? argv[1] : "stdio:", answering<SummariseRequest>(summarise), options);
    serving = &server;
    const auto stop = [](int) { serving->requestStop(); };
    std::signal(SIGINT, stop);
    std::signal(SIGTERM, stop);
    if (argc > 1) {
        std::cout << "serving " << server.url() << std::endl; // with the real port, if it was 0
    }
    server.run();
    std::signal(SIGINT, SIG_IGN); // a second one must not find a server that is destroyed
    std::signal(SIGTERM, SIG_IGN);
    return 0;
} catch (const std::exception &failure) {
    std::cerr << failure.what() << '\n';
    return 1;
}
