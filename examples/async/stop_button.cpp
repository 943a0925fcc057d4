// A window that stays alive while a call takes long, and its Stop button, which here is the Enter key.
//
//     calc_stop_button unix:///run/calc.sock     (any URL will do)
#include <calc_ipc/async.hpp>

#include <chrono>
#include <cstdint>
#include <exception>
#include <iostream>
#include <optional>
#include <poll.h>
#include <string>
#include <unistd.h>

using namespace calc_ipc;
using namespace std::chrono_literals;

namespace {

class Window {
  public:
    explicit Window(const std::string &url) : client_(url) {}

    /// What the Start button does.
    void start() {
        const auto sent = client_.submit(
            {Operation::MUL, 6, 7}, [this](const auto &response) { show(response); }, 1h);
        call_ = sent.value(); // throws if it cannot be sent
        std::cout << "working; press Enter to stop" << std::endl;
    }

    /// What the Stop button does: the call is cancelled, and tells so when it has ended.
    void stop() { client_.cancel(*call_); }

    /// The window's loop, until the call has ended.
    void run() {
        pollfd watched[] = {{STDIN_FILENO, POLLIN, 0}, {client_.fd().value(), POLLIN, 0}};
        while (call_ && poll(watched, 2, -1) >= 0) {
            if (watched[0].revents != 0) {
                char key = 0;
                watched[0].fd = read(STDIN_FILENO, &key, 1) == 1 ? STDIN_FILENO : -1; // -1: there are no more keys
                if (key == '\n') {
                    stop();
                }
            }
            if (watched[1].revents != 0) {
                client_.dispatch(0ms);
            }
        }
    }

  private:
    void show(const Result<Response> &response) {
        call_.reset();
        if (response.status() == CALC_IPC_STATUS_CANCELLED) {
            std::cout << "stopped\n";
        } else if (!response) {
            std::cout << response.message() << '\n';
        } else {
            std::cout << (response->success ? std::to_string(response->result) : response->error) << '\n';
        }
    }

    std::optional<std::uint64_t> call_;
    Client client_; // the last member: at its end it tells of calls that are left, while the others are there
};

} // namespace

int main(int argc, char **argv) try {
    if (argc != 2) {
        std::cerr << "usage: " << argv[0] << " URL\n";
        return 2;
    }
    Window window(argv[1]);
    window.start();
    window.run();
    return 0;
} catch (const std::exception &failure) {
    std::cerr << failure.what() << '\n';
    return 1;
}
