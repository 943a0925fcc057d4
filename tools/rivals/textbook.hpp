// Frames as textbooks send them over a stream: four bytes that say how long the body is, then the body. Beej's Guide
// to Network Programming, "Son of Data Encapsulation", https://beej.us/guide/bgnet/html/; Stevens, UNIX Network
// Programming, section 3.9 (readn and writen).
#pragma once

#include "contestant.hpp"

#include <sys/socket.h>

namespace textbook {

using rival::checked;
using rival::Descriptor;

// False at the end of the stream.
inline bool read_all(int fd, void *to, std::size_t size) {
    for (auto *at = static_cast<char *>(to); size > 0;) {
        const ssize_t got = ::read(fd, at, size);
        if (got == 0)
            return false;
        if (got == -1 && errno == EINTR)
            continue;
        at += checked(got, "read");
        size -= static_cast<std::size_t>(got);
    }
    return true;
}

inline void write_all(int fd, std::string_view bytes) {
    while (!bytes.empty()) {
        const ssize_t put = ::write(fd, bytes.data(), bytes.size());
        if (put == -1 && errno == EINTR)
            continue;
        bytes.remove_prefix(static_cast<std::size_t>(checked(put, "write")));
    }
}

// False at the end of the stream.
inline bool receive(int fd, std::string &body) {
    std::uint32_t size = 0;
    if (!read_all(fd, &size, sizeof size))
        return false;
    if (size > rival::max_body)
        throw std::runtime_error("a frame is too large");
    body.resize(size);
    return read_all(fd, body.data(), size);
}

inline void send(int fd, std::string_view body) {
    const auto size = static_cast<std::uint32_t>(body.size());
    std::string frame(reinterpret_cast<const char *>(&size), sizeof size);
    frame += body;
    write_all(fd, frame);
}

// Answers until the stream ends.
inline void serve_stream(int in, int out) {
    rival::StreamCodec codec;
    for (std::string request; receive(in, request);)
        send(out, codec.answer(request));
}

class StreamClient {
  public:
    StreamClient(Descriptor in, Descriptor out) : in(std::move(in)), out(std::move(out)) {}

    std::string_view call(std::string_view request) {
        send(out.get() == -1 ? in.get() : out.get(), request);
        if (!receive(in.get(), answer))
            throw std::runtime_error("the server closed the connection");
        return answer;
    }
    pid_t server() const { return 0; }

  private:
    // A socket is both, and then there is no second one.
    Descriptor in, out;
    std::string answer;
};

// A thread for every client that connects.
class SocketServer {
  public:
    void serve() {
        for (;;) {
            const int client = ::accept(listener.get(), nullptr, nullptr);
            if (client == -1 && stopped)
                return;
            checked(client, "accept");
            std::thread([client] { attend(Descriptor(client)); }).detach();
        }
    }

    void stop() {
        stopped = true;
        // It wakes accept().
        ::shutdown(listener.get(), SHUT_RDWR);
    }

  protected:
    explicit SocketServer(int domain) : listener(checked(::socket(domain, SOCK_STREAM, 0), "socket")) {}

    Descriptor listener;

  private:
    static void attend(Descriptor client) {
        // One client's error is not the others'.
        rival::or_status([&] { serve_stream(client.get(), client.get()); });
    }

    std::atomic<bool> stopped{false};
};

} // namespace textbook
