// Has what sensors measured summarised: each line that it reads is a sensor and its values.
//
//     echo "kiln 20.5 21 22" | calc_protobuf_client unix:///run/measurements
//     echo "kiln 20.5 21 22" | calc_protobuf_client exec:///usr/lib/calc_nanopb_server
//     echo "kiln 20.5 21 22" | calc_protobuf_client tcp://localhost:7000 200             (each within 200 ms)
#include "measurements.pb.h"
#include "messages.hpp"

#include <cstdint>
#include <exception>
#include <iostream>
#include <sstream>
#include <string>

using namespace measurements::v1;

namespace {

SummariseRequest requestOf(const std::string &line) {
    std::istringstream words(line);
    SummariseRequest request;
    words >> *request.mutable_sensor();
    for (double value = 0; words >> value;) {
        request.add_values(value);
    }
    return request;
}

void print(const SummariseResponse &response) {
    std::cout << response.sensor() << ": ";
    if (response.has_summary()) {
        const Summary &summary = response.summary();
        std::cout << summary.count() << " values from " << summary.least() << " to " << summary.greatest() << ", mean "
                  << summary.mean() << std::endl;
    } else {
        std::cout << "error: " << response.error() << std::endl;
    }
}

} // namespace

int main(int argc, char **argv) try {
    if (argc != 2 && argc != 3) {
        std::cerr << "usage: " << argv[0] << " URL [MILLISECONDS], and lines of a sensor and its values to read\n";
        return 2;
    }
    const std::string url = argv[1];
    calc_ipc::ClientOptions options;
    options.max_message = 1 << 20;
    options.reconnect = url.rfind("exec:", 0) != 0; // so that a call outlives the server of the one before
    if (argc == 3) {
        options.call_timeout_ms = static_cast<std::uint32_t>(std::stoul(argv[2]));
    }
    MessageClient client(url, options);
    bool is_answered = true;
    SummariseResponse response;
    for (std::string line; std::getline(std::cin, line);) {
        if (const auto length = client.call(requestOf(line), response)) {
            print(response);
        } else {
            std::cerr << length.message() << (length.notExecuted() ? " (executed: no)" : " (executed: maybe)") << '\n';
            is_answered = false;
        }
    }
    return is_answered ? 0 : 1;
} catch (const std::exception &failure) {
    std::cerr << failure.what() << '\n';
    return 1;
}
