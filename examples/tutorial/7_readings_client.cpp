// Step 7: builds a message where the server reads it, and reads the answer where the server wrote it.
#include "7_readings.hpp"

#include <calc_ipc.hpp>

#include <exception>
#include <iostream>

using namespace calc_ipc;

namespace {

void askForSummary(Client &client) {
    auto loan = client.loan(sizeof(Readings)).value(); // given back at the end of this function
    auto *readings = loan.as<Readings>();
    readings->count = 4;
    readings->values = {20.5, 21.0, 19.5, 23.0};
    const auto answer = loan.call().value(); // throws if there is none
    if (const auto *summary = answer.as<Summary>()) {
        std::cout << "from " << summary->lowest << " to " << summary->highest << ", mean " << summary->mean << '\n';
    }
}

} // namespace

int main() try {
    Client client("shm://calc-tutorial");
    askForSummary(client);
    const auto refusal = client.callBytes("hello"); // not what this server takes
    std::cout << refusal.message() << '\n';
    return 0;
} catch (const std::exception &failure) {
    std::cerr << failure.what() << '\n';
    return 1;
}
