// What is special about Unix domain sockets. What all transports share is in the other files.
#include "support.h"
#include "transport_test.h"

#include <calc_ipc.hpp>
#include <gtest/gtest.h>

#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

using namespace calc_ipc;

namespace {

/// A connection, or a listener, without the library.
class RawSocket {
  public:
    explicit RawSocket(const std::string &path) {
        address_.sun_family = AF_UNIX;
        std::strncpy(address_.sun_path, path.c_str(), sizeof address_.sun_path - 1);
    }
    RawSocket(const RawSocket &) = delete;
    RawSocket &operator=(const RawSocket &) = delete;
    ~RawSocket() { close(fd); }

    bool connect() const { return ::connect(fd, address(), sizeof address_) == 0; }
    bool bind() const { return ::bind(fd, address(), sizeof address_) == 0; }

    const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

  private:
    const sockaddr *address() const { return reinterpret_cast<const sockaddr *>(&address_); }

    sockaddr_un address_{};
};

class UnixSocket : public TransportTest<Uds> {
  protected:
    UnixSocket() { server.startInBackground(); }

    UDSServer server{address.path, execute};
};

TEST_F(UnixSocket, SingleClient) {
    UDSClient client(address.path);
    const auto response = client.call({Operation::ADD, 10, 20});
    ASSERT_TRUE(response);
    EXPECT_TRUE(response->success);
    EXPECT_EQ(response->result, 30);
}

TEST_F(UnixSocket, MultipleCalls) {
    UDSClient client(address.path);
    EXPECT_EQ(resultOf(client, {Operation::ADD, 1, 2}), 3);
    EXPECT_EQ(resultOf(client, {Operation::MUL, 7, 8}), 56);
    EXPECT_EQ(resultOf(client, {Operation::SUB, 100, 30}), 70);
    expectDivisionByZeroFails(client);
}

TEST_F(UnixSocket, MultipleClients) {
    std::vector<std::thread> threads;
    for (std::int64_t id = 0; id < 4; ++id) {
        threads.emplace_back([&, id] {
            UDSClient client(address.path);
            for (std::int64_t i = 0; i < 100; ++i) {
                EXPECT_EQ(resultOf(client, add(id * 1000, i)), id * 1000 + i);
            }
        });
    }
    for (std::thread &thread : threads) {
        thread.join();
    }
}

TEST_F(UnixSocket, ClientDisconnectDoesNotCrashServer) {
    {
        UDSClient client(address.path);
        EXPECT_EQ(resultOf(client, add(1, 2)), 3);
    }
    {
        // Gone with its answer unread, and gone in the middle of a request.
        RawSocket rude(address.path);
        ASSERT_TRUE(rude.connect());
        EXPECT_TRUE(sendMessage(rude.fd, serialize(add(1, 2))));
        EXPECT_TRUE(writeExact(rude.fd, "\x09\0\0\0AD", 6));
    }
    UDSClient client(address.path);
    EXPECT_EQ(resultOf(client, add(3, 4)), 7);
}

TEST_F(UnixSocket, WhatIsNoRequestIsAnsweredAndTheConnectionLives) {
    RawSocket raw(address.path);
    ASSERT_TRUE(raw.connect());
    const auto answerTo = [&](const std::string &body) {
        std::vector<std::uint8_t> frame = {static_cast<std::uint8_t>(body.size()), 0, 0, 0};
        frame.insert(frame.end(), body.begin(), body.end());
        EXPECT_TRUE(sendMessage(raw.fd, frame));
        const auto answer = recvMessage(raw.fd);
        const auto response = answer ? deserializeResponse(*answer) : std::nullopt;
        return response ? response->success ? std::to_string(response->result) : response->error : "(nothing)";
    };
    EXPECT_EQ(answerTo("nonsense"), "Malformed request");
    EXPECT_EQ(answerTo(""), "Malformed request");
    EXPECT_EQ(answerTo("POW 2 3"), "Unknown operation");
    EXPECT_EQ(answerTo("ADD 10 20"), "30");
}

TEST_F(UnixSocket, AFrameOverTheLimitIsAnsweredAndTheConnectionCloses) {
    RawSocket raw(address.path);
    ASSERT_TRUE(raw.connect());
    ASSERT_TRUE(writeExact(raw.fd, "\xFF\xFF\xFF\xFF", 4));
    const auto answer = recvMessage(raw.fd);
    ASSERT_TRUE(answer);
    EXPECT_EQ(deserializeResponse(*answer)->error, "Message too large");
    char byte = 0;
    EXPECT_EQ(read(raw.fd, &byte, 1), 0);
}

TEST_F(UnixSocket, StopDoesNotWaitForHalfARequestOrAnUnreadAnswer) {
    RawSocket half(address.path);
    ASSERT_TRUE(half.connect());
    ASSERT_TRUE(writeExact(half.fd, "\x09\0\0\0AD", 6));
    RawSocket deaf(address.path);
    ASSERT_TRUE(deaf.connect());
    ASSERT_TRUE(sendMessage(deaf.fd, serialize(add(1, 2))));
    UDSClient client(address.path);
    EXPECT_EQ(resultOf(client, add(1, 2)), 3);
    EXPECT_EQ(server.stop(), CALC_IPC_STATUS_OK);
}

TEST_F(UnixSocket, OnlyItsUserMayConnect) {
    struct stat file {};
    ASSERT_EQ(stat(address.path.c_str(), &file), 0);
    EXPECT_EQ(file.st_mode & 0777U, 0600U);
}

TEST_F(UnixSocket, NothingIsLeftInTheDirectory) {
    server.stop();
    EXPECT_TRUE(address.dir.empty());
}

TEST(UnixSocketPaths, AStaleSocketIsTakenOver) {
    const Uds address;
    ASSERT_TRUE(RawSocket(address.path).bind());
    auto server = address.server();
    server.startInBackground();
    auto client = address.client();
    EXPECT_EQ(resultOf(client, add(1, 2)), 3);
}

TEST(UnixSocketPaths, AreNeverCut) {
    const Uds address;
    const std::string longest = address.dir / std::string(107 - (address.dir / "").size(), 'x').c_str();
    ASSERT_EQ(longest.size(), 107U);
    EXPECT_NO_THROW(UDSServer{longest});
    EXPECT_EQ(thrownBy([&] { UDSServer server(longest + 'x'); }), CALC_IPC_STATUS_INVALID_ARGUMENT);
    EXPECT_EQ(thrownBy([&] { UDSClient client(longest + 'x'); }), CALC_IPC_STATUS_INVALID_ARGUMENT);
    EXPECT_TRUE(address.dir.empty());
}

} // namespace
