// Calls that are not waited for, from many threads, and across forks.
#include "async.h"
#include "support.h"
#include "urls.h"

#include <calc_ipc/async.hpp>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <future>
#include <optional>
#include <string>
#include <thread>
#include <vector>

using namespace calc_ipc;
using namespace std::chrono_literals;

namespace {

class AsyncThreads : public AsyncTest {
  protected:
    static constexpr std::int64_t THREADS = 4;
    static constexpr std::int64_t CALLS = 500; // of each thread

    /// Submits the calls of one thread; of the results, each is different. `told` counts those that were right.
    static void submitAll(Client &client, std::int64_t thread, std::atomic<std::int64_t> &told) {
        for (std::int64_t i = 0; i < CALLS; ++i) {
            const std::int64_t number = thread * CALLS + i;
            const auto right = [&told, number](const Result<Response> &response) {
                if (response && response->result == number + 1) {
                    ++told;
                } else {
                    ADD_FAILURE() << number << ": " << response.message();
                }
            };
            for (auto id = client.submit(add(number, 1), right); !id; id = client.submit(add(number, 1), right)) {
                ASSERT_EQ(id.status(), CALC_IPC_STATUS_BUSY) << id.message();
                std::this_thread::yield();
            }
        }
    }

    /// Submits from many threads, while others dispatch, over so many connections; exec: has but one.
    void submitAndDispatch(std::int64_t dispatchers, std::uint32_t connections = 0) {
        ClientOptions options;
        options.connections = isExec() ? 0 : connections;
        auto client = calculating(options);
        std::atomic<std::int64_t> told{0};
        std::vector<std::thread> threads;
        for (std::int64_t thread = 0; thread < THREADS; ++thread) {
            threads.emplace_back([&, thread] { submitAll(client, thread, told); });
        }
        for (std::int64_t thread = 0; thread < dispatchers; ++thread) {
            threads.emplace_back([&] {
                while (told < THREADS * CALLS && !HasFailure()) {
                    const auto status = client.dispatch(20ms);
                    EXPECT_TRUE(status == CALC_IPC_STATUS_OK || status == CALC_IPC_STATUS_TIMED_OUT) << status;
                }
            });
        }
        for (auto &thread : threads) {
            thread.join();
        }
        EXPECT_EQ(told, THREADS * CALLS);
        EXPECT_EQ(client.dispatch(0ms), CALC_IPC_STATUS_TIMED_OUT) << "each once";
    }
};
INSTANTIATE_TEST_SUITE_P(Over, AsyncThreads, allSchemes(), schemeOf);

TEST_P(AsyncThreads, ManySubmitAndOneDispatches) { submitAndDispatch(1); }

TEST_P(AsyncThreads, ManySubmitAndManyDispatch) { submitAndDispatch(3); }

TEST_P(AsyncThreads, ManySubmitOverManyConnections) { submitAndDispatch(3, 4); }

TEST_P(AsyncThreads, OneWaitsForAFuture) {
    auto client = calculating();
    std::atomic<bool> is_over{false};
    std::thread dispatcher([&] {
        while (!is_over) {
            client.dispatch(20ms);
        }
    });
    for (std::int64_t i = 0; i < 100; ++i) {
        const auto response = client.async(add(i, 1)).get();
        EXPECT_EQ(response->result, i + 1);
    }
    is_over = true;
    dispatcher.join();
}

TEST_P(AsyncThreads, ALongAnswerThatAnotherThreadTakesKeepsNobody) {
    auto client = reversing();
    constexpr std::int64_t MESSAGES = 200;
    std::atomic<std::int64_t> told{0};
    std::vector<std::thread> dispatchers;
    for (int i = 0; i < 3; ++i) {
        dispatchers.emplace_back([&] {
            while (told < MESSAGES && !HasFailure()) {
                client.dispatch(20ms);
            }
        });
    }
    for (std::int64_t i = 0; i < MESSAGES && !HasFailure(); ++i) {
        const std::size_t length = i % 2 == 0 ? 60'000 : 5'000; // both are over what dispatch begins with
        const auto right = [&told, length](const Result<BytesView> &answer) {
            EXPECT_EQ(answer ? answer->size() : 0, length) << answer.message();
            ++told;
        };
        const std::string message = bytesOf(length);
        for (auto id = client.submitBytes(message, right); !id; id = client.submitBytes(message, right)) {
            ASSERT_EQ(id.status(), CALC_IPC_STATUS_BUSY) << id.message();
            std::this_thread::yield();
        }
    }
    for (auto &dispatcher : dispatchers) {
        dispatcher.join();
    }
    EXPECT_EQ(told, MESSAGES);
}

TEST_P(AsyncThreads, AStopEndsThoseWhoDispatch) {
    auto client = calculating();
    std::vector<std::future<calc_ipc_status>> dispatchers;
    for (int i = 0; i < 3; ++i) {
        dispatchers.push_back(std::async(std::launch::async, [&] { return client.dispatch(FOR_EVER); }));
    }
    client.requestStop();
    for (auto &dispatcher : dispatchers) {
        EXPECT_EQ(dispatcher.get(), CALC_IPC_STATUS_CANCELLED);
    }
}

#if !defined(_WIN32)
TEST_P(AsyncThreads, AForkedChildHasNone) {
    auto made = std::make_optional(calculating());
    bool is_told = false;
    ASSERT_TRUE(made->submit(add(1, 2), [&](const auto &) { is_told = true; }));
    support::Child child([&] {
        const bool is_forked = made->dispatch(0ms) == CALC_IPC_STATUS_FORKED &&
                               made->async(add(1, 2)).get().status() == CALC_IPC_STATUS_FORKED &&
                               made->fd().status() == CALC_IPC_STATUS_FORKED;
        made.reset();
        return is_forked && !is_told ? 0 : 1;
    });
    EXPECT_EQ(child.wait(), 0);
    EXPECT_EQ(made->dispatch(FOR_EVER), CALC_IPC_STATUS_OK);
    EXPECT_TRUE(is_told);
}

TEST_P(AsyncThreads, AForkWhileAnotherThreadSubmitsHoldsNobody) {
    auto client = calculating();
    std::atomic<bool> is_over{false};
    std::thread submitter([&] {
        while (!is_over) {
            (void)client.submit(add(1, 2), nullptr);
            client.dispatch(0ms);
        }
    });
    for (int i = 0; i < 20; ++i) {
        support::Child child(
            [&] { return client.submit(add(1, 2), nullptr).status() == CALC_IPC_STATUS_FORKED ? 0 : 1; });
        EXPECT_EQ(child.wait(), 0);
    }
    is_over = true;
    submitter.join();
}
#endif

} // namespace
