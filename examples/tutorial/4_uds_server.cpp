// Step 4: a server for many clients, over a Unix domain socket, with a handler of its own.
#include <calc_ipc.hpp>

#include <exception>
#include <iostream>
#include <stdexcept>

using namespace calc_ipc;

int main() try {
    UDSServer server("/tmp/calc-tutorial.sock", [](const Request &request) {
        if (request.arg1 < 0 || request.arg2 < 0) {
            throw std::invalid_argument("no negative numbers here"); // the client gets this text
        }
        return execute(request);
    });
    server.startInBackground();
    std::cout << "serving; press Enter to stop" << std::endl;
    std::cin.get();
    return 0;
} catch (const std::exception &failure) {
    std::cerr << failure.what() << '\n';
    return 1;
}
