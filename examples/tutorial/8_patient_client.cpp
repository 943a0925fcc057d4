// Step 8: asks what you type, and outlives its server.
#include "ask.hpp"

#include <cstdint>
#include <exception>
#include <iostream>
#include <string>

using namespace calc_ipc;

int main(int argc, char **argv) try {
    if (argc != 2) {
        std::cerr << "usage: " << argv[0] << " URL\n";
        return 2;
    }
    ClientOptions options;
    options.reconnect = 1;          // a later call connects anew, once a server is there again
    options.call_timeout_ms = 2000; // no call waits longer than this
    Client client(argv[1], options);

    std::string word;
    std::int64_t arg1 = 0, arg2 = 0;
    while (std::cout << "ask> " << std::flush && std::cin >> word >> arg1 >> arg2) {
        if (const auto op = stringToOp(word)) {
            ask(client, {*op, arg1, arg2});
        }
    }
    return 0;
} catch (const std::exception &failure) {
    std::cerr << failure.what() << '\n';
    return 1;
}
