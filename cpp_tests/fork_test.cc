// What a fork of the host does to handles.
#include "support.h"
#include "transport_test.h"

#include <calc_ipc.hpp>
#include <gtest/gtest.h>

#include <csignal>
#include <optional>
#include <utility>

using namespace calc_ipc;
using support::Child;
using support::Gate;

namespace {

/// What `action` throws, in a child, where a failed expectation would go unseen.
template <class Action> calc_ipc_status statusOf(Action action) {
    try {
        action();
        return CALC_IPC_STATUS_OK;
    } catch (const Error &error) {
        return error.status();
    }
}

template <class T> using Fork = TransportTest<T>;
TYPED_TEST_SUITE(Fork, Transports);

TYPED_TEST(Fork, AClientStaysWithItsProcess) {
    auto server = this->address.server();
    server.startInBackground();
    auto client = this->address.client();
    EXPECT_EQ(resultOf(client, add(1, 2)), 3);
    Child child([&] {
        const bool answered = client.call(add(3, 4)).has_value();
        const bool forked = client.status() == CALC_IPC_STATUS_FORKED;
        // Destroying it here frees memory, and leaves the parent's connection alone.
        { const auto destroyed = std::move(client); }
        return !answered && forked ? 0 : 1;
    });
    EXPECT_EQ(child.wait(), 0);
    EXPECT_EQ(resultOf(client, add(5, 6)), 11);
}

TYPED_TEST(Fork, AServerThatRunsStaysWithItsProcess) {
    auto server = this->address.server();
    server.startInBackground();
    Child child([&] {
        const bool forked = statusOf([&] { server.run(); }) == CALC_IPC_STATUS_FORKED &&
                            statusOf([&] { server.startInBackground(); }) == CALC_IPC_STATUS_FORKED &&
                            server.stop() == CALC_IPC_STATUS_FORKED;
        { const auto destroyed = std::move(server); }
        return forked ? 0 : 1;
    });
    EXPECT_EQ(child.wait(), 0);
    auto client = this->address.client();
    EXPECT_EQ(resultOf(client, add(1, 2)), 3);
}

TYPED_TEST(Fork, AServerNotYetRunIsAdoptedByTheChild) {
    ServerOptions options;
    options.stop_when_idle = 1;
    std::optional<typename TypeParam::Server> server = this->address.server({}, options);
    Child child([&] {
        server->run();
        return 0;
    });
    {
        auto early = this->address.client();
        EXPECT_EQ(resultOf(early, add(1, 2)), 3);
        // The parent's copy goes, and the names stay with the child.
        server.reset();
        auto late = this->address.client();
        EXPECT_EQ(resultOf(late, add(3, 4)), 7);
    }
    EXPECT_EQ(child.wait(), 0);
}

TYPED_TEST(Fork, AForkedChildDoesNotKeepADeadServersAddress) {
    Gate stay;
    std::optional<Child> bystander;
    {
        auto server = this->address.server();
        server.startInBackground();
        auto client = this->address.client();
        EXPECT_EQ(resultOf(client, add(1, 2)), 3);
        bystander.emplace([&] {
            stay.pass();
            return 0;
        });
    }
    auto server = this->address.server();
    server.startInBackground();
    auto client = this->address.client();
    EXPECT_EQ(resultOf(client, add(3, 4)), 7);
    stay.open();
    EXPECT_EQ(bystander->wait(), 0);
}

TYPED_TEST(Fork, AForkedChildOfTheServerDoesNotHideItsDeath) {
    Gate forked;
    Gate stay;
    auto server = this->address.server([&](const Request &request) {
        if (request.op == Operation::MUL) {
            // A handler that forks: the copy must not keep the client's connection open.
            if (fork() == 0) {
                forked.open();
                stay.pass();
                _exit(0);
            }
        }
        return execute(request);
    });
    Child child([&] {
        server.run();
        return 0;
    });
    auto client = this->address.client();
    EXPECT_EQ(resultOf(client, {Operation::MUL, 7, 8}), 56);
    forked.pass();
    child.signal(SIGKILL);
    child.wait();
    EXPECT_FALSE(client.call(add(1, 2)));
    EXPECT_TRUE(isLoss(client.status())) << client.status();
    stay.open();
}

TEST(PipeFork, AChannelStaysWithItsProcess) {
    auto channel = PipeChannel::createWithServer();
    EXPECT_EQ(resultOf(channel, add(1, 2)), 3);
    Child child([&] {
        const bool answered = channel.call(add(3, 4)).has_value();
        const bool forked = channel.status() == CALC_IPC_STATUS_FORKED;
        { const auto destroyed = std::move(channel); }
        return !answered && forked ? 0 : 1;
    });
    EXPECT_EQ(child.wait(), 0);
    EXPECT_EQ(resultOf(channel, add(5, 6)), 11);
}

} // namespace
