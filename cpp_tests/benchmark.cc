// benchmark [CALLS]: calls of ADD i i+1 on every transport, each answer checked, printed side by side.
//
// The server is always in another process. Beside them stands what the kernel charges for the bare exchange: a byte for
// byte ping-pong over two pipes. Machines change their speed while one watches, so all take turns, in rounds.
#include "transports.h"

#include <calc_ipc.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <memory>
#include <numeric>
#include <string>
#include <vector>

using namespace calc_ipc;
using support::Child;
using support::Pipe;

namespace {

using Clock = std::chrono::steady_clock;
using Microseconds = std::chrono::duration<double, std::micro>;

constexpr std::size_t ROUNDS = 10;

/// One row of the table.
struct Contender {
    std::string name;
    /// Asks for i + (i + 1), and says whether that was the answer.
    std::function<bool(std::int64_t)> ask;
    std::vector<double> microseconds = {};
    std::size_t wrong = 0;
};

void runRound(Contender &contender, std::size_t from, std::size_t to) {
    auto before = Clock::now();
    for (std::size_t i = from; i < to; ++i) {
        if (!contender.ask(static_cast<std::int64_t>(i))) {
            ++contender.wrong;
        }
        const auto after = Clock::now();
        contender.microseconds.push_back(Microseconds(after - before).count());
        before = after;
    }
}

void print(Contender &contender) {
    auto &times = contender.microseconds;
    std::sort(times.begin(), times.end());
    const double total = std::accumulate(times.begin(), times.end(), 0.0);
    const auto count = static_cast<double>(times.size());
    std::printf("%-28s %9.2f %9.2f %12.0f %7zu\n", contender.name.c_str(), times[times.size() / 2],
                times[times.size() * 99 / 100], count / total * 1e6, contender.wrong);
}

bool isSum(const std::optional<Response> &response, std::int64_t i) {
    return response && response->success && response->result == i + (i + 1);
}

template <class Client> Contender contender(std::string name, Client client) {
    auto shared = std::make_shared<Client>(std::move(client));
    return {std::move(name), [shared](std::int64_t i) { return isSum(shared->call({Operation::ADD, i, i + 1}), i); }};
}

/// The limit: as many bytes as a request and its answer have, there and back, and nothing done with them.
class RawPipe {
  public:
    RawPipe() {
        requests_.closeRead();
        responses_.closeWrite();
    }

    bool exchange() {
        return write(requests_.writeEnd(), request_.data(), request_.size()) == static_cast<ssize_t>(request_.size()) &&
               read(responses_.readEnd(), response_.data(), response_.size()) == static_cast<ssize_t>(response_.size());
    }

  private:
    int echo() {
        requests_.closeWrite();
        responses_.closeRead();
        while (read(requests_.readEnd(), request_.data(), request_.size()) > 0) {
            if (write(responses_.writeEnd(), response_.data(), response_.size()) < 0) {
                return 1;
            }
        }
        return 0;
    }

    std::array<char, 13> request_{};
    std::array<char, 10> response_{};
    Pipe requests_;
    Pipe responses_;
    Child child_{[this] { return echo(); }};
};

} // namespace

int main(int argc, char **argv) {
    const std::size_t calls = argc > 1 ? std::strtoul(argv[1], nullptr, 10) : 10000;
    if (calls < ROUNDS) {
        std::fprintf(stderr, "usage: %s [CALLS, at least %zu]\n", argv[0], ROUNDS);
        return 2;
    }
    const Fifo fifo;
    const Shm shm;
    const Uds uds;
    const SeqPacket seqpacket;
    const Tcp tcp;
    ServerOptions options;
    options.stop_when_idle = 1;
    std::array<std::unique_ptr<Child>, 5> servers = {
        serveInChild(fifo, {}, options), serveInChild(shm, {}, options), serveInChild(uds, {}, options),
        serveInChild(seqpacket, {}, options), serveInChild(tcp, {}, options)};
    auto raw = std::make_shared<RawPipe>();

    std::vector<Contender> contenders;
    contenders.push_back({"raw pipe ping-pong", [raw](std::int64_t) { return raw->exchange(); }});
    raw.reset();
    contenders.push_back(contender("anonymous pipe", PipeChannel::createWithServer()));
    contenders.push_back(contender("FIFO", fifo.client()));
    contenders.push_back(contender("shared memory", shm.client()));
    contenders.push_back(contender("Unix domain socket", uds.client()));
    contenders.push_back(contender("seqpacket socket", seqpacket.client()));
    contenders.push_back(contender("TCP, loopback", tcp.client()));

    for (std::size_t round = 0; round < ROUNDS; ++round) {
        for (Contender &each : contenders) {
            runRound(each, calls * round / ROUNDS, calls * (round + 1) / ROUNDS);
        }
    }

    std::printf("%zu calls each, between two processes\n%-28s %9s %9s %12s %7s\n", calls, "", "p50 us", "p99 us",
                "calls/s", "wrong");
    std::size_t wrong = 0;
    for (Contender &each : contenders) {
        print(each);
        wrong += each.wrong;
    }

    contenders.clear(); // and with them the clients: now the servers end
    for (const auto &server : servers) {
        if (server->wait() != 0) {
            ++wrong;
        }
    }
    return wrong == 0 ? 0 : 1;
}
