// Step 6: one program for every transport. Which one it is, a string says.
//
//     6_any serve URL
//     6_any URL
#include "ask.hpp"

#include <exception>
#include <iostream>
#include <string>

#include <unistd.h>

using namespace calc_ipc;

namespace {

void serve(const std::string &url) {
    Server server(url);
    server.startInBackground();
    std::cout << "serving " << server.url() << " as process " << getpid() << "; press Enter to stop" << std::endl;
    std::cin.get();
}

void askAt(const std::string &url) {
    Client client(url);
    ask(client, {Operation::ADD, 10, 20});
}

} // namespace

int main(int argc, char **argv) try {
    if (argc == 3 && std::string(argv[1]) == "serve") {
        serve(argv[2]);
    } else if (argc == 2) {
        askAt(argv[1]);
    } else {
        std::cerr << "usage: " << argv[0] << " serve URL | URL\n";
        return 2;
    }
    return 0;
} catch (const std::exception &failure) {
    std::cerr << failure.what() << '\n';
    return 1;
}
