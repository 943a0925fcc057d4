// Stopping, whatever the clients are doing.
#include "support.h"
#include "transport_test.h"

#include <calc_ipc.hpp>
#include <gtest/gtest.h>

#include <csignal>
#include <functional>
#include <thread>
#include <vector>

using namespace calc_ipc;
#if !defined(_WIN32)
using support::Child;
#endif
using support::Gate;

namespace {

template <class T> using Stop = TransportTest<T>;
TYPED_TEST_SUITE(Stop, Transports);

TYPED_TEST(Stop, BeforeItRan) {
    auto server = this->address.server();
    EXPECT_EQ(server.stop(), CALC_IPC_STATUS_OK);
    EXPECT_EQ(thrownBy([&] { this->address.client(); }), CALC_IPC_STATUS_NOT_CONNECTED);
}

TYPED_TEST(Stop, BeforeAnyClient) {
    auto server = this->address.server();
    server.startInBackground();
    EXPECT_EQ(server.stop(), CALC_IPC_STATUS_OK);
    EXPECT_EQ(thrownBy([&] { this->address.client(); }), CALC_IPC_STATUS_NOT_CONNECTED);
}

TYPED_TEST(Stop, WithIdleClients) {
    auto server = this->address.server();
    server.startInBackground();
    std::vector<typename TypeParam::Client> clients;
    for (std::int64_t i = 0; i < 8; ++i) {
        clients.push_back(this->address.client());
        EXPECT_EQ(resultOf(clients.back(), add(i, 1)), i + 1);
    }
    clients.push_back(this->address.client()); // one that never called
    EXPECT_EQ(server.stop(), CALC_IPC_STATUS_OK);
    for (auto &client : clients) {
        for (int call = 0; call < 2; ++call) {
            EXPECT_FALSE(client.call(add(1, 2)));
            EXPECT_EQ(client.status(), CALC_IPC_STATUS_CLOSED);
        }
    }
}

TYPED_TEST(Stop, WithClientsInACall) {
    // One is in the handler, and the others wait for their turn.
    Gate entered;
    Gate leave;
    auto server = this->address.server(heldHandler(entered, leave));
    server.startInBackground();
    std::vector<typename TypeParam::Client> clients;
    for (int i = 0; i < 4; ++i) {
        clients.push_back(this->address.client());
    }
    std::vector<std::thread> callers;
    for (auto &client : clients) {
        callers.emplace_back([&] {
            // Answered or not, but never wrongly.
            if (const auto response = client.call(add(1, 2))) {
                EXPECT_EQ(response->result, 3);
            } else {
                EXPECT_EQ(client.status(), CALC_IPC_STATUS_CLOSED);
            }
        });
    }
    entered.pass();
    server.requestStop();
    for (std::size_t i = 0; i < clients.size(); ++i) {
        leave.open();
    }
    EXPECT_EQ(server.stop(), CALC_IPC_STATUS_OK);
    for (std::thread &caller : callers) {
        caller.join();
    }
}

TYPED_TEST(Stop, WakesRun) {
    auto server = this->address.server();
    auto client = this->address.client();
    std::thread runner([&] { server.run(); });
    EXPECT_EQ(resultOf(client, add(1, 2)), 3);
    EXPECT_EQ(server.stop(), CALC_IPC_STATUS_OK);
    runner.join();
}

TYPED_TEST(Stop, RequestedBeforeRunIsNotForgotten) {
    auto server = this->address.server();
    server.requestStop();
    // Either answer is right: it serves and ends at once, or it says that it was stopped.
    try {
        server.run();
    } catch (const Error &error) {
        EXPECT_EQ(error.status(), CALC_IPC_STATUS_STOPPED);
    }
}

#if !defined(_WIN32)
/// What a program's signal handler can reach.
std::function<void()> onSignal;

TYPED_TEST(Stop, RequestedInASignalHandler) {
    auto server = this->address.server();
    Child child([&] {
        onSignal = [&] { server.requestStop(); };
        std::signal(SIGTERM, [](int) { onSignal(); });
        server.run();
        return 42;
    });
    {
        auto client = this->address.client();
        EXPECT_EQ(resultOf(client, add(1, 2)), 3); // so the child runs, and its handler is set
        child.signal(SIGTERM);
        EXPECT_EQ(child.wait(), 42);
        EXPECT_FALSE(client.call(add(1, 2)));
        EXPECT_TRUE(isLoss(client.status())) << client.status();
    }
}
#endif

} // namespace
