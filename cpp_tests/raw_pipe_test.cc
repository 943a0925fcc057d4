// Two pipes and a fork, written out, with only the library's messages between them.
#include "support.h"

#include <calc_ipc.hpp>
#include <gtest/gtest.h>

#include <cstdint>
#include <thread>
#include <vector>

using namespace calc_ipc;
using support::Child;
using support::Pipe;

namespace {

class RawPipe : public ::testing::Test {
  protected:
    RawPipe() {
        requests.closeRead();
        responses.closeWrite();
    }

    Response ask(const Request &request) {
        EXPECT_TRUE(sendMessage(requests.writeEnd(), serialize(request)));
        const auto frame = recvMessage(responses.readEnd());
        const auto response = frame ? deserializeResponse(*frame) : std::nullopt;
        EXPECT_TRUE(response);
        return response.value_or(Response{});
    }

    int serve() {
        requests.closeWrite();
        responses.closeRead();
        while (const auto frame = recvMessage(requests.readEnd())) {
            const auto request = deserializeRequest(*frame);
            if (!request || !sendMessage(responses.writeEnd(), serialize(execute(*request)))) {
                return 1;
            }
        }
        return 0;
    }

    /// The end of requests is the end of the child.
    int finish() {
        requests.closeWrite();
        return child.wait();
    }

    Pipe requests;
    Pipe responses;
    Child child{[this] { return serve(); }};
};

TEST_F(RawPipe, SingleRequestResponse) {
    const Response response = ask({Operation::ADD, 10, 20});
    EXPECT_TRUE(response.success);
    EXPECT_EQ(response.result, 30);
    EXPECT_EQ(finish(), 0);
}

TEST_F(RawPipe, MultipleRequests) {
    EXPECT_EQ(ask({Operation::ADD, 10, 20}).result, 30);
    EXPECT_EQ(ask({Operation::SUB, 50, 30}).result, 20);
    EXPECT_EQ(ask({Operation::MUL, 7, 8}).result, 56);
    EXPECT_EQ(ask({Operation::DIV, 100, 4}).result, 25);
    EXPECT_EQ(finish(), 0);
}

TEST_F(RawPipe, DivisionByZero) {
    const Response response = ask({Operation::DIV, 10, 0});
    EXPECT_FALSE(response.success);
    EXPECT_EQ(response.error, "Division by zero");
    EXPECT_EQ(finish(), 0);
}

TEST(RawMessages, EndOfFileIsNoMessage) {
    Pipe pipe;
    const std::vector<std::uint8_t> half = {9, 0, 0, 0, 'A', 'D'};
    ASSERT_TRUE(writeExact(pipe.writeEnd(), half.data(), half.size()));
    pipe.closeWrite();
    EXPECT_FALSE(recvMessage(pipe.readEnd()));
    char byte = 0;
    EXPECT_FALSE(readExact(pipe.readEnd(), &byte, 1));
}

TEST(RawMessages, AHostilePrefixIsRefusedUnread) {
    Pipe pipe;
    const std::vector<std::uint8_t> huge = {0xFF, 0xFF, 0xFF, 0xFF, 'x'};
    ASSERT_TRUE(writeExact(pipe.writeEnd(), huge.data(), huge.size()));
    std::uint8_t buffer[CALC_IPC_FRAME_MAX];
    std::size_t length = 0;
    EXPECT_EQ(calc_ipc_message_recv(pipe.readEnd(), buffer, sizeof buffer, &length), CALC_IPC_STATUS_TOO_LARGE);
    char next = 0;
    EXPECT_TRUE(readExact(pipe.readEnd(), &next, 1));
    EXPECT_EQ(next, 'x');
}

TEST(RawMessages, AReaderThatIsGoneIsNoSignal) {
    // SIGPIPE at its default would end this process.
    Pipe pipe;
    pipe.closeRead();
    EXPECT_FALSE(writeExact(pipe.writeEnd(), "x", 1));
    EXPECT_FALSE(sendMessage(pipe.writeEnd(), serialize(Request{Operation::ADD, 1, 2})));
}

TEST(RawMessages, ABadDescriptorIsAnError) {
    EXPECT_FALSE(sendMessage(-1, serialize(Request{Operation::ADD, 1, 2})));
    EXPECT_FALSE(recvMessage(-1));
}

TEST(RawMessages, LargerThanThePipeHolds) {
    // 64 KiB and the prefix do not fit into a pipe at once: both sides meet short reads and writes.
    Pipe pipe;
    std::vector<std::uint8_t> frame(4 + 65536, 'x');
    frame[0] = 0, frame[1] = 0, frame[2] = 1, frame[3] = 0;
    std::thread writer([&] { EXPECT_TRUE(sendMessage(pipe.writeEnd(), frame)); });
    const auto received = recvMessage(pipe.readEnd());
    writer.join();
    ASSERT_TRUE(received);
    EXPECT_EQ(*received, frame);
}

TEST(RawMessages, SignalsAreInvisible) {
    const support::Interrupter interrupter;
    Pipe pipe;
    const auto frame = serialize(Request{Operation::ADD, 10, 20});
    std::thread reader([&] {
        const auto received = recvMessage(pipe.readEnd());
        ASSERT_TRUE(received);
        EXPECT_EQ(*received, frame);
    });
    for (const std::uint8_t byte : frame) {
        interrupter.interrupt(reader);
        EXPECT_TRUE(writeExact(pipe.writeEnd(), &byte, 1));
    }
    reader.join();
}

} // namespace
