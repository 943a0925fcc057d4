// Asks any client of this library a question, and prints what came of it.
#pragma once
#include <calc_ipc.hpp>

#include <iostream>

template <class Client> void ask(Client &client, const calc_ipc::Request &request) {
    std::cout << opToString(request.op) << ' ' << request.arg1 << ' ' << request.arg2 << " -> ";
    const auto response = client.call(request);
    if (!response) {
        std::cout << "no answer: " << response.message() << '\n'; // the call failed
    } else if (!response->success) {
        std::cout << "error: " << response->error << '\n'; // the server says that it cannot be calculated
    } else {
        std::cout << response->result << '\n';
    }
}
