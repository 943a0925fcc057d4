// Handles: creating, moving, using in the wrong order, destroying, and what is left behind.
#include "support.h"
#include "transport_test.h"

#include <calc_ipc.hpp>
#include <gtest/gtest.h>

#include <type_traits>

using namespace calc_ipc;

namespace {

template <class T> using Lifecycle = TransportTest<T>;
TYPED_TEST_SUITE(Lifecycle, Transports);

TYPED_TEST(Lifecycle, HandlesAreMoveOnly) {
    using Server = typename TypeParam::Server;
    using Client = typename TypeParam::Client;
    static_assert(std::is_nothrow_move_constructible_v<Server> && std::is_nothrow_move_assignable_v<Server>);
    static_assert(std::is_nothrow_move_constructible_v<Client> && std::is_nothrow_move_assignable_v<Client>);
    static_assert(!std::is_copy_constructible_v<Server> && !std::is_copy_assignable_v<Server>);
    static_assert(!std::is_copy_constructible_v<Client> && !std::is_copy_assignable_v<Client>);
}

TYPED_TEST(Lifecycle, ServersMoveBeforeTheyStart) {
    auto first = this->address.server([](const Request & /* request */) { return Response{true, 7}; });
    auto second = std::move(first);
    EXPECT_EQ(thrownBy([&] { first.run(); }), CALC_IPC_STATUS_INVALID_ARGUMENT);
    EXPECT_EQ(thrownBy([&] { first.startInBackground(); }), CALC_IPC_STATUS_INVALID_ARGUMENT);
    EXPECT_EQ(first.stop(), CALC_IPC_STATUS_INVALID_ARGUMENT);
    first.requestStop();
    second.startInBackground();
    auto client = this->address.client();
    EXPECT_EQ(resultOf(client, {}), 7);
}

TYPED_TEST(Lifecycle, AssignmentEndsTheServerThatWasThere) {
    const TypeParam other;
    auto server = this->address.server([](const Request & /* request */) { return Response{true, 1}; });
    server.startInBackground();
    server = other.server([](const Request & /* request */) { return Response{true, 2}; });
    server.startInBackground();
    EXPECT_EQ(thrownBy([&] { this->address.client(); }), CALC_IPC_STATUS_NOT_CONNECTED);
    auto client = other.client();
    EXPECT_EQ(resultOf(client, {}), 2);
}

TYPED_TEST(Lifecycle, ClientsMove) {
    auto server = this->address.server();
    server.startInBackground();
    auto first = this->address.client();
    auto second = std::move(first);
    EXPECT_EQ(resultOf(second, add(1, 2)), 3);
    EXPECT_FALSE(first.call(add(1, 2)));
    EXPECT_EQ(first.status(), CALC_IPC_STATUS_INVALID_ARGUMENT);
    first = this->address.client();
    EXPECT_EQ(resultOf(first, add(3, 4)), 7);
    EXPECT_EQ(first.status(), CALC_IPC_STATUS_OK);
}

TYPED_TEST(Lifecycle, AClientMayComeBeforeItsServerRuns) {
    auto server = this->address.server();
    auto client = this->address.client();
    server.startInBackground();
    EXPECT_EQ(resultOf(client, add(1, 2)), 3);
}

TYPED_TEST(Lifecycle, ServingTwiceIsBusy) {
    auto server = this->address.server();
    server.startInBackground();
    EXPECT_EQ(thrownBy([&] { server.startInBackground(); }), CALC_IPC_STATUS_BUSY);
    EXPECT_EQ(thrownBy([&] { server.run(); }), CALC_IPC_STATUS_BUSY);
    auto client = this->address.client();
    EXPECT_EQ(resultOf(client, add(1, 2)), 3);
}

TYPED_TEST(Lifecycle, StopIsFinal) {
    auto server = this->address.server();
    server.startInBackground();
    EXPECT_EQ(server.stop(), CALC_IPC_STATUS_OK);
    EXPECT_EQ(server.stop(), CALC_IPC_STATUS_OK);
    EXPECT_EQ(thrownBy([&] { server.run(); }), CALC_IPC_STATUS_STOPPED);
    EXPECT_EQ(thrownBy([&] { server.startInBackground(); }), CALC_IPC_STATUS_STOPPED);
    // Its address is free although it is still there.
    auto next = this->address.server();
    next.startInBackground();
    auto client = this->address.client();
    EXPECT_EQ(resultOf(client, add(1, 2)), 3);
}

TYPED_TEST(Lifecycle, AnInvalidOperationIsNotSent) {
    auto server = this->address.server();
    server.startInBackground();
    auto client = this->address.client();
    EXPECT_FALSE(client.call({static_cast<Operation>(99), 1, 2}));
    EXPECT_EQ(client.status(), CALC_IPC_STATUS_INVALID_ARGUMENT);
    EXPECT_EQ(resultOf(client, add(1, 2)), 3);
}

TYPED_TEST(Lifecycle, OptionsAreChecked) {
    ServerOptions server;
    server.max_message = 258;
    EXPECT_EQ(thrownBy([&] { this->address.server({}, server); }), CALC_IPC_STATUS_INVALID_ARGUMENT);
    server = {};
    server.size = sizeof server.size;
    EXPECT_EQ(thrownBy([&] { this->address.server({}, server); }), CALC_IPC_STATUS_INVALID_ARGUMENT);
    auto live = this->address.server();
    ClientOptions client;
    client.max_message = (64U << 20) + 1;
    EXPECT_EQ(thrownBy([&] { this->address.client(client); }), CALC_IPC_STATUS_INVALID_ARGUMENT);
}

TYPED_TEST(Lifecycle, AFullServerRefuses) {
    ServerOptions options;
    options.max_clients = 1;
    auto server = this->address.server({}, options);
    server.startInBackground();
    auto first = this->address.client();
    EXPECT_EQ(resultOf(first, add(1, 2)), 3);
    EXPECT_EQ(thrownBy([&] {
                  auto second = this->address.client();
                  second.call(add(1, 2));
                  throw Error(second.status(), "the first call");
              }),
              CALC_IPC_STATUS_REFUSED);
    EXPECT_EQ(resultOf(first, add(3, 4)), 7);
}

#if !defined(_WIN32)
TYPED_TEST(Lifecycle, NothingIsLeftBehind) {
    const auto once = [&](std::int64_t i) {
        auto server = this->address.server(execute);
        server.startInBackground();
        auto client = this->address.client();
        EXPECT_EQ(resultOf(client, add(i, 1)), i + 1);
    };
    once(0); // what the library keeps for the process, it takes here
    const support::Holdings before;
    for (std::int64_t i = 0; i < 200; ++i) {
        once(i);
    }
    EXPECT_LE(before.awaitNoMore(), before);
    EXPECT_TRUE(leftNothing(this->address));
}
#endif

} // namespace
