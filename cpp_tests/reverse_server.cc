// A program that serves messages of its own on its standard input and output, for exec: to execute.
#include "reverse.h"

#include <calc_ipc.hpp>

int main() {
    calc_ipc::ServerOptions options;
    options.max_message = REVERSE_LIMIT;
    calc_ipc::Server::bytes("stdio:", reverse, options).run();
}
