// Calls that are not waited for, and the ends of their clients and servers.
#include "async.h"
#include "support.h"
#include "urls.h"

#include <calc_ipc/async.hpp>
#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <future>
#include <memory>
#include <optional>
#include <stdexcept>
#include <utility>
#include <vector>

using namespace calc_ipc;
using namespace std::chrono_literals;

namespace {

class AsyncEnd : public AsyncTest {};
INSTANTIATE_TEST_SUITE_P(Over, AsyncEnd, allSchemes(), schemeOf);

/// With a server that is in this process.
class ServedAsyncEnd : public AsyncTest {};
INSTANTIATE_TEST_SUITE_P(Over, ServedAsyncEnd, schemes(), schemeOf);

TEST_P(AsyncEnd, ACallbackMayDestroyTheClient) {
    auto made = std::make_optional(calculating());
    std::vector<calc_ipc_status> told;
    ASSERT_TRUE(made->submit(add(1, 2), [&](const auto &response) {
        told.push_back(response.status());
        made.reset();
        told.push_back(response.status());
    }));
    for (int i = 0; i < 3; ++i) {
        ASSERT_TRUE(made->submit(add(1, 2), [&](const auto &response) { told.push_back(response.status()); }));
    }
    EXPECT_EQ(made->dispatch(FOR_EVER), CALC_IPC_STATUS_OK);
    EXPECT_EQ(told,
              (std::vector<calc_ipc_status>{CALC_IPC_STATUS_OK, CALC_IPC_STATUS_CANCELLED, CALC_IPC_STATUS_CANCELLED,
                                            CALC_IPC_STATUS_CANCELLED, CALC_IPC_STATUS_OK}));
}

TEST_P(ServedAsyncEnd, TheEndOfTheClientEndsEachCall) {
    const auto alive = std::make_shared<int>();
    std::vector<int> told;
    std::future<Result<Response>> future;
    {
        auto client = held();
        for (int i = 0; i < 3; ++i) {
            ASSERT_TRUE(client.submit(add(1, 2), [&, i, alive](const Result<Response> &response) {
                EXPECT_EQ(response.status(), CALC_IPC_STATUS_CANCELLED) << response.message();
                EXPECT_FALSE(response.notExecuted());
                told.push_back(i);
                const auto next = client.submit(add(1, 2), [](const auto &) { FAIL(); });
                EXPECT_EQ(next.status(), CALC_IPC_STATUS_CANCELLED) << "its time is over";
                EXPECT_TRUE(next.notExecuted());
                throw std::runtime_error("to nobody");
            }));
        }
        future = client.async(add(1, 2));
        EXPECT_TRUE(told.empty());
    }
    EXPECT_EQ(told, (std::vector<int>{0, 1, 2}));
    ASSERT_TRUE(isReady(future));
    EXPECT_EQ(future.get().status(), CALC_IPC_STATUS_CANCELLED);
    EXPECT_EQ(alive.use_count(), 1);
}

TEST_P(ServedAsyncEnd, TheEndOfTheServerEndsEachCall) {
    auto client = held();
    std::vector<std::future<Result<Response>>> futures;
    for (int i = 0; i < 8; ++i) {
        futures.push_back(client.async(add(1, 2)));
    }
    server->requestStop();
    gate.open(); // It ends with the handler that runs.
    server.reset();
    ASSERT_TRUE(dispatchUntil(
        client, [&] { return isReady(futures.back()) ? 1U : 0U; }, 1));
    const auto last = futures.back().get();
    EXPECT_TRUE(isLoss(last.status())) << last.message();
    EXPECT_FALSE(last.message().empty());
}

TEST_P(ServedAsyncEnd, AllCanBeStopped) {
    auto client = held();
    std::vector<std::future<Result<Response>>> futures;
    for (int i = 0; i < 3; ++i) {
        futures.push_back(client.async(add(1, 2)));
    }
    client.requestStop();
    ASSERT_TRUE(dispatchUntil(
        client, [&] { return isReady(futures.back()) ? 1U : 0U; }, 1));
    for (auto &future : futures) {
        EXPECT_EQ(future.get().status(), CALC_IPC_STATUS_CANCELLED);
    }
    EXPECT_EQ(client.dispatch(FOR_EVER), CALC_IPC_STATUS_CANCELLED);
    EXPECT_EQ(client.call(add(1, 2)).status(), CALC_IPC_STATUS_CANCELLED);
}

TEST_P(AsyncEnd, CallsGoWithTheirClient) {
    auto first = calculating();
    auto future = first.async(add(1, 2));
    Client second = std::move(first);
    ASSERT_EQ(second.dispatch(FOR_EVER), CALC_IPC_STATUS_OK);
    EXPECT_EQ(future.get()->result, 3);
    // NOLINTBEGIN(bugprone-use-after-move): what was moved from says so.
    EXPECT_EQ(first.async(add(1, 2)).get().status(), CALC_IPC_STATUS_INVALID_ARGUMENT);
    EXPECT_EQ(first.submit(add(1, 2), nullptr).status(), CALC_IPC_STATUS_INVALID_ARGUMENT);
    EXPECT_EQ(first.dispatch(0ms), CALC_IPC_STATUS_INVALID_ARGUMENT);
    EXPECT_EQ(first.cancel(1), CALC_IPC_STATUS_INVALID_ARGUMENT);
    EXPECT_EQ(first.fd().status(), CALC_IPC_STATUS_INVALID_ARGUMENT);
    // NOLINTEND
}

TEST_P(AsyncEnd, AClientThatIsReplacedEndsItsCalls) {
    auto client = calculating();
    std::int64_t result = 0;
    ASSERT_TRUE(client.submit(add(1, 2), [&](const Result<Response> &response) {
        EXPECT_EQ(response.status(), CALC_IPC_STATUS_CANCELLED);
        // Its place has been taken.
        EXPECT_TRUE(client.submit(add(3, 4), [&](const auto &again) { result = again->result; }));
    }));
    client = this->client({}, PIPE_SERVER);
    ASSERT_TRUE(dispatchUntil(
        client, [&] { return result != 0 ? 1U : 0U; }, 1));
    EXPECT_EQ(result, 7);
}

} // namespace
