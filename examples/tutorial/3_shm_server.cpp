// Step 3: the same over shared memory.
#include <calc_ipc.hpp>

#include <exception>
#include <iostream>

int main() try {
    auto server = calc_ipc::ShmServer::create("calc-tutorial");
    server.startInBackground();
    std::cout << "serving; press Enter to stop" << std::endl;
    std::cin.get();
    return 0;
} catch (const std::exception &failure) {
    std::cerr << failure.what() << '\n';
    return 1;
}
