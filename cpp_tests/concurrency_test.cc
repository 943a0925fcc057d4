// Many clients of one server, many threads on one client, and signals in between.
#include "support.h"
#include "transport_test.h"

#include <calc_ipc.hpp>
#include <gtest/gtest.h>

#include <atomic>
#include <cstdint>
#include <thread>
#include <vector>

using namespace calc_ipc;
using support::Gate;

namespace {

template <class T> using Concurrency = TransportTest<T>;
TYPED_TEST_SUITE(Concurrency, Transports);

TYPED_TEST(Concurrency, SixtyFourClientsGetTheirOwnAnswers) {
#ifdef _WIN32
    constexpr std::int64_t calls = 200; // Wine's server has a part in each, and is one thread.
#else
    constexpr std::int64_t calls = 1000;
#endif
    auto server = this->address.server();
    server.startInBackground();
    std::atomic<int> right{0};
    std::vector<std::thread> threads;
    for (std::int64_t id = 0; id < 64; ++id) {
        threads.emplace_back([&, id] {
            auto client = this->address.client();
            for (std::int64_t i = 0; i < calls; ++i) {
                const auto response = client.call({Operation::ADD, id * 1000000, i});
                if (response && response->success && response->result == id * 1000000 + i) {
                    ++right;
                }
            }
        });
    }
    for (std::thread &thread : threads) {
        thread.join();
    }
    EXPECT_EQ(right, 64 * calls);
}

TYPED_TEST(Concurrency, ASecondThreadOnOneClientIsBusyAtOnce) {
    Gate entered;
    Gate leave;
    auto server = this->address.server(heldHandler(entered, leave));
    server.startInBackground();
    auto client = this->address.client();
    std::thread first([&] { EXPECT_EQ(resultOf(client, add(1, 2)), 3); });
    entered.pass();
    EXPECT_FALSE(client.call(add(3, 4)));
    EXPECT_EQ(client.status(), CALC_IPC_STATUS_BUSY);
    leave.open();
    first.join();
    leave.open();
    EXPECT_EQ(resultOf(client, add(5, 6)), 11);
}

#if !defined(_WIN32)
TYPED_TEST(Concurrency, SignalsAreInvisible) {
    const support::Interrupter interrupter;
    Gate entered;
    Gate leave;
    auto server = this->address.server(heldHandler(entered, leave));
    server.startInBackground();
    std::thread caller([&] {
        auto client = this->address.client();
        for (std::int64_t i = 0; i < 10; ++i) {
            EXPECT_EQ(resultOf(client, add(i, 100)), i + 100);
        }
    });
    for (int i = 0; i < 10; ++i) {
        entered.pass();
        interrupter.interrupt(caller);
        leave.open();
    }
    caller.join();
}
#endif

TYPED_TEST(Concurrency, SeveralWorkersAnswerAsOneDoes) {
    ServerOptions options;
    options.workers = 4;
    std::atomic<std::int64_t> calls{0};
    auto server = this->address.server(
        [&](const Request &request) {
            ++calls;
            return execute(request);
        },
        options);
    server.startInBackground();
    std::vector<std::thread> threads;
    for (std::int64_t id = 0; id < 8; ++id) {
        threads.emplace_back([&, id] {
            auto client = this->address.client();
            for (std::int64_t i = 0; i < 100; ++i) {
                EXPECT_EQ(resultOf(client, add(id * 1000, i)), id * 1000 + i);
            }
        });
    }
    for (std::thread &thread : threads) {
        thread.join();
    }
    EXPECT_EQ(calls, 8 * 100);
}

} // namespace
