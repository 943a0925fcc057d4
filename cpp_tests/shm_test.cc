// What is special about shared memory. What all transports share is in the other files.
#include "support.h"
#include "transport_test.h"

#include <calc_ipc.hpp>
#include <gtest/gtest.h>

#include <cstdint>
#include <filesystem>
#include <limits>
#include <string>
#include <vector>

using namespace calc_ipc;

namespace {

class SharedMemory : public TransportTest<Shm> {
  protected:
    SharedMemory() { server.startInBackground(); }

    ShmServer server = ShmServer::create(address.segment, address.segment + ".req", address.segment + ".resp", execute);
    ShmClient client{address.segment, address.segment + ".req", address.segment + ".resp"};
};

TEST_F(SharedMemory, SingleRequest) {
    const auto response = client.call({Operation::ADD, 10, 20});
    ASSERT_TRUE(response);
    EXPECT_TRUE(response->success);
    EXPECT_EQ(response->result, 30);
}

TEST_F(SharedMemory, MultipleRequests) {
    EXPECT_EQ(resultOf(client, {Operation::ADD, 1, 2}), 3);
    EXPECT_EQ(resultOf(client, {Operation::MUL, 7, 8}), 56);
    EXPECT_EQ(resultOf(client, {Operation::SUB, 100, 30}), 70);
    EXPECT_EQ(resultOf(client, {Operation::DIV, 100, 4}), 25);
    expectDivisionByZeroFails(client);
}

TEST_F(SharedMemory, LargeNumbers) { EXPECT_EQ(resultOf(client, {Operation::MUL, 1000000, 1000000}), 1000000000000); }

TEST_F(SharedMemory, TheLeadingSlashIsOptional) {
    ShmClient other(address.segment.substr(1));
    EXPECT_EQ(resultOf(other, add(1, 2)), 3);
}

TEST_F(SharedMemory, LongestFrames) {
    // Request and response of 20 digits a number, far over what the first cache line of a slot holds.
    constexpr std::int64_t least = std::numeric_limits<std::int64_t>::min();
    EXPECT_EQ(resultOf(client, {Operation::ADD, least, 0}), least);
    EXPECT_EQ(resultOf(client, {Operation::DIV, least, 1}), least);
}

TEST_F(SharedMemory, AHundredAndTwentyEightClientsUnlessToldOtherwise) {
    std::vector<ShmClient> others;
    for (std::int64_t i = 1; i < 128; ++i) {
        others.push_back(address.client());
        EXPECT_EQ(resultOf(others.back(), add(i, 1)), i + 1);
    }
    EXPECT_EQ(thrownBy([&] {
                  auto another = address.client();
                  another.call(add(1, 2));
                  throw Error(another.status(), "the first call");
              }),
              CALC_IPC_STATUS_REFUSED);
    EXPECT_EQ(resultOf(client, add(1, 2)), 3);
}

TEST_F(SharedMemory, NothingIsLeftUnderItsName) {
    server.stop();
    for (const auto &entry : std::filesystem::directory_iterator("/dev/shm")) {
        EXPECT_EQ(entry.path().filename().string().find(address.segment.substr(1)), std::string::npos) << entry.path();
    }
}

TEST(SharedMemoryNames, MustBeNames) {
    for (const std::string &name : {std::string(), std::string("/"), std::string("a/b"), std::string(300, 'x')}) {
        EXPECT_EQ(thrownBy([&] { (void)ShmServer::create(name); }), CALC_IPC_STATUS_INVALID_ARGUMENT) << name;
    }
}

} // namespace
