// How the benchmark talks to a contestant: `describe`, `server ADDRESS` and `client ADDRESS [N]`, lines on stdin,
// binary results on stdout. README.md has the protocol. A contestant is a class with
//
//     using Codec = ...;                                     // codec.hpp
//     static Description describe();
//     static constexpr int clients = ...;                    // at most, 0: any number
//     static constexpr bool sees_death = ...;                // Does a call fail when the server dies, or does it hang?
//     struct Server { Server(address); void serve(); void stop(); };
//     struct Client { Client(address); std::string_view call(std::string_view request); pid_t server() const; };
//
// Clients can connect when the constructor of Server returns; another thread calls stop(), and then serve() returns.
// An answer stays valid until the next call. A contestant that starts its server itself has no Server (NoServer).
//
// One that can have several requests under way says so, and its client has two functions more:
//
//     static constexpr std::size_t depth = ...;              // at most
//     void submit(std::string_view request);                 // does not wait for its answer
//     std::string_view take();                               // that of the first one whose answer was not taken
#pragma once

#include "codec.hpp"
#include "guard.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <endian.h>
#include <iostream>
#include <limits>
#include <memory>
#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <sys/types.h>
#include <thread>
#include <type_traits>
#include <unistd.h>
#include <vector>

namespace rival {

// The largest body that the benchmark sends.
constexpr std::size_t max_body = std::size_t{1} << 20;

struct Description {
    std::string name;
    const char *family;    // "textbook", "rival"
    const char *transport; // "shm", "pipe", "fifo", "unix", "tcp"
    const char *waiting;   // "blocking", "adaptive", "polling", "spinning"
};

struct NoServer {
    explicit NoServer(const std::string &) { throw Skip("the client starts the server"); }
    void serve() {}
    void stop() {}
};

// How many requests one client can have under way.
template <class Rival, class = void> constexpr std::size_t depth_of = 1;
template <class Rival> constexpr std::size_t depth_of<Rival, std::void_t<decltype(Rival::depth)>> = Rival::depth;

// The last component of an address, for names that are not paths.
inline std::string name_of(const std::string &address) { return address.substr(address.rfind('/') + 1); }

// One connection and the requests that go over it.
template <class Rival> class Asker {
  public:
    explicit Asker(const std::string &address) : client(address) {}

    // Sends the next request, and checks its answer.
    void ask() {
        const std::string_view request = next();
        check(client.call(request), number);
    }

    // Sends so many requests, and then checks their answers.
    void ask_at_once(std::size_t count) {
        if constexpr (depth_of < Rival >> 1) {
            const std::uint64_t before = number;
            while (number < before + count)
                client.submit(next());
            for (std::uint64_t answered = before + 1; answered <= number; answered++)
                check(client.take(), answered);
        }
    }

    // 0 is the calculator's job.
    void set_size(std::size_t size) {
        if (size != 0 && size < sizeof(std::uint64_t))
            throw Skip("a body smaller than the mark in it cannot be checked");
        if (size > max_body)
            throw Skip("bodies are at most 1 MiB");
        body.assign(size, 'x');
    }

    pid_t server() const { return client.server(); }

  private:
    // The next request, valid until there is another.
    std::string_view next() {
        ++number;
        if (body.empty())
            return codec.request(number);
        const std::uint64_t mark = mark_of(number);
        std::memcpy(body.data(), &mark, sizeof mark);
        std::memcpy(body.data() + body.size() - sizeof mark, &mark, sizeof mark);
        return {body.data(), body.size()};
    }

    void check(std::string_view answer, std::uint64_t of) {
        if (body.empty())
            return codec.check(answer, of);
        const std::uint64_t mark = mark_of(of);
        if (answer.size() != body.size() || std::memcmp(answer.data(), &mark, sizeof mark) != 0 ||
            std::memcmp(answer.data() + answer.size() - sizeof mark, &mark, sizeof mark) != 0)
            throw std::runtime_error("an echo differs from what was sent");
    }

    // Big-endian, so that no body begins with a letter as the calculator's requests do.
    static std::uint64_t mark_of(std::uint64_t number) { return htobe64(number); }

    typename Rival::Client client;
    typename Rival::Codec codec;
    std::vector<char> body;
    std::uint64_t number = 0;
};

using Clock = std::chrono::steady_clock;

template <class Rival> class ClientSide {
  public:
    ClientSide(const std::string &address, int clients) {
        if (clients < 1)
            throw std::runtime_error("the number of clients must be positive");
        if (Rival::clients != 0 && clients > Rival::clients)
            throw Skip("one server has at most " + std::to_string(Rival::clients) + " client");
        if constexpr (!Rival::sees_death)
            watch = std::make_unique<Watch>(address);
        for (int i = 0; i < clients; i++)
            askers.push_back(std::make_unique<Asker<Rival>>(address));
    }

    void obey() {
        std::cout << "ready " << askers.front()->server() << std::endl;
        for (std::string line; std::getline(std::cin, line);) {
            std::istringstream words(line);
            std::string command;
            unsigned long first = 0, size = 0, batch = 1;
            words >> command >> first >> size;
            if (command == "calls")
                words >> batch;
            if (!words || (command != "calls" && command != "during"))
                throw std::runtime_error("not understood: " + line);
            if (batch < 1)
                throw std::runtime_error("not understood: " + line);
            if (batch > depth_of<Rival>)
                throw Skip(depth_of<Rival> == 1
                               ? std::string("it sends one request at a time")
                               : "it has at most " + std::to_string(depth_of<Rival>) + " requests under way at a time");
            const Watch::Asking asking(watch.get());
            command == "calls" ? calls(first, size, batch) : during(std::chrono::milliseconds(first), size);
        }
    }

  private:
    void calls(std::size_t count, std::size_t size, std::size_t batch) {
        std::vector<std::uint32_t> times(count);
        Asker<Rival> &asker = *askers.front();
        asker.set_size(size);
        auto before = Clock::now();
        for (auto &time : times) {
            batch > 1 ? asker.ask_at_once(batch) : asker.ask();
            const auto now = Clock::now();
            const auto took = std::chrono::nanoseconds(now - before).count();
            time =
                static_cast<std::uint32_t>(std::min<decltype(took)>(took, std::numeric_limits<std::uint32_t>::max()));
            before = now;
        }
        write_out(times.data(), times.size() * sizeof times[0]);
    }

    void during(std::chrono::milliseconds time, std::size_t size) {
        for (auto &asker : askers)
            asker->set_size(size);
        std::atomic<std::uint64_t> answered{0};
        const auto end = Clock::now() + time;
        std::vector<std::thread> threads;
        for (auto &asker : askers)
            threads.emplace_back([&] { or_die([&] { answered += ask_until(*asker, end); }); });
        for (auto &thread : threads)
            thread.join();
        const std::uint64_t sum = answered;
        write_out(&sum, sizeof sum);
    }

    static std::uint64_t ask_until(Asker<Rival> &asker, Clock::time_point end) {
        std::uint64_t answered = 0;
        for (; Clock::now() < end; answered++)
            asker.ask();
        return answered;
    }

    static void write_out(const void *data, std::size_t size) {
        std::cout.write(static_cast<const char *>(data), static_cast<std::streamsize>(size)).flush();
        if (!std::cout)
            throw std::runtime_error("cannot write to stdout");
    }

    std::unique_ptr<Watch> watch;
    std::vector<std::unique_ptr<Asker<Rival>>> askers;
};

template <class Rival> void serve(const std::string &address) {
    const Alive alive(address, !Rival::sees_death);
    typename Rival::Server server(address);
    std::thread serving([&] { or_die([&] { server.serve(); }); });
    std::cout << "ready" << std::endl;
    std::cin.ignore(std::numeric_limits<std::streamsize>::max());
    server.stop();
    serving.join();
}

inline void print(const Description &it) {
    std::cout << "{\"name\":\"" << it.name << "\",\"family\":\"" << it.family << "\",\"transport\":\"" << it.transport
              << "\",\"waiting\":\"" << it.waiting << "\"}" << std::endl;
}

// What main() does.
template <class Rival> int contend(int argc, char **argv) {
    // A peer that is gone is an error of write(), not the end of the process.
    std::signal(SIGPIPE, SIG_IGN);
    const std::vector<std::string> arguments(argv + 1, argv + argc);
    return or_status([&] {
        if (arguments.size() == 1 && arguments[0] == "describe")
            print(Rival::describe());
        else if (arguments.size() == 2 && arguments[0] == "server")
            serve<Rival>(arguments[1]);
        else if ((arguments.size() == 2 || arguments.size() == 3) && arguments[0] == "client")
            ClientSide<Rival>(arguments[1], arguments.size() == 3 ? std::stoi(arguments[2]) : 1).obey();
        else
            throw std::runtime_error("usage: describe | server ADDRESS | client ADDRESS [N]");
    });
}

} // namespace rival
