// Threads that share one client: each submits and waits for its own answers, and one thread completes them all.
//
//     calc_shared_client unix:///run/calc.sock 8 10000     (8 threads, 10000 requests; any URL will do)
#include <calc_ipc/async.hpp>

#include <chrono>
#include <cstdint>
#include <exception>
#include <future>
#include <iostream>
#include <string>
#include <utility>
#include <vector>

using namespace calc_ipc;

namespace {

/// Completes calls, until its end, which is that of all calls.
class Dispatcher {
  public:
    explicit Dispatcher(Client &client)
        : client_(client), loop_(std::async(std::launch::async, [&client] {
              while (client.dispatch(std::chrono::milliseconds::max()) == CALC_IPC_STATUS_OK) {
              }
          })) {}
    Dispatcher(const Dispatcher &) = delete;
    Dispatcher &operator=(const Dispatcher &) = delete;
    ~Dispatcher() {
        client_.requestStop();
        loop_.wait();
    }

  private:
    Client &client_;
    std::future<void> loop_;
};

/// The sum of first^2, (first + step)^2 and so on, up to `last`, each of which the server calculates.
std::int64_t sumOfSquares(Client &client, std::int64_t first, std::int64_t step, std::int64_t last) {
    std::int64_t sum = 0;
    for (std::int64_t i = first; i <= last; i += step) {
        sum += client.async({Operation::MUL, i, i}).get().value().result; // throws why there is no answer
    }
    return sum;
}

} // namespace

int main(int argc, char **argv) try {
    const std::int64_t threads = argc == 4 ? std::stoll(argv[2]) : 0;
    if (threads < 1 || threads > CALC_IPC_IN_FLIGHT_MAX) {
        std::cerr << "usage: " << argv[0] << " URL THREADS REQUESTS (up to 64 threads, a call each)\n";
        return 2;
    }
    const std::int64_t count = std::stoll(argv[3]);
    Client client(argv[1]);
    Dispatcher dispatcher(client);
    std::vector<std::future<std::int64_t>> sums;
    for (std::int64_t first = 1; first <= threads; ++first) {
        sums.push_back(std::async(std::launch::async, [&client, first, threads, count] {
            return sumOfSquares(client, first, threads, count);
        }));
    }
    std::int64_t sum = 0;
    for (auto &part : sums) {
        sum += part.get();
    }
    std::cout << "the sum of the squares up to " << count << " is " << sum << '\n';
    return 0;
} catch (const std::exception &failure) {
    std::cerr << failure.what() << '\n';
    return 1;
}
