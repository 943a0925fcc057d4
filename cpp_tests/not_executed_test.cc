// What a failed call knows of its request, over every transport: a handler counts what it was given.
#include "transport_test.h"
#include "urls.h"

#include <calc_ipc.hpp>
#include <gtest/gtest.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

using namespace calc_ipc;
using support::Gate;

namespace {

/// A message that no kernel holds between two processes.
constexpr std::uint32_t HUGE_MESSAGE = 32U << 20;

class NotExecuted : public UrlTest {
  protected:
    /// Serves what comes back, counts it, and waits at `leave` with what is "held".
    void serveCounted(ServerOptions options = {}) {
        serveBytes(
            [this](BytesView request, BytesRoom response) {
                ++given;
                EXPECT_NE(request.text(), "never");
                if (request.text() == "held") {
                    entered.open();
                    leave.pass();
                }
                if (request.text() == "fail") {
                    throw std::runtime_error("on purpose");
                }
                std::memcpy(response.data(), request.data(), request.size());
                return request.size();
            },
            options);
    }

    static ClientOptions within(std::uint32_t milliseconds) {
        auto options = withLimit<ClientOptions>(64U << 20);
        options.call_timeout_ms = milliseconds;
        return options;
    }

    std::string scheme() const { return GetParam(); }

    std::atomic<int> given{0};
    Gate entered;
    Gate leave;
};
INSTANTIATE_TEST_SUITE_P(Over, NotExecuted, schemes(), schemeOf);

/// What both languages say of a call that failed just now.
template <class T> std::pair<calc_ipc_status, bool> failed(const Result<T> &result) {
    EXPECT_FALSE(result);
    EXPECT_EQ(result.notExecuted(), calc_ipc_last_not_executed());
    EXPECT_EQ(result.message(), calc_ipc_last_error());
    return {result.status(), result.notExecuted()};
}

using Failure = std::pair<calc_ipc_status, bool>;

TEST_P(NotExecuted, IsWhatIsKeptFromTheServer) {
    serveCounted();
    auto client = this->client();
    std::thread first([&] { EXPECT_TRUE(client.callBytes("held")); });
    entered.pass();
    EXPECT_EQ(failed(client.callBytes("never")), Failure(CALC_IPC_STATUS_BUSY, true));
    EXPECT_EQ(failed(client.call({})), Failure(CALC_IPC_STATUS_BUSY, true));
    leave.open();
    first.join();
    const std::vector<std::uint8_t> large(70000);
    EXPECT_EQ(failed(client.callBytes(large)), Failure(CALC_IPC_STATUS_TOO_LARGE, true));
    EXPECT_EQ(failed(client.call({static_cast<Operation>(4), 1, 2})), Failure(CALC_IPC_STATUS_INVALID_ARGUMENT, true));
    auto taken = std::move(client);
    EXPECT_EQ(failed(client.callBytes("never")), Failure(CALC_IPC_STATUS_INVALID_ARGUMENT, true));
    EXPECT_TRUE(taken.callBytes("last"));
    EXPECT_EQ(given, 2);
}

TEST_P(NotExecuted, IsWhatTheServerTurnsAway) {
    auto options = withLimit<ServerOptions>(1000);
    options.max_clients = 1;
    serveCounted(options);
    {
        auto first = this->client(within(30000));
        EXPECT_TRUE(first.callBytes("first"));
        auto second = this->client();
        EXPECT_EQ(failed(second.callBytes("never")), Failure(CALC_IPC_STATUS_REFUSED, true));
        const std::vector<std::uint8_t> large(100000);
        EXPECT_EQ(failed(first.callBytes(large)), Failure(CALC_IPC_STATUS_TOO_LARGE, true));
    }
    EXPECT_EQ(given, 1);
}

TEST_P(NotExecuted, IsNotSaidOfWhatWasAnswered) {
    serveCounted();
    auto client = this->client();
    std::size_t needed = 0;
    EXPECT_EQ(failed(client.callBytes("fail")), Failure(CALC_IPC_STATUS_HANDLER_FAILED, false));
    EXPECT_EQ(failed(client.callBytes("five!", BytesRoom(), &needed)),
              Failure(CALC_IPC_STATUS_BUFFER_TOO_SMALL, false));
    EXPECT_EQ(needed, 5U);
    EXPECT_EQ(failed(client.call({})), Failure(CALC_IPC_STATUS_MALFORMED, false));
    EXPECT_EQ(client.callMany({{}, {}}).notExecuted(), false);
    EXPECT_EQ(given, 5);
}

TEST_P(NotExecuted, IsNotSaidOfACallThatRanOutOfTimeUnlessItWaitedForAnother) {
    serveCounted();
    auto client = this->client(within(50));
    while (!client.callBytes("until the server knows it")) {
    }
    const int before = given;
    EXPECT_EQ(failed(client.callBytes("held")), Failure(CALC_IPC_STATUS_TIMED_OUT, false));
    entered.pass();
    EXPECT_EQ(failed(client.callBytes("never")), Failure(CALC_IPC_STATUS_TIMED_OUT, true));
    const auto many = client.callMany({{}, {}});
    EXPECT_EQ(Failure(many.status(), many.notExecuted()), Failure(CALC_IPC_STATUS_TIMED_OUT, true));
    leave.open();
    while (!client.callBytes("last")) {
    }
    EXPECT_GE(given, before + 2); // and perhaps more than one "last"
}

TEST_P(NotExecuted, IsHalfARequest) {
    serveCounted(withLimit<ServerOptions>(64U << 20));
    auto holder = this->client(within(60000));
    auto client = this->client(within(300));
    while (!client.callBytes("until the server knows it")) {
    }
    const int before = given;
    std::thread held([&] { EXPECT_TRUE(holder.callBytes("held")); });
    entered.pass();
    const std::vector<std::uint8_t> huge(HUGE_MESSAGE, 7);
    EXPECT_EQ(failed(client.callBytes(huge)), Failure(CALC_IPC_STATUS_TIMED_OUT, true));
    leave.open();
    held.join();
    { const auto gone = std::move(client); }
    EXPECT_TRUE(holder.callBytes("last"));
    EXPECT_EQ(given, before + 2);
}

TEST_P(NotExecuted, IsWhatFindsTheServerGone) {
    serveCounted();
    auto client = this->client();
    EXPECT_TRUE(client.callBytes("first"));
    server->stop();
    // Only a Unix socket tells before anything is sent; then the end is known everywhere.
    EXPECT_EQ(failed(client.callBytes("second")),
              Failure(CALC_IPC_STATUS_CLOSED, scheme() == "unix" || scheme() == "seqpacket" || scheme() == "npipe"));
    EXPECT_EQ(failed(client.callBytes("third")), Failure(CALC_IPC_STATUS_CLOSED, true));
    EXPECT_EQ(given, 1);
}

TEST(NotExecutedByAChild, IsWhatComesAfterItsEnd) {
    auto channel = PipeChannel::spawn({PIPE_SERVER});
    EXPECT_EQ(resultOf(channel, add(1, 2)), 3);
    EXPECT_EQ(failed(channel.call({static_cast<Operation>(4), 1, 2})), Failure(CALC_IPC_STATUS_INVALID_ARGUMENT, true));
#if !defined(_WIN32)
    auto dead = PipeChannel::createWithServer([](const Request & /* request */) -> Response { _exit(3); });
    EXPECT_TRUE(isLoss(failed(dead.call({})).first));
    EXPECT_FALSE(calc_ipc_last_not_executed()); // It was given the request.
    EXPECT_TRUE(failed(dead.call({})).second);
#endif
}

} // namespace
