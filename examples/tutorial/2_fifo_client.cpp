// Step 2: asks the server, from another program.
#include "ask.hpp"

#include <exception>
#include <iostream>

using namespace calc_ipc;

int main() try {
    FIFOClient client("/tmp/calc-tutorial.request", "/tmp/calc-tutorial.response"); // throws if no server is there
    ask(client, {Operation::ADD, 1, 2});
    ask(client, {Operation::SUB, 100, 30});
    return 0;
} catch (const std::exception &failure) {
    std::cerr << failure.what() << '\n';
    return 1;
}
