// Servers in an event loop of the host's.
#include "urls.h"

#include <calc_ipc.hpp>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <string>
#include <thread>

using namespace calc_ipc;
using namespace std::chrono_literals;

namespace {

/// Servers that this test drives, over every scheme.
class DispatchTest : public UrlTest {
  protected:
    /// A server that nobody serves yet.
    void create(const Handler &handler = {}, const ServerOptions &options = {}) {
        server.emplace(url(), handler, options);
    }

    bool isReadable(int milliseconds = 0) const { return support::wakes(support::watchedOf(*server), milliseconds); }

    /// As a loop of the host's does.
    template <class Condition> void driveUntil(Condition is_so) {
        while (!is_so()) {
            if (isReadable(10)) {
                const calc_ipc_status status = server->dispatch();
                ASSERT_TRUE(status == CALC_IPC_STATUS_OK || status == CALC_IPC_STATUS_TIMED_OUT) << status;
            }
        }
    }
};

TEST_P(DispatchTest, AnswersInTheThreadOfTheLoop) {
    const auto loop = std::this_thread::get_id();
    create([&](const Request &request) {
        EXPECT_EQ(std::this_thread::get_id(), loop);
        return Response{true, request.arg1 + 1};
    });
    EXPECT_EQ(server->dispatch(), CALC_IPC_STATUS_TIMED_OUT);
    EXPECT_FALSE(isReadable());
    std::atomic<bool> is_done{false};
    std::thread asker([&] {
        auto own = client();
        for (std::int64_t i = 0; i < 100; ++i) {
            const auto response = own.call({Operation::ADD, i, 0});
            EXPECT_TRUE(response && response->result == i + 1);
        }
        is_done = true;
    });
    driveUntil([&] { return is_done.load(); });
    asker.join();
    EXPECT_EQ(server->stats().requests, 100U);
}

TEST_P(DispatchTest, EndsWithTheStopOfAnotherThread) {
    create();
    const support::Watched watched = support::watchedOf(*server);
    std::thread loop([&] {
        calc_ipc_status status = CALC_IPC_STATUS_OK;
        while (status == CALC_IPC_STATUS_OK) {
            status = server->dispatch(std::chrono::milliseconds::max());
        }
        EXPECT_EQ(status, CALC_IPC_STATUS_STOPPED);
    });
    auto asker = client();
    EXPECT_TRUE(asker.call({}));
    EXPECT_EQ(server->stop(), CALC_IPC_STATUS_OK);
    loop.join();
    EXPECT_TRUE(isReadable());
    EXPECT_EQ(support::watchedOf(*server), watched);
    EXPECT_FALSE(asker.call({}));
}

TEST_P(DispatchTest, IsForServersThatDoNotRun) {
    create();
    server->startInBackground();
    EXPECT_EQ(server->dispatch(), CALC_IPC_STATUS_BUSY);
    EXPECT_EQ(thrownBy([&] { (void)support::watchedOf(*server); }), CALC_IPC_STATUS_BUSY);
}

TEST_P(DispatchTest, KeepsServersFromRunning) {
    create();
    EXPECT_EQ(server->dispatch(1ms), CALC_IPC_STATUS_TIMED_OUT);
    EXPECT_EQ(thrownBy([&] { server->run(); }), CALC_IPC_STATUS_BUSY);
    EXPECT_EQ(thrownBy([&] { server->startInBackground(); }), CALC_IPC_STATUS_BUSY);
}

INSTANTIATE_TEST_SUITE_P(, DispatchTest, schemes(), schemeOf);

} // namespace
