// Step 2: a server that any program of this user can ask over two FIFOs.
#include <calc_ipc.hpp>

#include <exception>
#include <iostream>

int main() try {
    calc_ipc::FIFOServer server("/tmp/calc-tutorial.request", "/tmp/calc-tutorial.response"); // no handler: calculates
    server.startInBackground();
    std::cout << "serving; press Enter to stop" << std::endl;
    std::cin.get();
    return 0; // the server stops, and removes the two names
} catch (const std::exception &failure) {
    std::cerr << failure.what() << '\n';
    return 1;
}
