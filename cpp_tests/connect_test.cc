// Clients that are made without exceptions, by `connect`.
#include "transport_test.h"
#include "urls.h"

#include <calc_ipc.hpp>
#include <gtest/gtest.h>

#include <string>

using namespace calc_ipc;

namespace {

template <class T> class Connect : public TransportTest<T> {};
TYPED_TEST_SUITE(Connect, Transports);

TYPED_TEST(Connect, GivesAClient) {
    auto server = this->address.server();
    server.startInBackground();
    auto client = this->address.connect();
    ASSERT_TRUE(client) << client.message();
    EXPECT_EQ(resultOf(*client, add(1, 2)), 3);
    auto taken = *std::move(client);
    EXPECT_EQ(resultOf(taken, add(3, 4)), 7);
}

TYPED_TEST(Connect, SaysWhyThereIsNone) {
    const auto client = this->address.connect();
    EXPECT_FALSE(client);
    EXPECT_EQ(client.status(), CALC_IPC_STATUS_NOT_CONNECTED);
    EXPECT_EQ(client.message(), calc_ipc_last_error());
    EXPECT_EQ(thrownBy([&] { (void)this->address.client(); }), client.status());
}

class ConnectByUrl : public UrlTest {};
INSTANTIATE_TEST_SUITE_P(Over, ConnectByUrl, allSchemes(), schemeOf);

TEST_P(ConnectByUrl, GivesAClient) {
    serve();
    auto client = Client::connect(isExec() ? url(PIPE_SERVER) : server->url(), withLimit<ClientOptions>(300));
    ASSERT_TRUE(client) << client.message();
    EXPECT_EQ(resultOf(*client, add(1, 2)), 3);
    EXPECT_EQ(client->callBytes(std::string(301, 'x')).status(), CALC_IPC_STATUS_TOO_LARGE) << "as the options say";
}

TEST(Connecting, DoesNotCutAnAddress) {
    const std::string cut("/tmp/calc\0/ipc", 14);
    const auto expectInvalid = [](const auto &client) {
        EXPECT_EQ(client.status(), CALC_IPC_STATUS_INVALID_ARGUMENT);
        EXPECT_NE(client.message().find("NUL"), std::string::npos) << client.message();
    };
    expectInvalid(Client::connect("unix://" + cut));
    expectInvalid(UDSClient::connect(cut));
    expectInvalid(FIFOClient::connect("/tmp/calc", cut));
    expectInvalid(TCPClient::connect(cut, 1));
    ClientOptions wrong;
    wrong.spin_us = 1001;
    EXPECT_EQ(Client::connect("tcp://localhost:1", wrong).status(), CALC_IPC_STATUS_INVALID_ARGUMENT);
}

} // namespace
