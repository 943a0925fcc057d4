// Calls with a time limit of their own. No test here waits for time: the handler waits for the test.
#include "support.h"
#include "urls.h"

#include <calc_ipc.hpp>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <future>
#include <limits>

using namespace calc_ipc;
using namespace std::chrono_literals;
using support::Gate;

namespace {

class Within : public UrlTest {
  protected:
    /// A handler that waits at the gate with every MUL, and calculates.
    auto slowAtMul() {
        return [this](const Request &request) {
            if (request.op == Operation::MUL) {
                gate.pass();
            }
            return execute(request);
        };
    }

    Gate gate;
};
INSTANTIATE_TEST_SUITE_P(Over, Within, schemes(), schemeOf);

TEST_P(Within, AShorterTimeIsTheCalls) {
    serve(slowAtMul());
    auto client = this->client();
    ASSERT_EQ(resultOf(client, add(1, 2)), 3);
    const auto late = client.callWithin(20ms, {Operation::MUL, 7, 8});
    EXPECT_EQ(late.status(), CALC_IPC_STATUS_TIMED_OUT) << late.message();
    gate.open();
    EXPECT_EQ(resultOf(client, add(3, 4)), 7) << "never the late answer";
}

TEST_P(Within, ALongerTimeIsTheCalls) {
    server = Server(url());
    ClientOptions impatient;
    impatient.call_timeout_ms = 50;
    auto first = this->client(impatient);
    auto second = this->client(impatient);
    auto patient = std::async(std::launch::async, [&] { return first.callWithin(10min, add(1, 2)); });
    // By then the time that the option gives is over for both, or the first has yet to begin.
    EXPECT_EQ(second.call(add(3, 4)).status(), CALC_IPC_STATUS_TIMED_OUT);
    server->startInBackground();
    const auto response = patient.get();
    ASSERT_TRUE(response) << response.message();
    EXPECT_EQ(response->result, 3);
}

TEST_P(Within, NoTimeIsNone) {
    serve(execute);
    auto client = this->client();
    for (const auto none : {0ms, -1ms, std::chrono::milliseconds::min()}) {
        const auto response = client.callWithin(none, add(1, 2));
        EXPECT_EQ(response.status(), CALC_IPC_STATUS_INVALID_ARGUMENT);
        EXPECT_TRUE(response.notExecuted());
    }
    for (const auto enough : {std::chrono::milliseconds(30s), std::chrono::milliseconds::max(),
                              std::chrono::milliseconds(std::numeric_limits<std::uint32_t>::max() - 1)}) {
        const auto response = client.callWithin(enough, add(1, 2));
        ASSERT_TRUE(response) << response.message();
        EXPECT_EQ(response->result, 3);
    }
}

TEST_P(Within, ALateMessageIsDropped) {
    serveBytes([this](BytesView request, BytesRoom room) {
        if (request.text() == "slow") {
            gate.pass();
        }
        std::copy(request.begin(), request.end(), room.begin());
        return request.size();
    });
    auto client = this->client();
    std::array<std::uint8_t, 16> room{};
    ASSERT_TRUE(client.callBytes("quick", room));
    EXPECT_EQ(client.callBytesWithin(20ms, "slow", room).status(), CALC_IPC_STATUS_TIMED_OUT);
    EXPECT_EQ(client.callBytesWithin(0ms, "slow", room).status(), CALC_IPC_STATUS_INVALID_ARGUMENT);
    gate.open();
    const auto length = client.callBytesWithin(30s, "next", room);
    ASSERT_TRUE(length) << length.message();
    EXPECT_EQ(BytesView(room.data(), *length).text(), "next");
    std::size_t needed = 0;
    EXPECT_EQ(client.callBytesWithin(30s, "much", {}, &needed).status(), CALC_IPC_STATUS_BUFFER_TOO_SMALL);
    EXPECT_EQ(needed, 4U);
}

} // namespace
