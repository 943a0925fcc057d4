// What observers are told of clients.
#include "urls.h"

#include <calc_ipc.hpp>
#include <gtest/gtest.h>

#include <cstdint>
#include <mutex>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

using namespace calc_ipc;

namespace {

struct Heard {
    EventKind kind;
    calc_ipc_status status;
    std::uint64_t connection;
    std::string text;
};

class EventTest : public UrlTest {
  protected:
    ServerOptions listening() {
        ServerOptions options;
        options.onEvent([this](const Event &event) {
            const std::lock_guard<std::mutex> lock(mutex_);
            EXPECT_EQ(currentPeer()->connection, event.peer.connection);
            heard_.push_back({event.kind, event.status, event.peer.connection, std::string(event.text)});
            throw std::runtime_error("is dropped");
        });
        return options;
    }

    /// What was told, once the server has stopped.
    std::vector<Heard> heard() {
        EXPECT_EQ(server->stop(), CALC_IPC_STATUS_OK);
        const std::lock_guard<std::mutex> lock(mutex_);
        return heard_;
    }

  private:
    std::mutex mutex_;
    std::vector<Heard> heard_;
};

/// The kinds of events, in order.
std::vector<EventKind> kinds(const std::vector<Heard> &heard) {
    std::vector<EventKind> kinds;
    for (const Heard &event : heard) {
        kinds.push_back(event.kind);
    }
    return kinds;
}

TEST_P(EventTest, TellOfClientsThatComeAndAreThereAtTheEnd) {
    serve({}, listening());
    auto asker = client();
    ASSERT_TRUE(asker.call({}));
    const auto all = heard();
    ASSERT_EQ(kinds(all), (std::vector{EventKind::CAME, EventKind::LEFT}));
    EXPECT_EQ(all[0].status, CALC_IPC_STATUS_OK);
    EXPECT_EQ(all[1].status, CALC_IPC_STATUS_STOPPED);
    EXPECT_EQ(all[0].connection, all[1].connection);
}

TEST_P(EventTest, TellWhyRepliesFailed) {
    std::vector<std::string> texts;
    serveDeferred(
        [](Reply reply, BytesView message) {
            if (message.text() == "throw") {
                throw std::runtime_error("no more ink");
            }
            if (message.text() == "throw an int") {
                throw 42;
            }
            if (message.text() == "fail") {
                reply.fail("on purpose");
            }
            if (message.text() == "catch") {
                try {
                    const Reply destroyed(std::move(reply));
                    throw std::runtime_error("is caught");
                } catch (const std::runtime_error &) {
                }
            }
        },
        listening());
    auto asker = client();
    for (const auto *message : {"throw", "throw an int", "fail", "catch", "forget"}) {
        EXPECT_EQ(asker.callBytes(message).status(), CALC_IPC_STATUS_HANDLER_FAILED) << message;
    }
    for (const Heard &event : heard()) {
        if (event.kind == EventKind::HANDLER_FAILED) {
            texts.push_back(event.text);
        }
    }
    EXPECT_EQ(texts, (std::vector<std::string>{"no more ink", "the handler threw what is no std::exception",
                                               "on purpose", "an exception destroyed the reply without an answer",
                                               "the reply was destroyed without an answer"}));
}

TEST_P(EventTest, TellWhatHandlersThrew) {
    serve([](const Request & /* request */) -> Response { throw std::runtime_error("no more ink"); }, listening());
    auto asker = client();
    const auto response = asker.call({});
    ASSERT_TRUE(response);
    EXPECT_EQ(response->error, "no more ink");
    const auto all = heard();
    ASSERT_EQ(kinds(all), (std::vector{EventKind::CAME, EventKind::HANDLER_FAILED, EventKind::LEFT}));
    EXPECT_EQ(all[1].status, CALC_IPC_STATUS_HANDLER_FAILED);
    EXPECT_EQ(all[1].text, "no more ink");
}

TEST_P(EventTest, TellWhatHandlersOfMessagesThrew) {
    serveBytes([](BytesView, BytesRoom) -> std::size_t { throw std::runtime_error("no more ink"); }, listening());
    auto asker = client();
    EXPECT_EQ(asker.callBytes("hello").status(), CALC_IPC_STATUS_HANDLER_FAILED);
    const auto all = heard();
    ASSERT_EQ(kinds(all), (std::vector{EventKind::CAME, EventKind::HANDLER_FAILED, EventKind::LEFT}));
    EXPECT_EQ(all[1].text, "no more ink");
}

TEST_P(EventTest, TellNobodyWhereNobodyListens) {
    ServerOptions options = listening();
    options.onEvent({});
    serve({}, options);
    auto asker = client();
    ASSERT_TRUE(asker.call({}));
    EXPECT_EQ(heard().size(), 0U);
}

INSTANTIATE_TEST_SUITE_P(, EventTest, schemes(), schemeOf);

} // namespace
