// Step 7: a server of messages of its own: it sums up readings.
#include "7_readings.hpp"

#include <calc_ipc.hpp>

#include <algorithm>
#include <cstddef>
#include <exception>
#include <iostream>
#include <numeric>
#include <stdexcept>

using namespace calc_ipc;

namespace {

std::size_t summarise(BytesView request, BytesRoom answer) {
    const auto *readings = request.as<Readings>(); // null if the message is too short for one
    auto *summary = answer.as<Summary>();
    // Whoever asks may have written anything into it.
    if (readings == nullptr || summary == nullptr || readings->count < 1 || readings->count > readings->values.size()) {
        throw std::runtime_error("these are no readings");
    }
    const auto *begin = readings->values.data();
    const auto *end = begin + readings->count;
    const auto [lowest, highest] = std::minmax_element(begin, end);
    *summary = {*lowest, *highest, std::accumulate(begin, end, 0.0) / static_cast<double>(readings->count)};
    return sizeof(Summary); // how long the answer is
}

} // namespace

int main() try {
    auto server = Server::bytes("shm://calc-tutorial", summarise);
    server.startInBackground();
    std::cout << "serving " << server.url() << "; press Enter to stop" << std::endl;
    std::cin.get();
    return 0;
} catch (const std::exception &failure) {
    std::cerr << failure.what() << '\n';
    return 1;
}
