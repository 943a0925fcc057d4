// Calls that are not waited for, in C++: callbacks and futures.
#include "async.h"
#include "support.h"
#include "urls.h"

#include <calc_ipc/async.hpp>
#include <gtest/gtest.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <future>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

using namespace calc_ipc;
using namespace std::chrono_literals;

namespace {

class Async : public AsyncTest {};
INSTANTIATE_TEST_SUITE_P(Over, Async, allSchemes(), schemeOf);

/// With a server that is in this process.
class ServedAsync : public AsyncTest {};
INSTANTIATE_TEST_SUITE_P(Over, ServedAsync, schemes(), schemeOf);

TEST_P(Async, CallbacksAreCalledInDispatch) {
    auto client = calculating();
    std::vector<std::int64_t> results;
    for (std::int64_t i = 0; i < CALC_IPC_IN_FLIGHT_MAX; ++i) {
        const auto id = client.submit(add(i, i), [&](const Result<Response> &response) {
            ASSERT_TRUE(response) << response.message();
            results.push_back(response->result);
        });
        ASSERT_TRUE(id) << id.message();
        EXPECT_EQ(*id, static_cast<std::uint64_t>(i) + 1);
    }
    EXPECT_TRUE(results.empty());
    ASSERT_TRUE(dispatchUntil(
        client, [&] { return results.size(); }, CALC_IPC_IN_FLIGHT_MAX));
    for (std::size_t i = 0; i < results.size(); ++i) {
        EXPECT_EQ(results[i], 2 * static_cast<std::int64_t>(i));
    }
    EXPECT_EQ(client.dispatch(0ms), CALC_IPC_STATUS_TIMED_OUT);
    EXPECT_EQ(resultOf(client, add(1, 2)), 3) << "and whoever waits may have the connection again";
}

TEST_P(Async, ACalculationThatFailsIsAResponse) {
    auto client = calculating();
    auto failed = client.async({Operation::DIV, 1, 0});
    ASSERT_EQ(client.dispatch(FOR_EVER), CALC_IPC_STATUS_OK);
    const auto response = failed.get();
    ASSERT_TRUE(response) << response.message();
    EXPECT_FALSE(response->success);
    EXPECT_EQ(response->error, "Division by zero");
}

TEST_P(Async, FuturesBecomeReadyInDispatch) {
    auto client = calculating();
    auto first = client.async(add(1, 2));
    auto second = client.async(add(3, 4));
    EXPECT_FALSE(isReady(first));
    ASSERT_TRUE(dispatchUntil(
        client, [&] { return isReady(second) ? 1U : 0U; }, 1));
    EXPECT_EQ(first.get()->result, 3);
    EXPECT_EQ(second.get()->result, 7);
}

TEST_P(Async, AnswersOfAnyLengthArrive) {
    auto client = reversing();
    std::size_t told = 0;
    const auto all = lengths(65536);
    for (const std::size_t length : all) {
        const std::string message = bytesOf(length);
        const std::string expected(message.rbegin(), message.rend());
        ASSERT_TRUE(client.submitBytes(message, [&told, expected](Result<BytesView> answer) {
            ++told;
            ASSERT_TRUE(answer) << answer.message();
            EXPECT_TRUE(answer->text() == expected) << expected.size();
        }));
        auto answer = client.asyncBytes(message);
        ASSERT_TRUE(dispatchUntil(
            client, [&] { return isReady(answer) ? told : 0; }, told + 1));
        const auto bytes = answer.get();
        ASSERT_TRUE(bytes) << bytes.message();
        EXPECT_TRUE(BytesView(*bytes).text() == expected) << length;
    }
    EXPECT_EQ(told, all.size());
}

TEST_P(ServedAsync, AnswersAreAsLongAsTheOptionsSay) {
    constexpr std::uint32_t LIMIT = 1 << 20;
    auto client = reversing(LIMIT);
    auto answer = client.asyncBytes(bytesOf(LIMIT));
    ASSERT_TRUE(dispatchUntil(
        client, [&] { return isReady(answer) ? 1U : 0U; }, 1));
    EXPECT_EQ(answer.get()->size(), LIMIT);
    const auto over = client.asyncBytes(bytesOf(LIMIT + 1)).get();
    EXPECT_EQ(over.status(), CALC_IPC_STATUS_TOO_LARGE);
    EXPECT_TRUE(over.notExecuted());
}

TEST_P(Async, AnAnswerThatIsNoResponseIsMalformed) {
    auto client = reversing();
    auto odd = client.async(add(1, 2));
    ASSERT_EQ(client.dispatch(FOR_EVER), CALC_IPC_STATUS_OK);
    const auto response = odd.get();
    EXPECT_EQ(response.status(), CALC_IPC_STATUS_MALFORMED) << response.message();
    EXPECT_FALSE(response.notExecuted());
}

TEST_P(Async, ACallbackMayBeAnythingThatCanBeCalled) {
    auto client = calculating();
    std::int64_t sum = 0;
    std::optional<Response> optional;
    ASSERT_TRUE(client.submit(add(1, 2), nullptr)) << "nobody wants to know";
    ASSERT_TRUE(client.submit(add(3, 4), [&](std::optional<Response> response) { optional = std::move(response); }));
    ASSERT_TRUE(client.submit(add(5, 6), [&, kept = std::make_unique<int>(100)](Result<Response> &&response) {
        return sum = *kept + response->result; // movable only, and it gives what nobody takes
    }));
    ASSERT_TRUE(dispatchUntil(
        client, [&] { return sum != 0 ? 1U : 0U; }, 1));
    EXPECT_EQ(optional->result, 7);
    EXPECT_EQ(sum, 111);
}

TEST_P(Async, ACallbackMaySubmitAndATurnEnds) {
    auto client = calculating();
    std::size_t told = 0;
    std::size_t left = 5'000;
    std::function<void(Result<Response>)> again = [&](const Result<Response> &response) {
        ASSERT_TRUE(response) << response.message();
        ++told;
        if (left > 0) {
            --left;
            ASSERT_TRUE(client.submit(add(1, 2), again));
        }
    };
    for (int i = 0; i < 8; ++i) {
        ASSERT_TRUE(client.submit(add(1, 2), again));
    }
    while (told < 5'008) {
        const std::size_t before = told;
        ASSERT_EQ(client.dispatch(FOR_EVER), CALC_IPC_STATUS_OK);
        ASSERT_GT(told, before);
        ASSERT_LE(told - before, CALC_IPC_IN_FLIGHT_MAX) << "a loop has more to do than this";
    }
}

TEST_P(Async, ACallbackMayDispatch) {
    auto client = calculating();
    std::vector<int> order;
    ASSERT_TRUE(client.submit(add(1, 2), [&](const auto &) {
        while (order.empty()) {
            ASSERT_EQ(client.dispatch(FOR_EVER), CALC_IPC_STATUS_OK);
        }
        order.push_back(1);
    }));
    ASSERT_TRUE(client.submit(add(3, 4), [&](const auto &) { order.push_back(2); }));
    ASSERT_TRUE(dispatchUntil(
        client, [&] { return order.size(); }, 2));
    EXPECT_EQ(order, (std::vector<int>{2, 1}));
}

TEST_P(Async, WhatACallbackThrowsComesOutOfDispatch) {
    auto client = calculating();
    const auto alive = std::make_shared<int>();
    std::vector<int> told;
    for (int i = 0; i < 4; ++i) {
        ASSERT_TRUE(client.submit(add(1, 2), [&told, i, alive](const auto &) {
            told.push_back(i);
            if (i % 2 == 0) {
                throw std::runtime_error("on " + std::to_string(i));
            }
        }));
    }
    int thrown = 0;
    while (told.size() < 4) {
        try {
            ASSERT_EQ(client.dispatch(FOR_EVER), CALC_IPC_STATUS_OK);
        } catch (const std::runtime_error &failure) {
            EXPECT_EQ(failure.what(), "on " + std::to_string(told.back()));
            ++thrown;
        }
    }
    EXPECT_EQ(thrown, 2);
    EXPECT_EQ(told, (std::vector<int>{0, 1, 2, 3})) << "none is lost";
    EXPECT_EQ(alive.use_count(), 1) << "none is kept";
    EXPECT_EQ(client.dispatch(0ms), CALC_IPC_STATUS_TIMED_OUT);
}

TEST_P(ServedAsync, ACallHasItsTime) {
    auto client = held();
    EXPECT_EQ(client.async(add(1, 2), 0ms).get().status(), CALC_IPC_STATUS_INVALID_ARGUMENT);
    auto late = client.async(add(1, 2), 20ms);
    auto patient = client.async(add(3, 4), FOR_EVER);
    ASSERT_EQ(client.dispatch(FOR_EVER), CALC_IPC_STATUS_OK);
    EXPECT_EQ(late.get().status(), CALC_IPC_STATUS_TIMED_OUT);
    EXPECT_EQ(client.dispatch(1ms), CALC_IPC_STATUS_TIMED_OUT) << "the other waits on";
    gate.open();
    gate.open();
    ASSERT_EQ(client.dispatch(FOR_EVER), CALC_IPC_STATUS_OK);
    EXPECT_EQ(patient.get()->result, 7);
}

TEST_P(ServedAsync, TheOptionsHaveTheTimeOfTheOthers) {
    ClientOptions impatient;
    impatient.call_timeout_ms = 20;
    auto client = held(impatient);
    auto late = client.async(add(1, 2));
    ASSERT_EQ(client.dispatch(FOR_EVER), CALC_IPC_STATUS_OK);
    EXPECT_EQ(late.get().status(), CALC_IPC_STATUS_TIMED_OUT);
}

TEST_P(ServedAsync, OneCanBeCancelled) {
    auto client = held();
    calc_ipc_status first = CALC_IPC_STATUS_OK;
    std::int64_t second = 0;
    const auto id = client.submit(add(1, 2), [&](const auto &response) { first = response.status(); });
    ASSERT_TRUE(client.submit(add(3, 4), [&](const auto &response) { second = response->result; }));
    EXPECT_EQ(client.cancel(*id), CALC_IPC_STATUS_OK);
    EXPECT_EQ(first, CALC_IPC_STATUS_OK) << "it hears in dispatch";
    EXPECT_EQ(client.dispatch(FOR_EVER), CALC_IPC_STATUS_OK);
    EXPECT_EQ(first, CALC_IPC_STATUS_CANCELLED);
    gate.open();
    gate.open();
    ASSERT_TRUE(dispatchUntil(
        client, [&] { return second != 0 ? 1U : 0U; }, 1));
    EXPECT_EQ(second, 7);
    EXPECT_EQ(client.cancel(3), CALC_IPC_STATUS_INVALID_ARGUMENT);
}

TEST_P(ServedAsync, WhatIsNotSentCallsNobody) {
    auto client = held();
    const auto alive = std::make_shared<int>();
    for (int i = 0; i < static_cast<int>(CALC_IPC_IN_FLIGHT_MAX); ++i) {
        ASSERT_TRUE(client.submit(add(1, 2), nullptr));
    }
    const auto busy = client.submit(add(1, 2), [alive](const auto &) { FAIL(); });
    EXPECT_EQ(busy.status(), CALC_IPC_STATUS_BUSY);
    EXPECT_TRUE(busy.notExecuted());
    EXPECT_EQ(alive.use_count(), 1);
    const auto future = client.async(add(1, 2)).get();
    EXPECT_EQ(future.status(), CALC_IPC_STATUS_BUSY) << "it is ready at once";
}

TEST_P(ServedAsync, ACompletionSaysWhatIsCertain) {
    serveBytes([](BytesView, BytesRoom) -> std::size_t { throw std::runtime_error("for the server alone"); },
               withLimit<ServerOptions>(300));
    auto client = this->client();
    auto failed = client.asyncBytes("x");
    ASSERT_TRUE(dispatchUntil(
        client, [&] { return isReady(failed) ? 1U : 0U; }, 1));
    const auto executed = failed.get();
    EXPECT_EQ(executed.status(), CALC_IPC_STATUS_HANDLER_FAILED) << executed.message();
    EXPECT_FALSE(executed.notExecuted());
    auto large = client.asyncBytes(bytesOf(301));
    ASSERT_TRUE(dispatchUntil(
        client, [&] { return isReady(large) ? 1U : 0U; }, 1));
    const auto refused = large.get();
    EXPECT_EQ(refused.status(), CALC_IPC_STATUS_TOO_LARGE) << refused.message();
    EXPECT_TRUE(refused.notExecuted()) << "the server said so";
}

TEST_P(Async, WhatIsWatchedTellsALoop) {
    auto client = calculating();
    const auto watched = support::watchedOf(client);
    ASSERT_TRUE(watched) << watched.message();
    EXPECT_EQ(client.dispatch(0ms), CALC_IPC_STATUS_TIMED_OUT);
    EXPECT_FALSE(support::wakes(*watched, 0));
    auto future = client.async(add(1, 2));
    while (!isReady(future)) {
        ASSERT_TRUE(support::wakes(*watched, 60'000)) << "the loop is never woken";
        client.dispatch(0ms);
    }
    EXPECT_EQ(future.get()->result, 3);
}

} // namespace
