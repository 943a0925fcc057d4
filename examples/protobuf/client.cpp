// Has what sensors measured summarised: each line that it reads is a sensor and its values.
//
//     echo "kiln 20.5 21 22" | calc_protobuf_client unix:///run/measurements
//     echo "kiln 20.5 21 22" | calc_protobuf_client exec:///usr/lib/calc_nanopb_server
#include "measurements.pb.h"
#include "messages.hpp"

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
    if (argc != 2) {
        std::cerr << "usage: " << argv[0] << " URL, and lines of a sensor and its values to read\n";
        return 2;
    }
    calc_ipc::ClientOptions options;
    options.max_message = 1 << 20;
    MessageClient client(argv[1], options);
    bool is_answered = true;
    SummariseResponse response;
    for (std::string line; std::getline(std::cin, line);) {
        if (const auto length = client.call(requestOf(line), response)) {
            print(response);
        } else {
            std::cerr << length.message() << '\n';
            is_answered = false;
        }
    }
    return is_answered ? 0 : 1;
} catch (const std::exception &failure) {
    std::cerr << failure.what() << '\n';
    return 1;
}
