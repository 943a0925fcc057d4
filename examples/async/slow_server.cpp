// A calculator that takes ten minutes to multiply, on its standard input and output: for exec: to execute.
#include <calc_ipc.hpp>

#include <chrono>
#include <exception>
#include <iostream>
#include <thread>

using namespace calc_ipc;

int main() try {
    Server server("stdio:", [](const Request &request) {
        if (request.op == Operation::MUL) {
            std::this_thread::sleep_for(std::chrono::minutes(10));
        }
        return execute(request);
    });
    server.run();
    return 0;
} catch (const std::exception &failure) {
    std::cerr << failure.what() << '\n';
    return 1;
}
