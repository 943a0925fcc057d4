// Calls that a coroutine of C++20 awaits.
#include "async.h"
#include "support.h"
#include "urls.h"

#include <calc_ipc/async.hpp>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <coroutine>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#if !defined(CALC_IPC_COROUTINES)
#error "this is to be compiled as C++20"
#endif

using namespace calc_ipc;
using namespace std::chrono_literals;

namespace {

/// A coroutine that begins at once, ends with this, and lets what it throws out to whoever resumes it.
class Task {
  public:
    struct promise_type {
        Task get_return_object() { return Task(std::coroutine_handle<promise_type>::from_promise(*this)); }
        std::suspend_never initial_suspend() noexcept { return {}; }
        std::suspend_always final_suspend() noexcept { return {}; }
        void return_void() noexcept {}
        void unhandled_exception() { throw; }
    };

    Task(Task &&other) noexcept : coroutine_(std::exchange(other.coroutine_, nullptr)) {}
    Task &operator=(Task &&) = delete;
    ~Task() {
        if (coroutine_) {
            coroutine_.destroy();
        }
    }

    bool isDone() const { return coroutine_.done(); }

  private:
    explicit Task(std::coroutine_handle<promise_type> coroutine) : coroutine_(coroutine) {}

    std::coroutine_handle<promise_type> coroutine_;
};

class Coroutine : public AsyncTest {
  protected:
    /// Dispatches until the coroutine has ended.
    ::testing::AssertionResult finish(Client &client, const Task &task) {
        return dispatchUntil(
            client, [&] { return task.isDone() ? 1U : 0U; }, 1);
    }
};
INSTANTIATE_TEST_SUITE_P(Over, Coroutine, allSchemes(), schemeOf);

/// With a server that is in this process.
class ServedCoroutine : public Coroutine {};
INSTANTIATE_TEST_SUITE_P(Over, ServedCoroutine, schemes(), schemeOf);

/// Adds `first` to `first + 1`, and so on: each call needs the answer to the last.
Task sumUp(Client &client, std::int64_t first, std::int64_t last, std::int64_t &sum) {
    for (std::int64_t i = first; i <= last; ++i) {
        const Result<Response> response = co_await client.awaitCall(add(sum, i));
        if (!response) {
            ADD_FAILURE() << response.message();
            co_return;
        }
        sum = response->result;
    }
}

/// Awaits one call, and keeps its status.
Task keepStatus(Client &client, calc_ipc_status &status, Client::Limit limit = std::nullopt) {
    status = (co_await client.awaitCall(add(1, 2), limit)).status();
}

TEST_P(Coroutine, ManyAwaitCallsOfOneClient) {
    auto client = calculating();
    std::vector<std::int64_t> sums(32, 0);
    std::vector<Task> tasks;
    for (std::size_t i = 0; i < sums.size(); ++i) {
        tasks.push_back(sumUp(client, 1, static_cast<std::int64_t>(i), sums[i]));
    }
    ASSERT_TRUE(finish(client, tasks.back()));
    for (std::size_t i = 0; i < sums.size(); ++i) {
        EXPECT_TRUE(tasks[i].isDone());
        EXPECT_EQ(sums[i], static_cast<std::int64_t>(i * (i + 1) / 2));
    }
    EXPECT_EQ(client.dispatch(0ms), CALC_IPC_STATUS_TIMED_OUT);
}

TEST_P(Coroutine, AnswersOfAnyLengthArrive) {
    auto client = reversing();
    const auto ask = [](Client &asked) -> Task {
        for (const std::size_t length : lengths(65536)) {
            const std::string message = bytesOf(length);
            const auto answer = co_await asked.awaitBytes(message);
            EXPECT_TRUE(answer) << answer.message();
            EXPECT_TRUE(answer && BytesView(*answer).text() == std::string(message.rbegin(), message.rend())) << length;
        }
        EXPECT_EQ((co_await asked.awaitBytes("text"))->size(), 4U) << "a view of what lives as long";
    };
    const Task task = ask(client);
    ASSERT_TRUE(finish(client, task));
}

TEST_P(Coroutine, WhatItThrowsComesOutOfDispatch) {
    auto client = calculating();
    const auto fail = [](Client &asked) -> Task {
        (void)co_await asked.awaitCall(add(1, 2));
        throw std::runtime_error("afterwards");
    };
    const Task task = fail(client);
    std::int64_t sum = 0;
    const Task other = sumUp(client, 1, 3, sum);
    EXPECT_THROW(
        for (;;) { ASSERT_EQ(client.dispatch(FOR_EVER), CALC_IPC_STATUS_OK); }, std::runtime_error);
    EXPECT_TRUE(task.isDone());
    ASSERT_TRUE(finish(client, other));
    EXPECT_EQ(sum, 6);
}

TEST_P(Coroutine, WhoseClientWasMovedFromGoesOnAtOnce) {
    auto first = calculating();
    const Client second = std::move(first);
    calc_ipc_status status = CALC_IPC_STATUS_OK;
    const Task task = keepStatus(first, status); // NOLINT(bugprone-use-after-move)
    EXPECT_TRUE(task.isDone());
    EXPECT_EQ(status, CALC_IPC_STATUS_INVALID_ARGUMENT);
}

TEST_P(Coroutine, MayDestroyTheClient) {
    auto made = std::make_optional(calculating());
    const auto destroy = [](std::optional<Client> &asked) -> Task {
        (void)co_await asked->awaitCall(add(1, 2));
        asked.reset();
    };
    const Task task = destroy(made);
    calc_ipc_status status = CALC_IPC_STATUS_OK;
    const Task other = keepStatus(*made, status);
    EXPECT_EQ(made->dispatch(FOR_EVER), CALC_IPC_STATUS_OK);
    EXPECT_TRUE(task.isDone());
    EXPECT_TRUE(other.isDone());
    EXPECT_EQ(status, CALC_IPC_STATUS_CANCELLED);
}

#if !defined(_WIN32)
TEST_P(Coroutine, AForkedChildResumesNone) {
    auto made = std::make_optional(calculating());
    calc_ipc_status status = CALC_IPC_STATUS_BUSY;
    auto task = std::make_optional(keepStatus(*made, status));
    support::Child child([&] {
        made.reset();
        const bool is_left = !task->isDone();
        task.reset();
        return is_left && status == CALC_IPC_STATUS_BUSY ? 0 : 1;
    });
    EXPECT_EQ(child.wait(), 0);
    ASSERT_TRUE(finish(*made, *task));
    EXPECT_EQ(status, CALC_IPC_STATUS_OK);
}
#endif

TEST_P(Coroutine, ManyThreadsStartThemWhileOneDispatches) {
    auto client = calculating();
    constexpr std::size_t THREADS = 4;
    std::atomic<std::size_t> ended{0};
    const auto ask = [&ended](Client &asked) -> Task {
        for (std::int64_t i = 0; i < 100; ++i) {
            const auto response = co_await asked.awaitCall(add(i, 1));
            EXPECT_TRUE(response && response->result == i + 1) << response.message();
        }
        ++ended;
    };
    std::vector<std::vector<Task>> tasks(THREADS);
    std::vector<std::thread> threads;
    for (auto &own : tasks) {
        threads.emplace_back([&] {
            for (int i = 0; i < 8; ++i) {
                own.push_back(ask(client));
            }
        });
    }
    while (ended < THREADS * 8 && !HasFailure()) {
        client.dispatch(20ms);
    }
    for (auto &thread : threads) {
        thread.join();
    }
    EXPECT_EQ(ended, THREADS * 8);
}

TEST_P(ServedCoroutine, ACallHasItsTime) {
    auto client = held();
    calc_ipc_status status = CALC_IPC_STATUS_OK;
    const Task task = keepStatus(client, status, 20ms);
    ASSERT_TRUE(finish(client, task));
    EXPECT_EQ(status, CALC_IPC_STATUS_TIMED_OUT);
}

TEST_P(ServedCoroutine, OneThatIsDestroyedIsNotResumed) {
    auto client = held();
    calc_ipc_status status = CALC_IPC_STATUS_BUSY;
    {
        const Task task = keepStatus(client, status);
        EXPECT_FALSE(task.isDone());
    }
    EXPECT_EQ(client.dispatch(FOR_EVER), CALC_IPC_STATUS_OK) << "its call has ended, without the server's answer";
    EXPECT_EQ(status, CALC_IPC_STATUS_BUSY);
}

TEST_P(ServedCoroutine, OneThatOutlivesTheClientWasToldSo) {
    calc_ipc_status first = CALC_IPC_STATUS_OK;
    calc_ipc_status second = CALC_IPC_STATUS_OK;
    const auto insist = [](Client &asked, calc_ipc_status &once, calc_ipc_status &again) -> Task {
        once = (co_await asked.awaitCall(add(1, 2))).status();
        again = (co_await asked.awaitCall(add(1, 2))).status();
    };
    auto made = std::make_optional(held());
    const Task task = insist(*made, first, second);
    made.reset();
    EXPECT_TRUE(task.isDone());
    EXPECT_EQ(first, CALC_IPC_STATUS_CANCELLED);
    EXPECT_EQ(second, CALC_IPC_STATUS_CANCELLED) << "it does not wait";
}

TEST_P(ServedCoroutine, OneThatEndsAnotherAtTheClientsEnd) {
    calc_ipc_status status = CALC_IPC_STATUS_BUSY;
    auto made = std::make_optional(held());
    std::optional<Task> other;
    const auto end = [](Client &asked, std::optional<Task> &ended) -> Task {
        (void)co_await asked.awaitCall(add(1, 2));
        ended.reset();
    };
    const Task task = end(*made, other);
    other.emplace(keepStatus(*made, status));
    made.reset();
    EXPECT_TRUE(task.isDone());
    EXPECT_EQ(status, CALC_IPC_STATUS_BUSY) << "it was destroyed before it was told";
}

} // namespace
