// Death of a server or client, at any moment, and life after it.
#include "support.h"
#include "transport_test.h"

#include <calc_ipc.hpp>
#include <gtest/gtest.h>

#include <chrono>
#include <csignal>
#include <cstdint>
#include <memory>
#include <optional>
#include <thread>

using namespace calc_ipc;
using namespace std::chrono_literals;
using support::Child;
using support::Gate;
using Clock = std::chrono::steady_clock;

namespace {

template <class T> class Crash : public TransportTest<T> {
  protected:
    /// A server at the address in a child, which waits at `never` with every MUL after opening `entered`.
    std::unique_ptr<Child> serve() {
        return serveInChild(this->address, [this](const Request &request) {
            if (request.op == Operation::MUL) {
                entered.open();
                never.pass();
            }
            return execute(request);
        });
    }

    /// A new server at the same address, with nothing removed by hand, serves at once.
    void expectLifeGoesOn() {
        auto server = this->address.server();
        server.startInBackground();
        auto client = this->address.client();
        EXPECT_EQ(resultOf(client, add(20, 22)), 42);
    }

    Gate entered;
    Gate never;
};
TYPED_TEST_SUITE(Crash, Transports);

TYPED_TEST(Crash, AServerKilledDuringACallIsNoticedAtOnce) {
    const auto noticedAfter = [this]() -> Clock::duration {
        auto server = this->serve();
        auto client = this->address.client();
        EXPECT_EQ(resultOf(client, add(1, 2)), 3);
        Clock::time_point killed;
        std::thread killer([&] {
            this->entered.pass();
            killed = Clock::now();
            server->signal(SIGKILL);
        });
        EXPECT_FALSE(client.call({Operation::MUL, 7, 8}));
        const auto noticed = Clock::now();
        killer.join();
        EXPECT_TRUE(isLoss(client.status())) << client.status();
        EXPECT_EQ(server->wait(), -SIGKILL);
        // It stays lost.
        EXPECT_FALSE(client.call(add(1, 2)));
        EXPECT_TRUE(isLoss(client.status())) << client.status();
        return noticed - killed;
    }();
    EXPECT_LE(noticedAfter, 60s); // How soon it is, calc-ipc bench --promises measures.
    this->expectLifeGoesOn();
}

TYPED_TEST(Crash, AServerKilledBetweenCalls) {
    auto server = this->serve();
    auto client = this->address.client();
    EXPECT_EQ(resultOf(client, add(1, 2)), 3);
    server->signal(SIGKILL);
    server->wait();
    EXPECT_FALSE(client.call(add(3, 4)));
    EXPECT_TRUE(isLoss(client.status())) << client.status();
    EXPECT_EQ(thrownBy([&] { this->address.client(); }), CALC_IPC_STATUS_NOT_CONNECTED);
    this->expectLifeGoesOn();
}

TYPED_TEST(Crash, AServerKilledBeforeItEverRan) {
    Child child([&] {
        const auto server = this->address.server();
        return raise(SIGKILL);
    });
    EXPECT_EQ(child.wait(), -SIGKILL);
    EXPECT_EQ(thrownBy([&] { this->address.client(); }), CALC_IPC_STATUS_NOT_CONNECTED);
    this->expectLifeGoesOn();
}

TYPED_TEST(Crash, ClientsKilledDuringTheirCallsHarmNobody) {
    auto server = this->serve();
    auto survivor = this->address.client();
    EXPECT_EQ(resultOf(survivor, add(1, 2)), 3);
    Gate asking;
    for (std::int64_t round = 0; round < 20; ++round) {
        Child child([&] {
            auto client = this->address.client();
            for (std::int64_t i = 0;; ++i) {
                if (i == round) {
                    asking.open();
                }
                client.call(add(i, 1));
            }
            return 0;
        });
        asking.pass();
        child.signal(SIGKILL);
        child.wait();
        EXPECT_EQ(resultOf(survivor, add(round, 1000)), round + 1000);
    }
    auto late = this->address.client();
    EXPECT_EQ(resultOf(late, add(3, 4)), 7);
}

TYPED_TEST(Crash, ThePlacesOfDeadClientsComeBack) {
    ServerOptions options;
    options.max_clients = 2;
    auto server = this->address.server({}, options);
    server.startInBackground();
    for (int round = 0; round < 10; ++round) {
        Child child([&] {
            auto client = this->address.client();
            client.call(add(1, 2));
            return raise(SIGKILL);
        });
        EXPECT_EQ(child.wait(), -SIGKILL);
        // The server hears of a death soon, not before it happens: until then it may say that it is full.
        std::optional<typename TypeParam::Client> next;
        while (!next) {
            try {
                next = this->address.client();
                if (!next->call(add(round, 1))) {
                    EXPECT_EQ(next->status(), CALC_IPC_STATUS_REFUSED);
                    next.reset();
                }
            } catch (const Error &error) {
                ASSERT_EQ(error.status(), CALC_IPC_STATUS_REFUSED) << error.what();
            }
        }
    }
}

} // namespace
