// A parent that asks and a child that answers.
#include "support.h"
#include "transport_test.h"

#include <calc_ipc.hpp>
#include <gtest/gtest.h>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <sys/wait.h>
#include <unistd.h>

using namespace calc_ipc;
using namespace std::chrono_literals;
using support::Gate;
using support::Pipe;

namespace {

Response pidOfServer(const Request & /* request */) { return {true, getpid()}; }

void expectNoChildIsLeft() {
    EXPECT_EQ(waitpid(-1, nullptr, WNOHANG), -1);
    EXPECT_EQ(errno, ECHILD);
}

TEST(PipeChannel, SimpleCall) {
    auto channel = PipeChannel::createWithServer(execute);
    const auto response = channel.call({Operation::ADD, 10, 20});
    ASSERT_TRUE(response);
    EXPECT_TRUE(response->success);
    EXPECT_EQ(response->result, 30);
    EXPECT_EQ(channel.status(), CALC_IPC_STATUS_OK);
}

TEST(PipeChannel, MultipleCalls) {
    auto channel = PipeChannel::createWithServer();
    EXPECT_EQ(resultOf(channel, {Operation::ADD, 1, 2}), 3);
    EXPECT_EQ(resultOf(channel, {Operation::MUL, 7, 8}), 56);
    EXPECT_EQ(resultOf(channel, {Operation::DIV, 100, 4}), 25);
    expectDivisionByZeroFails(channel);
}

TEST(PipeChannel, TheHandlerRunsInTheChildAndSeesItsState) {
    auto channel = PipeChannel::createWithServer([calls = 0](const Request & /* request */) mutable {
        return Response{true, ++calls};
    });
    EXPECT_EQ(resultOf(channel, {}), 1);
    EXPECT_EQ(resultOf(channel, {}), 2);
    auto other = PipeChannel::createWithServer(pidOfServer);
    EXPECT_NE(resultOf(other, {}), getpid());
}

TEST(PipeChannel, AHandlerThatThrowsAnswers) {
    auto channel = PipeChannel::createWithServer(
        [](const Request & /* request */) -> Response { throw std::runtime_error("no abacus"); });
    for (int i = 0; i < 2; ++i) {
        const auto response = channel.call(add(1, 2));
        ASSERT_TRUE(response);
        EXPECT_FALSE(response->success);
        EXPECT_EQ(response->error, "no abacus");
    }
}

TEST(PipeChannel, TwoAreDestroyedInEitherOrder) {
    for (const bool first : {true, false}) {
        auto one = std::make_unique<PipeChannel>(PipeChannel::createWithServer());
        auto two = std::make_unique<PipeChannel>(PipeChannel::createWithServer());
        EXPECT_EQ(resultOf(*one, add(1, 2)), 3);
        EXPECT_EQ(resultOf(*two, add(3, 4)), 7);
        (first ? one : two).reset();
        EXPECT_EQ(resultOf(first ? *two : *one, add(5, 6)), 11);
        (first ? two : one).reset();
    }
    expectNoChildIsLeft();
}

TEST(PipeChannel, TheChildKeepsNoDescriptorOfItsParent) {
    Pipe pipe;
    auto channel = PipeChannel::createWithServer();
    EXPECT_EQ(resultOf(channel, add(1, 2)), 3);
    pipe.closeWrite();
    char byte = 0;
    // End of file, and not for ever nothing, because the child's copy is closed too.
    EXPECT_EQ(read(pipe.readEnd(), &byte, 1), 0);
}

TEST(PipeChannel, AChildKilledDuringACallIsNoticedAtOnce) {
    using Clock = std::chrono::steady_clock;
    const auto noticedAfter = []() -> Clock::duration {
        Gate entered;
        Gate never;
        auto channel = PipeChannel::createWithServer([&](const Request &request) {
            if (request.op == Operation::MUL) {
                entered.open();
                never.pass();
            }
            return pidOfServer(request);
        });
        const auto server = static_cast<pid_t>(resultOf(channel, {}));
        Clock::time_point killed;
        std::thread killer([&] {
            entered.pass();
            killed = Clock::now();
            kill(server, SIGKILL);
        });
        EXPECT_FALSE(channel.call({Operation::MUL, 7, 8}));
        const auto noticed = Clock::now();
        killer.join();
        EXPECT_TRUE(isLoss(channel.status())) << channel.status();
        EXPECT_FALSE(channel.call(add(1, 2)));
        EXPECT_TRUE(isLoss(channel.status())) << channel.status();
        return noticed - killed;
    }();
    EXPECT_LE(noticedAfter, 60s); // How soon it is, calc-ipc bench --promises measures.
}

TEST(PipeChannel, ASecondThreadIsBusyAtOnce) {
    Gate entered;
    Gate leave;
    auto channel = PipeChannel::createWithServer(heldHandler(entered, leave));
    std::thread first([&] { EXPECT_EQ(resultOf(channel, add(1, 2)), 3); });
    entered.pass();
    EXPECT_FALSE(channel.call(add(3, 4)));
    EXPECT_EQ(channel.status(), CALC_IPC_STATUS_BUSY);
    leave.open();
    first.join();
}

TEST(PipeChannel, AHungHandlerDoesNotHoldUpDestruction) {
    Gate never;
    ClientOptions options;
    options.call_timeout_ms = 10;
    {
        auto channel = PipeChannel::createWithServer(
            [&](const Request &request) {
                never.pass();
                return execute(request);
            },
            options);
        EXPECT_FALSE(channel.call(add(1, 2)));
        EXPECT_EQ(channel.status(), CALC_IPC_STATUS_TIMED_OUT);
    }
    expectNoChildIsLeft();
}

TEST(PipeChannel, AChildReapedByTheHostIsGoneToo) {
    auto channel = std::make_unique<PipeChannel>(PipeChannel::createWithServer(pidOfServer));
    const auto server = static_cast<pid_t>(resultOf(*channel, {}));
    kill(server, SIGKILL);
    EXPECT_EQ(waitpid(-1, nullptr, 0), server);
    EXPECT_FALSE(channel->call(add(1, 2)));
    channel.reset();
    expectNoChildIsLeft();
}

TEST(PipeChannel, NothingIsLeftBehind) {
    const auto once = [] {
        auto forked = PipeChannel::createWithServer();
        EXPECT_EQ(resultOf(forked, add(1, 2)), 3);
        auto spawned = PipeChannel::spawn({PIPE_SERVER});
        EXPECT_EQ(resultOf(spawned, add(3, 4)), 7);
    };
    once(); // what the library keeps for the process, it takes here
    const support::Holdings before;
    for (int i = 0; i < 50; ++i) {
        once();
    }
    EXPECT_LE(before.awaitNoMore(), before);
    expectNoChildIsLeft();
}

TEST(PipeChannel, Spawn) {
    auto channel = PipeChannel::spawn({PIPE_SERVER});
    EXPECT_EQ(resultOf(channel, {Operation::ADD, 10, 20}), 30);
    EXPECT_EQ(resultOf(channel, {Operation::MUL, 7, 8}), 56);
}

TEST(PipeChannel, SpawnOfNothingFails) {
    for (const std::vector<std::string> &argv :
         {std::vector<std::string>{"/nonexistent/server"}, std::vector<std::string>{},
          std::vector<std::string>{std::string("a\0b", 3)}}) {
        thrownBy([&] { (void)PipeChannel::spawn(argv); });
    }
    expectNoChildIsLeft();
}

TEST(PipeChannel, SpawnOfAProgramThatEndsAtOnceIsClosed) {
    auto channel = PipeChannel::spawn({"/bin/true"});
    EXPECT_FALSE(channel.call(add(1, 2)));
    EXPECT_TRUE(isLoss(channel.status())) << channel.status();
}

TEST(PipeChannel, ServeUntilTheEndOfInput) {
    Pipe requests;
    Pipe responses;
    std::thread server([&] { servePipe(requests.readEnd(), responses.writeEnd()); });
    EXPECT_TRUE(sendMessage(requests.writeEnd(), serialize(add(10, 20))));
    const auto frame = recvMessage(responses.readEnd());
    requests.closeWrite();
    server.join();
    ASSERT_TRUE(frame);
    EXPECT_EQ(deserializeResponse(*frame)->result, 30);
}

} // namespace
