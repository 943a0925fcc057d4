// A program for PipeChannel::spawn and calc_ipc_pipe_spawn: it serves its parent on standard input and output, so it
// must print nothing there, and ends when its parent does.
#include <calc_ipc.hpp>

#include <exception>
#include <iostream>

int main() try {
    calc_ipc::servePipe(0, 1);
    return 0;
} catch (const std::exception &failure) {
    std::cerr << failure.what() << '\n';
    return 1;
}
