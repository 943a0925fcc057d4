// Who asks, as handlers are told it.
#include "urls.h"

#include <calc_ipc.hpp>
#include <gtest/gtest.h>

#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <unistd.h>
#include <utility>
#include <vector>

using namespace calc_ipc;

namespace {

class PeerTest : public UrlTest {
  protected:
    void SetUp() override {
        serve([this](const Request & /* request */) {
            const std::lock_guard<std::mutex> lock(mutex_);
            peers_.push_back(currentPeer());
            return Response{true, 1};
        });
    }

    /// Who asked since the last time.
    std::vector<std::optional<Peer>> take() {
        const std::lock_guard<std::mutex> lock(mutex_);
        return std::exchange(peers_, {});
    }

  private:
    std::mutex mutex_;
    std::vector<std::optional<Peer>> peers_;
};

#if !defined(_WIN32)
TEST_P(PeerTest, IsTheProcessAsFarAsItsTransportTells) {
    const std::string scheme = GetParam();
    auto asker = client();
    ASSERT_TRUE(asker.call({}));
    const auto peers = take();
    ASSERT_EQ(peers.size(), 1U);
    ASSERT_TRUE(peers[0]);
    EXPECT_EQ(peers[0]->uid == ::geteuid(), scheme != "tcp");
    EXPECT_EQ(peers[0]->gid == ::getegid(), scheme != "tcp" && scheme != "fifo");
    EXPECT_EQ(peers[0]->pid == static_cast<std::uint32_t>(::getpid()), scheme != "tcp" && scheme != "fifo");
}
#endif

TEST_P(PeerTest, HasAConnectionThatNoOtherHas) {
    std::set<std::uint64_t> connections;
    for (int i = 0; i < 3; ++i) {
        auto asker = client();
        ASSERT_TRUE(asker.call({}) && asker.call({}));
        const auto peers = take();
        ASSERT_EQ(peers.size(), 2U);
        ASSERT_TRUE(peers[0] && peers[1]);
        EXPECT_EQ(peers[0]->connection, peers[1]->connection);
        EXPECT_TRUE(connections.insert(peers[0]->connection).second);
    }
}

INSTANTIATE_TEST_SUITE_P(, PeerTest, schemes(), schemeOf);

TEST(CurrentPeerTest, IsEmptyOutsideOfHandlers) { EXPECT_FALSE(currentPeer()); }

} // namespace
