// Step 3: asks it, and asks something whose result does not fit.
#include "ask.hpp"

#include <cstdint>
#include <exception>
#include <iostream>

using namespace calc_ipc;

int main() try {
    ShmClient client("calc-tutorial");
    ask(client, {Operation::MUL, 1000000, 1000000});
    ask(client, {Operation::ADD, INT64_MAX, 1});
    return 0;
} catch (const std::exception &failure) {
    std::cerr << failure.what() << '\n';
    return 1;
}
