// What is special about FIFOs. What all transports share is in the other files.
#include "support.h"
#include "transport_test.h"

#include <calc_ipc.hpp>
#include <gtest/gtest.h>

#include <thread>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

using namespace calc_ipc;
using support::Child;

namespace {

using Fifos = TransportTest<Fifo>;

TEST_F(Fifos, ServerAndClient) {
    auto server = FIFOServer::create(address.request, address.response, execute);
    server.startInBackground();
    FIFOClient client(address.request, address.response);
    const auto response = client.call({Operation::ADD, 10, 20});
    ASSERT_TRUE(response);
    EXPECT_TRUE(response->success);
    EXPECT_EQ(response->result, 30);
    // The client is still there.
    EXPECT_EQ(server.stop(), CALC_IPC_STATUS_OK);
}

TEST_F(Fifos, MultipleCalls) {
    auto server = FIFOServer::create(address.request, address.response);
    server.startInBackground();
    FIFOClient client(address.request, address.response);
    EXPECT_EQ(resultOf(client, {Operation::ADD, 1, 2}), 3);
    EXPECT_EQ(resultOf(client, {Operation::MUL, 7, 8}), 56);
    EXPECT_EQ(resultOf(client, {Operation::SUB, 100, 30}), 70);
    expectDivisionByZeroFails(client);
}

TEST_F(Fifos, IndependentProcesses) {
    auto server = FIFOServer::create(address.request, address.response, execute);
    Child child([&] {
        server.run();
        return 0;
    });
    {
        FIFOClient client(address.request, address.response);
        const auto response = client.call({Operation::ADD, 100, 200});
        ASSERT_TRUE(response);
        EXPECT_EQ(response->result, 300);
    }
    EXPECT_EQ(child.wait(), 0);
}

TEST_F(Fifos, RunReturnsWhenItsClientsHaveGoneAndRunsAgain) {
    auto server = FIFOServer::create(address.request, address.response);
    for (int round = 0; round < 3; ++round) {
        std::thread clients([&] {
            FIFOClient one(address.request, address.response);
            FIFOClient two(address.request, address.response);
            EXPECT_EQ(resultOf(one, add(round, 1)), round + 1);
            EXPECT_EQ(resultOf(two, add(round, 2)), round + 2);
        });
        server.run();
        clients.join();
    }
}

TEST_F(Fifos, OpeningWithoutAServerDoesNotBlock) {
    ASSERT_EQ(mkfifo(address.request.c_str(), 0600), 0);
    ASSERT_EQ(mkfifo(address.response.c_str(), 0600), 0);
    EXPECT_EQ(thrownBy([&] { address.client(); }), CALC_IPC_STATUS_NOT_CONNECTED);
}

TEST_F(Fifos, OthersCannotBeLetIn) {
    // FIFOs carry no credentials, so a wider mode would let anyone pose as anyone.
    ServerOptions options;
    options.mode = 0666;
    EXPECT_EQ(thrownBy([&] { address.server({}, options); }), CALC_IPC_STATUS_UNSUPPORTED);
}

TEST_F(Fifos, APeerThatKnowsOnlyTheProtocolIsServed) {
    auto server = address.server();
    server.startInBackground();
    for (int round = 0; round < 2; ++round) {
        const int requests = open(address.request.c_str(), O_WRONLY | O_CLOEXEC);
        const int responses = open(address.response.c_str(), O_RDONLY | O_CLOEXEC);
        ASSERT_GE(requests, 0);
        ASSERT_GE(responses, 0);
        EXPECT_TRUE(sendMessage(requests, serialize(add(round, 20))));
        const auto frame = recvMessage(responses);
        ASSERT_TRUE(frame);
        EXPECT_EQ(deserializeResponse(*frame)->result, round + 20);
        close(requests);
        close(responses);
    }
}

TEST_F(Fifos, NothingIsLeftInTheDirectory) {
    {
        auto server = address.server();
        server.startInBackground();
        auto client = address.client();
        EXPECT_EQ(resultOf(client, add(1, 2)), 3);
    }
    EXPECT_TRUE(address.dir.empty());
}

} // namespace
