// Answers that come later, over every transport.
#include "urls.h"

#include <calc_ipc.hpp>
#include <gtest/gtest.h>

#include <condition_variable>
#include <deque>
#include <future>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

using namespace calc_ipc;

namespace {

/// Replies that a handler leaves to others.
class Kept {
  public:
    void put(Reply reply, BytesView message) {
        const std::lock_guard<std::mutex> lock(mutex_);
        replies_.emplace_back(std::move(reply), message.text());
        has_come_.notify_one();
    }

    std::pair<Reply, std::string> take() {
        std::unique_lock<std::mutex> lock(mutex_);
        has_come_.wait(lock, [&] { return !replies_.empty(); });
        auto reply = std::move(replies_.front());
        replies_.pop_front();
        return reply;
    }

  private:
    std::mutex mutex_;
    std::condition_variable has_come_;
    std::deque<std::pair<Reply, std::string>> replies_;
};

class AnyDeferred : public UrlTest {
  protected:
    /// Leaves every reply to the test.
    void serveLater() {
        serveDeferred([this](Reply reply, BytesView message) { kept.put(std::move(reply), message); });
    }

    /// What a message comes to that another thread sends.
    std::future<Result<std::vector<std::uint8_t>>> ask(std::string message) {
        return std::async(std::launch::async, [this, message = std::move(message)] {
            auto client = this->client();
            return client.callBytes(message);
        });
    }

    Kept kept;
};
INSTANTIATE_TEST_SUITE_P(Over, AnyDeferred, schemes(), schemeOf);

TEST_P(AnyDeferred, MayAnswerInTheHandler) {
    serveDeferred([](Reply reply, BytesView message) {
        EXPECT_TRUE(reply);
        EXPECT_EQ(reply.send(message), CALC_IPC_STATUS_OK);
        EXPECT_FALSE(reply);
        EXPECT_EQ(reply.send("twice"), CALC_IPC_STATUS_INVALID_ARGUMENT);
    });
    auto client = this->client();
    for (const auto *message : {"", "short", "a message that is longer than a line of shared memory has room for"}) {
        const auto answer = client.callBytes(message);
        ASSERT_TRUE(answer) << answer.message();
        EXPECT_EQ(BytesView(*answer).text(), message);
    }
}

TEST_P(AnyDeferred, MayAnswerLaterFromAnyThread) {
    serveLater();
    std::vector<std::future<Result<std::vector<std::uint8_t>>>> asked;
    std::vector<std::pair<Reply, std::string>> replies;
    for (int i = 0; i < 5; ++i) {
        asked.push_back(ask(std::to_string(i)));
        replies.push_back(kept.take());
        EXPECT_EQ(replies.back().first.check(), CALC_IPC_STATUS_OK);
    }
    while (!replies.empty()) {
        EXPECT_EQ(replies.back().first.send(replies.back().second), CALC_IPC_STATUS_OK);
        replies.pop_back();
    }
    for (int i = 0; i < 5; ++i) {
        const auto answer = asked[static_cast<std::size_t>(i)].get();
        ASSERT_TRUE(answer) << answer.message();
        EXPECT_EQ(BytesView(*answer).text(), std::to_string(i));
    }
}

TEST_P(AnyDeferred, AnswersCallsOfACalculatorsClient) {
    serveDeferred([](Reply reply, BytesView /* request */) {
        std::thread([reply = std::move(reply)]() mutable { reply.send(Response{true, 42}); }).detach();
    });
    auto client = this->client();
    EXPECT_EQ(resultOf(client, {Operation::MUL, 6, 7}), 42);
}

TEST_P(AnyDeferred, FailsIfNobodyAnswers) {
    serveDeferred([](Reply reply, BytesView message) {
        if (message.text() == "throw") {
            throw std::runtime_error("no abacus");
        }
        if (message.text() == "throw an int") {
            throw 42;
        }
        if (message.text() == "fail") {
            reply.fail("on purpose");
        }
        if (message.text() == "assign") {
            reply = Reply();
        }
        if (message.text() == "too long") {
            EXPECT_EQ(reply.send(std::vector<char>(65537)), CALC_IPC_STATUS_TOO_LARGE);
        }
        if (message.text() == "catch") {
            try {
                const Reply destroyed(std::move(reply));
                throw std::runtime_error("caught");
            } catch (const std::runtime_error &) {
            }
        }
        if (message.text() == "answer") {
            reply.send("an answer");
        }
    });
    auto client = this->client();
    for (const auto *message : {"throw", "throw an int", "fail", "assign", "too long", "catch", "forget"}) {
        EXPECT_EQ(client.callBytes(message).status(), CALC_IPC_STATUS_HANDLER_FAILED) << message;
        EXPECT_TRUE(client.callBytes("answer")) << message;
    }
}

TEST_P(AnyDeferred, OutlivesItsServer) {
    serveLater();
    auto asked = ask("until the stop");
    auto reply = kept.take().first;
    EXPECT_EQ(server->stop(), CALC_IPC_STATUS_OK);
    EXPECT_EQ(asked.get().status(), CALC_IPC_STATUS_CLOSED);
    server.reset();
    EXPECT_EQ(reply.check(), CALC_IPC_STATUS_STOPPED);
    EXPECT_EQ(reply.send("after all"), CALC_IPC_STATUS_STOPPED);
}

TEST(Deferred, NeedsAHandler) {
    try {
        const auto server = Server::deferred("unix:///nonexistent-calc_ipc/deferred", {});
        FAIL() << "made";
    } catch (const Error &error) {
        EXPECT_EQ(error.status(), CALC_IPC_STATUS_INVALID_ARGUMENT);
    }
}

} // namespace
