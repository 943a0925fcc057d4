// Forks at any moment: no child holds a descriptor of the library.
#include "support.h"
#include "transport_test.h"

#include <calc_ipc.hpp>
#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include <arpa/inet.h>
#include <fcntl.h>
#include <malloc.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>

using namespace calc_ipc;
using support::Child;
using support::Gate;

namespace {

constexpr int FORKS = 1000;

/// The descriptors open now; what is opened later and is not the host's is the library's.
class Descriptors {
  public:
    Descriptors() {
#if defined(M_ARENA_MAX) && !defined(__LP64__)
        // Unless it is told how many arenas to make, malloc of 32 bits reads at the third how many CPUs there are.
        mallopt(M_ARENA_MAX, 2);
#endif
        for (int fd = 0; fd < MAX; fd++) {
            open_[fd] = fcntl(fd, F_GETFD) >= 0;
        }
    }

    /// How many more there are now. Async-signal-safe: it is asked in a child of a process with threads.
    int added() const {
        int count = 0;
        for (int fd = 0; fd < MAX; fd++) {
            count += !open_[fd] && fcntl(fd, F_GETFD) >= 0 ? 1 : 0;
        }
        return count;
    }

  private:
    static constexpr int MAX = 256;
    bool open_[MAX] = {};
};

/// What `inChild`, which has to be async-signal-safe, gives in a child forked now.
template <class InChild> int inForkedChild(InChild inChild) {
    const pid_t child = fork();
    if (child == 0) {
        _exit(inChild());
    }
    int status = 0;
    EXPECT_EQ(waitpid(child, &status, 0), child);
    EXPECT_TRUE(WIFEXITED(status)) << status;
    return WEXITSTATUS(status);
}

/// Does `work` again and again, in a thread of its own, until it is destroyed.
class Busy {
  public:
    template <class Work>
    explicit Busy(Work work)
        : thread_([this, work] {
              while (!isOver_) {
                  work();
                  rounds_++;
              }
          }) {}
    Busy(const Busy &) = delete;
    Busy &operator=(const Busy &) = delete;
    ~Busy() {
        isOver_ = true;
        thread_.join();
    }

    int rounds() const { return rounds_; }

  private:
    std::atomic<bool> isOver_{false};
    std::atomic<int> rounds_{0};
    std::thread thread_;
};

template <class T> using ForkGate = TransportTest<T>;
TYPED_TEST_SUITE(ForkGate, Transports);

TYPED_TEST(ForkGate, AChildHasNothingOfClientsThatComeAndGo) {
    const Descriptors before;
    auto server = this->address.server();
    server.startInBackground();
    const auto comeAndGo = [&] {
        auto client = this->address.client();
        EXPECT_EQ(resultOf(client, add(1, 2)), 3);
    };
    Busy first(comeAndGo);
    Busy second(comeAndGo);
    Busy third(comeAndGo);
    int found = 0;
    // On a busy machine the forks may be over before the others have had their turn.
    for (int forks = 0; forks < FORKS || third.rounds() < 10; forks++) {
        found += inForkedChild([&] { return before.added(); }) > 0 ? 1 : 0;
    }
    EXPECT_EQ(found, 0) << "children with a descriptor of the library";
}

TYPED_TEST(ForkGate, AChildHasAllOfAServerNotYetRunOrNothing) {
    const Descriptors before;
    // Of a server that has not run yet, which a child may adopt, it has everything.
    int whole = 0;
    {
        auto server = this->address.server();
        whole = inForkedChild([&] { return before.added(); });
        EXPECT_GT(whole, 0);
    }
    std::atomic<bool> mayBeFresh{false};
    int round = 0;
    Busy comesAndGoes([&] {
        mayBeFresh = true;
        try {
            auto server = this->address.server();
            if (round++ % 2 == 0) {
                server.startInBackground();
                mayBeFresh = false;
            }
        } catch (const Error &error) {
            // A child that has not ended yet has the last one's port, as one that could adopt it.
            EXPECT_EQ(error.status(), CALC_IPC_STATUS_ADDRESS_IN_USE);
        }
    });
    int found = 0;
    for (int forks = 0; forks < FORKS || comesAndGoes.rounds() < 10; forks++) {
        const int status = inForkedChild([&] {
            const int count = before.added();
            return count == 0 || (mayBeFresh && count == whole) ? 0 : 1;
        });
        found += status;
    }
    EXPECT_EQ(found, 0) << "children with some of a server";
}

TYPED_TEST(ForkGate, AChildHasNothingOfAServerThatCannotBeMade) {
    const auto live = this->address.server();
    const Descriptors before;
    Busy fails([&] { EXPECT_EQ(thrownBy([&] { this->address.server(); }), CALC_IPC_STATUS_ADDRESS_IN_USE); });
    int found = 0;
    for (int forks = 0; forks < FORKS || fails.rounds() < 10; forks++) {
        // Less than before, too: a number of the live server's, which the child has, may be taken twice.
        found += inForkedChild([&] { return before.added(); }) > 0 ? 1 : 0;
    }
    EXPECT_EQ(found, 0) << "children with a descriptor of the library";
}

/// A Unix socket that listens and does not accept, and whose queue is full.
class FullQueue {
  public:
    explicit FullQueue(const std::string &path) {
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        std::strncpy(address.sun_path, path.c_str(), sizeof address.sun_path - 1);
        begin(AF_UNIX, &address, sizeof address);
    }
    FullQueue(const std::string &host, std::uint16_t port) {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_port = htons(port);
        inet_pton(AF_INET, host.c_str(), &address.sin_addr);
        begin(AF_INET, &address, sizeof address);
    }
    FullQueue(const FullQueue &) = delete;
    FullQueue &operator=(const FullQueue &) = delete;
    ~FullQueue() { letGo(); }

    void letGo() {
        for (const int fd : sockets_) {
            close(fd);
        }
        sockets_.clear();
    }

  private:
    void begin(int family, const void *address, socklen_t length) {
        const auto *at = static_cast<const sockaddr *>(address);
        sockets_.push_back(socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0));
        if (bind(sockets_[0], at, length) != 0 || listen(sockets_[0], 0) != 0) {
            support::fail("listen");
        }
        // One more than TCP's queue holds: what the last of them asks for is not answered.
        for (int i = 0; i < 3; i++) {
            sockets_.push_back(socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
            (void)connect(sockets_.back(), at, length);
        }
    }

    std::vector<int> sockets_;
};

/// A child forked while `connect` waits has nothing of it.
template <class Connect> void expectNothingOfAConnectThatWaits(FullQueue &queue, Connect connect) {
    const Descriptors before;
    ClientOptions options;
    options.connect_timeout_ms = 0;
    std::thread waits([&] { thrownBy([&] { connect(options); }); });
    // It waits, or is about to, once it has a socket.
    while (before.added() == 0) {
        std::this_thread::yield();
    }
    for (int forks = 0; forks < 20; forks++) {
        EXPECT_EQ(inForkedChild([&] { return before.added(); }), 0);
    }
    EXPECT_GT(before.added(), 0) << "it did not wait";
    queue.letGo();
    waits.join();
    EXPECT_EQ(before.added(), 0);
}

TEST(ForkGate, AChildHasNothingOfAUnixSocketThatWaitsToConnect) {
    const Uds address;
    FullQueue queue(address.path);
    expectNothingOfAConnectThatWaits(queue, [&](const auto &options) { address.client(options); });
}

TEST(ForkGate, AChildHasNothingOfSharedMemoryThatWaitsToConnect) {
    const Shm address;
    FullQueue queue(address.file());
    expectNothingOfAConnectThatWaits(queue, [&](const auto &options) { address.client(options); });
}

TEST(ForkGate, AChildHasNothingOfATcpConnectionThatWaits) {
    const Tcp address;
    FullQueue queue(address.host, address.port);
    expectNothingOfAConnectThatWaits(queue, [&](const auto &options) { address.client(options); });
}

TEST(ForkGate, AChildHasNothingOfPipesToOtherChildren) {
    const Descriptors before;
    Busy forksOne([] {
        auto channel = PipeChannel::createWithServer();
        EXPECT_EQ(resultOf(channel, add(1, 2)), 3);
    });
    Busy executesOne([] {
        auto channel = PipeChannel::spawn({PIPE_SERVER});
        EXPECT_EQ(resultOf(channel, add(3, 4)), 7);
    });
    int found = 0;
    for (int forks = 0; forks < FORKS || forksOne.rounds() < 10 || executesOne.rounds() < 10; forks++) {
        found += inForkedChild([&] { return before.added(); }) > 0 ? 1 : 0;
    }
    EXPECT_EQ(found, 0) << "children with a descriptor of the library";
}

/// For a signal handler.
const Descriptors *base = nullptr;
std::atomic<int> forksInHandler{0};
std::atomic<int> foundInHandler{0};

void forkInHandler(int /* signal */) {
    if (forksInHandler >= FORKS) {
        return; // On a crowded machine, the next signal is there before the last one was dealt with.
    }
    const int kept = errno;
    const pid_t child = fork();
    if (child == 0) {
        _exit(base->added() > 0 ? 1 : 0);
    }
    int status = 0;
    while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    forksInHandler++;
    foundInHandler += status != 0 ? 1 : 0;
    errno = kept;
}

// The process has one thread: where there are more, the C library's own fork may wait for the allocator, whose lock the
// interrupted thread may hold.
TYPED_TEST(ForkGate, ASignalHandlerThatForksFindsNothingHalfMade) {
    const auto server = serveInChild(this->address);
    const Descriptors before;
    base = &before;
    struct sigaction action {};
    action.sa_handler = forkInHandler;
    action.sa_flags = SA_RESTART;
    ASSERT_EQ(sigaction(SIGALRM, &action, nullptr), 0);
    const itimerval often{{0, 300}, {0, 300}};
    ASSERT_EQ(setitimer(ITIMER_REAL, &often, nullptr), 0);
    while (forksInHandler < FORKS) {
        auto client = this->address.client();
        EXPECT_EQ(resultOf(client, add(1, 2)), 3);
    }
    const itimerval never{};
    ASSERT_EQ(setitimer(ITIMER_REAL, &never, nullptr), 0);
    EXPECT_EQ(foundInHandler, 0) << "children with a descriptor of the library";
}

/// What the host's own fork handlers do with the library.
void (*beforeFork)() = nullptr;
void callBeforeFork() {
    if (beforeFork != nullptr) {
        beforeFork();
    }
}

TEST(ForkGate, AForkHandlerOfTheHostsMayUseTheLibrary) {
    static const Uds address;
    auto server = address.server();
    server.startInBackground();
    static std::optional<UDSClient> client;
    ASSERT_EQ(pthread_atfork(callBeforeFork, nullptr, nullptr), 0);
    beforeFork = [] {
        client.emplace(address.client());
        EXPECT_EQ(resultOf(*client, add(1, 2)), 3);
        client.reset();
    };
    const Descriptors before;
    Busy comesAndGoes([] { EXPECT_EQ(resultOf(*std::make_unique<UDSClient>(address.client()), add(1, 2)), 3); });
    for (int forks = 0; forks < 100; forks++) {
        EXPECT_EQ(inForkedChild([&] { return before.added(); }), 0);
    }
    beforeFork = nullptr;
}

} // namespace
