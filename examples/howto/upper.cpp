// Texts in capitals: a server and a client of messages of one's own, over whatever transport the URL names.
//
//     calc_howto_upper_cxx serve unix:///run/upper.sock        (until SIGINT or SIGTERM)
//     calc_howto_upper_cxx ask unix:///run/upper.sock hello
#include <calc_ipc.hpp>

#include <algorithm>
#include <cctype>
#include <csignal>
#include <iostream>
#include <string>

using namespace calc_ipc;

namespace {

std::size_t toUpper(BytesView request, BytesRoom response) {
    std::transform(request.begin(), request.end(), response.begin(),
                   [](std::uint8_t byte) { return static_cast<std::uint8_t>(std::toupper(byte)); });
    return request.size();
}

Server *serving = nullptr;

void serve(const std::string &url) {
    auto server = Server::bytes(url, toUpper);
    serving = &server;
    std::signal(SIGINT, [](int) { serving->requestStop(); });
    std::signal(SIGTERM, [](int) { serving->requestStop(); });
    std::cout << "serving " << server.url() << std::endl;
    server.run();
    std::signal(SIGINT, SIG_IGN);
    std::signal(SIGTERM, SIG_IGN);
}

int ask(const std::string &url, const std::string &text) {
    Client client(url);
    const auto answer = client.callBytes(text);
    if (!answer) {
        std::cerr << answer.message() << '\n';
        return 1;
    }
    std::cout << BytesView(*answer).text() << '\n';
    return 0;
}

} // namespace

int main(int argc, char **argv) {
    const std::string what = argc > 1 ? argv[1] : "";
    try {
        if (argc == 4 && what == "ask") {
            return ask(argv[2], argv[3]);
        }
        if (argc != 3 || what != "serve") {
            std::cerr << "usage: calc_howto_upper_cxx serve URL | ask URL TEXT\n";
            return 2;
        }
        serve(argv[2]);
    } catch (const std::exception &error) {
        std::cerr << error.what() << '\n';
        return 1;
    }
}
