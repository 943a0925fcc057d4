// A server whose handlers are coroutines of C++20: each waits for the clock, then for another server, and answers then,
// while the others do the same. One thread, one loop.
//
//     calc_coroutine_server unix:///run/gateway.sock exec:///usr/libexec/calculator     (until it gets SIGTERM)
#include <calc_ipc.hpp>
#include <calc_ipc/async.hpp>

#include <array>
#include <cerrno>
#include <chrono>
#include <coroutine>
#include <csignal>
#include <cstdint>
#include <exception>
#include <iostream>
#include <map>
#include <poll.h>
#include <sys/signalfd.h>
#include <system_error>
#include <unistd.h>
#include <utility>
#include <vector>

using namespace calc_ipc;
using namespace std::chrono_literals;

namespace {

/// A coroutine that begins at once and frees itself at its end. Have your own, or a library's: any will do.
struct Job {
    struct promise_type {
        Job get_return_object() noexcept { return {}; }
        std::suspend_never initial_suspend() noexcept { return {}; }
        std::suspend_never final_suspend() noexcept { return {}; }
        void return_void() noexcept {}
        void unhandled_exception() { throw; } // out of dispatch, or of Clock::turn
    };
};

/// Lets coroutines sleep. What else they are to wait for can be written in the same way.
class Clock {
  public:
    using Time = std::chrono::steady_clock;

    Clock() = default;
    Clock(const Clock &) = delete;
    Clock &operator=(const Clock &) = delete;
    ~Clock() {
        for (const auto &[due, sleeper] : sleepers_) {
            sleeper.destroy(); // What it has to answer fails.
        }
    }

    auto sleep(std::chrono::milliseconds time) {
        struct Sleep {
            Clock &clock;
            Time::time_point due;
            bool await_ready() const noexcept { return false; }
            void await_suspend(std::coroutine_handle<> sleeper) { clock.sleepers_.emplace(due, sleeper); }
            void await_resume() const noexcept {}
        };
        return Sleep{*this, Time::now() + time};
    }

    /// Wakes those whose time has come; milliseconds until the next has its turn, or -1.
    int turn() {
        while (!sleepers_.empty() && sleepers_.begin()->first <= Time::now()) {
            sleepers_.extract(sleepers_.begin()).mapped().resume();
        }
        if (sleepers_.empty()) {
            return -1;
        }
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(sleepers_.begin()->first - Time::now());
        return static_cast<int>(left.count());
    }

  private:
    std::multimap<Time::time_point, std::coroutine_handle<>> sleepers_;
};

/// Answers a request when all that it takes is there. The message is a copy: the library's lives until the handler
/// returns, which is when this one waits for the first time.
Job answer(Clock &clock, Client &calculator, Reply reply, std::vector<std::uint8_t> request) {
    co_await clock.sleep(20ms);
    if (reply.check() != CALC_IPC_STATUS_OK) {
        co_return; // Nobody waits for it any more.
    }
    const auto said = co_await calculator.awaitBytes(request, 5s);
    if (said) {
        reply.send(*said);
    } else {
        reply.fail(said.message().c_str());
    }
}

/// What tells of SIGTERM in a loop (signalfd(2)).
int watchForTheEnd() {
    sigset_t end;
    sigemptyset(&end);
    sigaddset(&end, SIGTERM);
    sigprocmask(SIG_BLOCK, &end, nullptr);
    const int fd = signalfd(-1, &end, SFD_CLOEXEC);
    if (fd < 0) {
        throw std::system_error(errno, std::generic_category(), "signalfd");
    }
    return fd;
}

/// Whether the side with this status goes on.
bool goesOn(calc_ipc_status status) {
    if (status != CALC_IPC_STATUS_OK && status != CALC_IPC_STATUS_TIMED_OUT) {
        std::cerr << calc_ipc_last_error() << '\n';
        return false;
    }
    return true;
}

} // namespace

int main(int argc, char **argv) try {
    if (argc != 3) {
        std::cerr << "usage: " << argv[0] << " URL CALCULATOR\n";
        return 2;
    }
    const int end = watchForTheEnd();
    // Destroyed from the last to the first: the server, so that nobody asks any more; the client, which resumes who
    // waits for it, with CANCELLED; and those that sleep.
    Clock clock;
    Client calculator(argv[2]);
    Server server = Server::deferred(argv[1], [&](Reply reply, BytesView request) {
        answer(clock, calculator, std::move(reply), {request.begin(), request.end()});
    });
    std::cout << "serving " << server.url() << std::endl;

    std::array<pollfd, 3> watched{{{server.fd(), POLLIN, 0}, {calculator.fd().value(), POLLIN, 0}, {end, POLLIN, 0}}};
    while (watched[2].revents == 0) {
        if (poll(watched.data(), watched.size(), clock.turn()) < 0 && errno != EINTR) {
            throw std::system_error(errno, std::generic_category(), "poll");
        }
        // Both look and never wait; one that has nothing to do says so.
        if (!goesOn(server.dispatch(0ms)) || !goesOn(calculator.dispatch(0ms))) {
            return 1;
        }
    }
    close(end);
    return 0;
} catch (const std::exception &failure) {
    std::cerr << failure.what() << '\n';
    return 1;
}
