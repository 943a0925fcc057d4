// Messages that are built and read where they lie, over every transport.
#include "reverse.h"
#include "urls.h"

#include <calc_ipc.hpp>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <future>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>

using namespace calc_ipc;

namespace {

/// What a camera gives.
struct Frame {
    std::uint64_t number;
    std::array<std::uint8_t, 300000> pixels;
};

/// The options of a client that trusts a server of its own user with what that has answered, and of one that does not.
std::array<ClientOptions, 2> bothTrusts() {
    auto own = withLimit<ClientOptions>(1 << 20);
    own.server_uid = CALC_IPC_SERVER_UID_OWN;
    return {own, withLimit<ClientOptions>(1 << 20)};
}

/// Counts frames up, and throws at anything else.
std::size_t count(BytesView request, BytesRoom response) {
    const auto *frame = request.as<Frame>();
    auto *next = response.as<Frame>();
    if (frame == nullptr || next == nullptr) {
        throw std::runtime_error("no frame");
    }
    next->number = frame->number + 1;
    next->pixels = frame->pixels;
    return sizeof(Frame);
}

class Loans : public UrlTest {};
INSTANTIATE_TEST_SUITE_P(Over, Loans, schemes(), schemeOf);

TEST_P(Loans, CarryFramesThereAndBack) {
    serveBytes(count, withLimit<ServerOptions>(1 << 20));
    for (const auto &options : bothTrusts()) {
        auto client = this->client(options);
        auto loan = client.loan(sizeof(Frame));
        ASSERT_TRUE(loan) << loan.message();
        EXPECT_EQ(loan->size(), sizeof(Frame));
        EXPECT_EQ(reinterpret_cast<std::uintptr_t>(loan->data()) % 64, 0U);
        for (std::uint8_t number = 0; number < 20; ++number) {
            auto *frame = loan->as<Frame>();
            ASSERT_NE(frame, nullptr);
            frame->number = number;
            frame->pixels.fill(number);
            const auto answer = loan->call();
            ASSERT_TRUE(answer) << answer.message();
            const auto *next = answer->as<Frame>();
            ASSERT_NE(next, nullptr);
            EXPECT_EQ(next->number, number + 1U);
            EXPECT_EQ(next->pixels, loan->as<Frame>()->pixels);
        }
    }
}

TEST_P(Loans, OfWhichAHandlerFailsCanBeUsedAgain) {
    serveBytes(count, withLimit<ServerOptions>(1 << 20));
    auto client = this->client(bothTrusts()[0]);
    auto loan = client.loan(sizeof(Frame)).value();
    const auto failed = loan.call(sizeof(Frame) - 1, std::chrono::seconds(60));
    EXPECT_EQ(failed.status(), CALC_IPC_STATUS_HANDLER_FAILED);
    loan.as<Frame>()->number = 1;
    const auto answer = loan.call();
    ASSERT_TRUE(answer) << answer.message();
    EXPECT_EQ(answer->as<Frame>()->number, 2U);
}

TEST_P(Loans, AreReadWhereTheyLieIfTheServerSaysSo) {
    for (const bool in_place : {false, true}) {
        std::promise<void> looked;
        std::promise<void> go_on;
        auto options = withLimit<ServerOptions>(1 << 20);
        options.in_place = in_place ? 1 : 0;
        const auto look_twice = [&](BytesView request, BytesRoom response) -> std::size_t {
            const volatile std::uint8_t *first = request.data();
            response.data()[0] = *first;
            looked.set_value();
            go_on.get_future().wait();
            response.data()[1] = *first;
            return 2;
        };
        serveBytes(look_twice, options);
        auto client = this->client(bothTrusts()[0]);
        auto loan = client.loan(5000).value();
        loan.data()[0] = 1;
        auto call = std::async(std::launch::async, [&] { return loan.call(); });
        looked.get_future().wait();
        loan.data()[0] = 2; // as no client may
        go_on.set_value();
        const auto answer = call.get();
        ASSERT_TRUE(answer) << answer.message();
        const bool is_seen = in_place && GetParam() == std::string("shm");
        EXPECT_EQ(answer->data()[0], 1);
        EXPECT_EQ(answer->data()[1], is_seen ? 2 : 1);
        server.reset();
    }
}

TEST_P(Loans, OccupyTheirConnectionUntilTheyEnd) {
    serveBytes(reverse);
    auto client = this->client();
    {
        const auto loan = client.loan(10);
        ASSERT_TRUE(loan);
        EXPECT_EQ(client.callBytes("abc").status(), CALC_IPC_STATUS_BUSY);
        EXPECT_EQ(client.loan(10).status(), CALC_IPC_STATUS_BUSY);
    }
    EXPECT_TRUE(client.callBytes("abc"));
}

TEST_P(Loans, MoveAndTakeWhatTheyLendAlong) {
    serveBytes(reverse);
    auto client = this->client();
    auto other = this->client();
    auto loan = client.loan(3).value();
    auto moved = std::move(loan);
    EXPECT_EQ(loan.call().status(), CALC_IPC_STATUS_INVALID_ARGUMENT); // NOLINT(bugprone-use-after-move): tells so
    EXPECT_EQ(loan.data(), nullptr);
    std::copy_n("abc", 3, moved.data());
    ASSERT_TRUE(moved.call());
    EXPECT_EQ(moved.call()->text(), "cba");
    moved = other.loan(3).value();
    EXPECT_TRUE(client.callBytes("abc")) << "the first was given back";
    EXPECT_EQ(other.callBytes("abc").status(), CALC_IPC_STATUS_BUSY);
}

TEST_P(Loans, MayOutliveTheirClient) {
    serveBytes(reverse);
    std::optional<Client> client = this->client();
    auto loan = client->loan(3).value();
    client.reset();
    EXPECT_EQ(loan.call().status(), CALC_IPC_STATUS_INVALID_ARGUMENT);
}

TEST_P(Loans, HaveTheClientsLimit) {
    serveBytes(reverse);
    auto client = this->client(withLimit<ClientOptions>(1000));
    EXPECT_TRUE(client.loan(1000));
    EXPECT_EQ(client.loan(1001).status(), CALC_IPC_STATUS_TOO_LARGE);
    auto loan = client.loan(1000).value();
    EXPECT_EQ(loan.call(1001).status(), CALC_IPC_STATUS_INVALID_ARGUMENT);
}

TEST(Views, AreATypeOnlyWhereOneMayLie) {
    alignas(16) std::array<std::uint8_t, 32> bytes{};
    bytes[1] = 1;
    EXPECT_EQ(*BytesView(bytes).as<std::uint16_t>(), 256);
    EXPECT_EQ(BytesView(bytes.data() + 1, 31).as<std::uint16_t>(), nullptr) << "not aligned";
    EXPECT_EQ(*BytesView(bytes.data() + 1, 31).as<std::uint8_t>(), 1);
    EXPECT_EQ(BytesView(bytes.data(), 7).as<std::uint64_t>(), nullptr) << "too short";
    EXPECT_EQ(BytesView().as<std::uint8_t>(), nullptr);
    *BytesRoom(bytes).as<std::uint32_t>() = 7;
    EXPECT_EQ(bytes[0], 7);
}

} // namespace
