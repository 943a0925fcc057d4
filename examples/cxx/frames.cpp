// A camera's frames, each built where the server reads it, and its answer read where the server wrote it.
//
//     calc_cxx_frames serve shm://frames          (any URL will do; over shared memory nothing is copied that need not
//     be) calc_cxx_frames send shm://frames 60        (60 frames)
#include <calc_ipc.hpp>

#include <algorithm>
#include <array>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <iostream>
#include <stdexcept>
#include <string>

using namespace calc_ipc;

namespace {

/// What the camera sees: 6 MiB.
struct Frame {
    std::uint32_t number;
    std::array<std::uint8_t, 6U << 20> pixels;
};

/// How bright it is.
struct Light {
    std::uint32_t number;
    std::uint8_t darkest, brightest;
};

/// The options of a side that takes frames.
template <class Options> Options forFrames() {
    Options options;
    options.max_message = sizeof(Frame);
    return options;
}

std::size_t measure(BytesView request, BytesRoom response) {
    const auto *frame = request.as<Frame>();
    auto *light = response.as<Light>();
    if (frame == nullptr || light == nullptr) {
        throw std::runtime_error("no frame");
    }
    const auto [darkest, brightest] = std::minmax_element(frame->pixels.begin(), frame->pixels.end());
    *light = {frame->number, *darkest, *brightest};
    return sizeof(Light);
}

/// The server that a signal ends.
Server *serving = nullptr;

void serve(const std::string &url) {
    auto server = Server::bytes(url, measure, forFrames<ServerOptions>());
    serving = &server;
    std::signal(SIGINT, [](int) { serving->requestStop(); });
    std::signal(SIGTERM, [](int) { serving->requestStop(); });
    std::cout << "serving " << server.url() << std::endl;
    server.run();
    std::signal(SIGINT, SIG_IGN);
    std::signal(SIGTERM, SIG_IGN);
}

void send(const std::string &url, std::uint32_t count) {
    Client client(url, forFrames<ClientOptions>());
    auto loan = client.loan(sizeof(Frame)).value();
    for (std::uint32_t number = 0; number < count; ++number) {
        auto &frame = *loan.as<Frame>();
        frame.number = number;
        frame.pixels.fill(static_cast<std::uint8_t>(number)); // the camera's work
        frame.pixels[number] = 255;
        const auto answer = loan.call().value();
        const auto *light = answer.as<Light>();
        if (light == nullptr || light->number != number) {
            throw std::runtime_error("no answer to frame " + std::to_string(number));
        }
        if (number + 1 == count) {
            std::cout << "frame " << number << ": from " << unsigned{light->darkest} << " to "
                      << unsigned{light->brightest} << '\n';
        }
    }
}

} // namespace

int main(int argc, char **argv) {
    const std::string what = argc > 1 ? argv[1] : "";
    try {
        if (argc == 3 && what == "serve") {
            serve(argv[2]);
        } else if (argc == 4 && what == "send") {
            send(argv[2], static_cast<std::uint32_t>(std::stoul(argv[3])));
        } else {
            std::cerr << "usage: calc_cxx_frames serve URL | send URL COUNT\n";
            return 2;
        }
    } catch (const std::exception &error) {
        std::cerr << error.what() << '\n';
        return 1;
    }
}
