// Step 4: four clients at once, on a thread each, ask a hundred times each, and check every answer.
#include "ask.hpp"

#include <exception>
#include <future>
#include <iostream>
#include <vector>

using namespace calc_ipc;

namespace {

const char *const PATH = "/tmp/calc-tutorial.sock";

int countRightAnswers(int number) {
    UDSClient client(PATH); // each has its own
    int right = 0;
    for (int i = 0; i < 100; ++i) {
        const auto response = client.call({Operation::ADD, number, i});
        if (response && response->success && response->result == number + i) {
            ++right;
        }
    }
    return right;
}

} // namespace

int main() try {
    std::vector<std::future<int>> clients;
    for (int number = 1; number <= 4; ++number) {
        clients.push_back(std::async(std::launch::async, countRightAnswers, number));
    }
    int right = 0;
    for (auto &client : clients) {
        right += client.get(); // throws what its thread threw
    }
    std::cout << right << " of 400 answers were right\n";

    UDSClient client(PATH);
    ask(client, {Operation::ADD, -1, 1});
    return 0;
} catch (const std::exception &failure) {
    std::cerr << failure.what() << '\n';
    return 1;
}
