// Structs as messages, in C++: a server that takes orders, and a client. Both are in one process here, to be tried at
// once.
//
//     calc_howto_own_messages_cxx unix:///tmp/orders.sock        (any URL will do, but for exec: and stdio:)
#include "orders.h"

#include <calc_ipc.hpp>

#include <cstring>
#include <exception>
#include <iostream>
#include <stdexcept>

using namespace calc_ipc;

namespace {

// What came may be anything: look at its length, and at each field before it is used.
const order &checked(BytesView request) {
    const auto *it = request.as<order>(); // nullptr if it is too short
    if (it == nullptr || request.size() != sizeof *it || it->version != ORDERS_VERSION || it->count < 1 ||
        it->count > 1000 || it->cents < 0 || it->cents > 100'000'000 ||
        std::memchr(it->name, '\0', sizeof it->name) == nullptr) {
        throw std::invalid_argument("this is no order"); // HANDLER_FAILED for the client, the text for onEvent
    }
    return *it;
}

auto takingOrders() {
    return [last = std::uint32_t{0}](BytesView request, BytesRoom response) mutable {
        const order &asked = checked(request);
        *response.as<receipt>() = {asked.cents * asked.count, ++last, 0};
        return sizeof(receipt);
    };
}

Result<std::vector<std::uint8_t>> place(Client &client, const order &order) {
    return client.callBytes({reinterpret_cast<const std::uint8_t *>(&order), sizeof order});
}

} // namespace

int main(int argc, char **argv) {
    try {
        auto server = Server::bytes(argc == 2 ? argv[1] : "", takingOrders());
        server.startInBackground();
        Client client(server.url());
        const auto answer = place(client, {1250, ORDERS_VERSION, 3, "lamp"});
        const auto *paid = answer ? BytesView(*answer).as<receipt>() : nullptr;
        if (paid == nullptr) {
            std::cerr << answer.message() << '\n';
            return 1;
        }
        std::cout << "receipt " << paid->number << ": " << paid->cents << " cents\n";
        if (place(client, {0, ORDERS_VERSION, 0, "lamp"}).status() == CALC_IPC_STATUS_HANDLER_FAILED) {
            std::cout << "an order of nothing is refused\n";
        }
    } catch (const std::exception &error) {
        std::cerr << "usage: calc_howto_own_messages_cxx URL (" << error.what() << ")\n";
        return 1;
    }
}
