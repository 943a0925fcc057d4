// Step 1: a parent asks, and a child that it forks answers, over two anonymous pipes.
#include "ask.hpp"

#include <exception>
#include <iostream>

using namespace calc_ipc;

int main() try {
    auto child = PipeChannel::createWithServer([](const Request &request) { // runs in the child
        return execute(request); // the calculator that comes with the library
    });
    ask(child, {Operation::ADD, 10, 20});
    ask(child, {Operation::MUL, 7, 8});
    ask(child, {Operation::DIV, 10, 0});
    return 0; // the child ends with its channel
} catch (const std::exception &failure) {
    std::cerr << failure.what() << '\n';
    return 1;
}
