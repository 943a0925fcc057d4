// Step 5: the same over TCP, here on this machine alone.
#include <calc_ipc.hpp>

#include <exception>
#include <iostream>

int main() try {
    calc_ipc::TCPServer server("localhost", 0); // port 0: the system chooses a free one
    server.startInBackground();
    std::cout << "serving at port " << server.port() << "; press Enter to stop" << std::endl;
    std::cin.get();
    return 0;
} catch (const std::exception &failure) {
    std::cerr << failure.what() << '\n';
    return 1;
}
