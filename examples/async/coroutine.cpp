// Coroutines of C++20 that ask one server at once, on one thread, each as if it waited.
//
//     calc_coroutine unix:///run/calc.sock     (any URL will do)
#include <calc_ipc/async.hpp>

#include <chrono>
#include <coroutine>
#include <cstdint>
#include <exception>
#include <iostream>
#include <string>

using namespace calc_ipc;
using namespace std::chrono_literals;

namespace {

/// A coroutine that begins at once and frees itself at its end. Have your own, or a library's: any will do.
struct Job {
    struct promise_type {
        Job get_return_object() noexcept { return {}; }
        std::suspend_never initial_suspend() noexcept { return {}; }
        std::suspend_never final_suspend() noexcept { return {}; }
        void return_void() noexcept {}
        void unhandled_exception() { throw; } // out of dispatch
    };
};

/// n! by as many calls, each of which needs the answer to the last.
Job factorial(Client &client, std::int64_t n, int &left) {
    std::int64_t product = 1;
    for (std::int64_t i = 2; i <= n; ++i) {
        const Result<Response> response = co_await client.awaitCall({Operation::MUL, product, i}, 5s);
        if (!response || !response->success) {
            std::cout << n << "!: " << (response ? response->error : response.message()) << '\n';
            --left;
            co_return;
        }
        product = response->result;
    }
    std::cout << n << "! = " << product << '\n';
    --left;
}

} // namespace

int main(int argc, char **argv) try {
    if (argc != 2) {
        std::cerr << "usage: " << argv[0] << " URL\n";
        return 2;
    }
    int left = 3; // outlives the client, which at its end resumes who still waits
    Client client(argv[1]);
    factorial(client, 5, left);
    factorial(client, 10, left);
    factorial(client, 21, left); // more than 64 bits hold
    while (left > 0) {
        if (client.dispatch(1min) != CALC_IPC_STATUS_OK) {
            std::cerr << calc_ipc_last_error() << '\n';
            return 1;
        }
    }
    return 0;
} catch (const std::exception &failure) {
    std::cerr << failure.what() << '\n';
    return 1;
}
