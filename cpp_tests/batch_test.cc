// Batches: many requests at once, over every transport.
#include "support.h"
#include "urls.h"

#include <calc_ipc.hpp>
#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <thread>
#include <utility>
#include <vector>

using namespace calc_ipc;
using support::Gate;

namespace {

std::vector<Request> sums(std::int64_t count) {
    std::vector<Request> requests;
    for (std::int64_t i = 0; i < count; ++i) {
        requests.push_back(add(i, 1));
    }
    return requests;
}

/// How many of the responses are those to the first of `sums`, from the first on.
std::size_t rightOnes(const std::vector<Response> &responses) {
    std::size_t right = 0;
    while (right < responses.size() && responses[right].success &&
           responses[right].result == static_cast<std::int64_t>(right) + 1) {
        ++right;
    }
    return right;
}

class Batches : public UrlTest {};
INSTANTIATE_TEST_SUITE_P(Over, Batches, allSchemes(), schemeOf);

TEST_P(Batches, OfEverySizeAreAnsweredInOrder) {
    serve();
    auto client = this->client({}, PIPE_SERVER);
    for (const std::int64_t count : {1, 2, 249, 4096, 4097, 20000}) {
        const auto responses = client.callMany(sums(count));
        EXPECT_EQ(client.status(), CALC_IPC_STATUS_OK);
        EXPECT_EQ(responses.size(), static_cast<std::size_t>(count));
        EXPECT_EQ(rightOnes(responses), responses.size());
        EXPECT_EQ(resultOf(client, add(20, 22)), 42);
    }
}

TEST_P(Batches, OfNothingAreFine) {
    serve();
    auto client = this->client({}, PIPE_SERVER);
    EXPECT_TRUE(client.callMany(std::vector<Request>()).empty());
    EXPECT_EQ(client.status(), CALC_IPC_STATUS_OK);
    EXPECT_TRUE(client.callMany(nullptr, 0).empty());
    EXPECT_EQ(client.status(), CALC_IPC_STATUS_OK);
}

TEST_P(Batches, HoldResultsAndErrors) {
    serve();
    auto client = this->client({}, PIPE_SERVER);
    const auto responses = client.callMany({{Operation::ADD, 1, 2}, {Operation::DIV, 10, 0}, {Operation::MUL, 7, 8}});
    ASSERT_EQ(responses.size(), 3U);
    EXPECT_EQ(responses[0].result, 3);
    EXPECT_FALSE(responses[1].success);
    EXPECT_EQ(responses[1].error, "Division by zero");
    EXPECT_EQ(responses[2].result, 56);
    const std::array<Request, 2> two = {add(1, 1), add(2, 2)};
    EXPECT_EQ(client.callMany(two).size(), 2U);
}

class BatchFailures : public UrlTest {
  protected:
    Gate entered;
    Gate leave;
    std::atomic<int> asked{0};
};
INSTANTIATE_TEST_SUITE_P(Over, BatchFailures, schemes(), schemeOf);

TEST_P(BatchFailures, AnInvalidOperationKeepsAllFromBeingSent) {
    serve([this](const Request &request) {
        ++asked;
        return execute(request);
    });
    auto client = this->client();
    auto requests = sums(5000);
    requests.back().op = static_cast<Operation>(4);
    EXPECT_TRUE(client.callMany(requests).empty());
    EXPECT_EQ(client.status(), CALC_IPC_STATUS_INVALID_ARGUMENT);
    EXPECT_EQ(resultOf(client, add(1, 2)), 3);
    EXPECT_EQ(asked, 1);
}

TEST_P(BatchFailures, HalfWayLeaveTheFirstPart) {
    serve([this](const Request &request) {
        if (request.arg1 == 5000) {
            leave.pass();
        }
        return execute(request);
    });
    ClientOptions options;
    options.call_timeout_ms = 300;
    auto client = this->client(options);
    const auto responses = client.callMany(sums(8000));
    EXPECT_EQ(client.status(), CALC_IPC_STATUS_TIMED_OUT);
    EXPECT_LE(responses.size(), 5000U);
    EXPECT_EQ(rightOnes(responses), responses.size());
    leave.open();
}

TEST_P(BatchFailures, AServerThatStopsLeavesTheFirstPart) {
    serve([this](const Request &request) {
        if (++asked == 1000) {
            entered.open();
        }
        return execute(request);
    });
    auto client = this->client();
    std::thread stopper([this] {
        entered.pass();
        EXPECT_EQ(server->stop(), CALC_IPC_STATUS_OK);
    });
    // More than any transport carries at once, and than can be answered in the time that it takes to stop.
    const auto responses = client.callMany(sums(1000000));
    stopper.join();
    EXPECT_EQ(client.status(), CALC_IPC_STATUS_CLOSED);
    EXPECT_LT(responses.size(), 1000000U);
    EXPECT_EQ(rightOnes(responses), responses.size());
    EXPECT_TRUE(client.callMany(sums(2)).empty());
    EXPECT_EQ(client.status(), CALC_IPC_STATUS_CLOSED);
}

TEST_P(BatchFailures, ASecondThreadIsBusyAtOnce) {
    serve(heldHandler(entered, leave));
    auto client = this->client();
    std::thread first([&] { EXPECT_EQ(client.callMany(sums(2)).size(), 2U); });
    entered.pass();
    EXPECT_TRUE(client.callMany(sums(2)).empty());
    EXPECT_EQ(client.status(), CALC_IPC_STATUS_BUSY);
    leave.open();
    leave.open();
    first.join();
}

TEST(BatchClients, MovedFromSayWhy) {
    Server server("tcp://127.0.0.1:0");
    Client first(server.url());
    const Client second = std::move(first);
    EXPECT_TRUE(first.callMany(sums(2)).empty());
    EXPECT_EQ(first.status(), CALC_IPC_STATUS_INVALID_ARGUMENT);
}

} // namespace
