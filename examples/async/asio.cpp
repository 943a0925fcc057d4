// Calls in asio's event loop: nothing blocks, and no thread is started. (Boost's is the same with boost::asio.)
//
//     calc_asio unix:///run/calc.sock     (any URL will do)
#include <calc_ipc/async.hpp>

#include <asio.hpp>
#include <chrono>
#include <cstdint>
#include <exception>
#include <iostream>
#include <optional>
#include <string>
#include <system_error>

using namespace calc_ipc;
using namespace std::chrono_literals;

namespace {

/// Asks a server, in a loop that others use too.
class Asker {
  public:
    Asker(asio::io_context &loop, const std::string &url)
        : client_(std::make_optional<Client>(url)), descriptor_(loop, client_->fd().value()) {}
    Asker(const Asker &) = delete;
    Asker &operator=(const Asker &) = delete;

    ~Asker() {
        descriptor_.release(); // it is the client's: asio is not to close it
        client_.reset();       // tells of the calls that are left, while all is there
    }

    void ask(const Request &request, const std::string &name) {
        const auto told = [this, name](const Result<Response> &response) {
            --left_;
            std::cout << name << ": "
                      << (!response           ? response.message()
                          : response->success ? std::to_string(response->result)
                                              : response->error)
                      << '\n';
        };
        (void)client_->submit(request, told).value(); // throws if it cannot be sent
        ++left_;
        wait();
    }

  private:
    /// The loop has something to wait for as long as calls are under way.
    void wait() {
        if (is_waiting_ || left_ == 0) {
            return;
        }
        is_waiting_ = true;
        descriptor_.async_wait(asio::posix::descriptor_base::wait_read, [this](const std::error_code &error) {
            if (error) {
                return; // this has ended
            }
            is_waiting_ = false;
            client_->dispatch(0ms);
            wait();
        });
    }

    std::optional<Client> client_;
    asio::posix::stream_descriptor descriptor_;
    int left_ = 0;
    bool is_waiting_ = false;
};

} // namespace

int main(int argc, char **argv) try {
    if (argc != 2) {
        std::cerr << "usage: " << argv[0] << " URL\n";
        return 2;
    }
    asio::io_context loop;
    Asker asker(loop, argv[1]);
    for (std::int64_t i = 0; i < 4; ++i) {
        asker.ask({Operation::DIV, 42, i}, "call " + std::to_string(i));
    }
    loop.run();
    return 0;
} catch (const std::exception &failure) {
    std::cerr << failure.what() << '\n';
    return 1;
}
