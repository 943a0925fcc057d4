// Messages of one's own, over every transport: sizes at, one over, and far over each side's limit, and failures.
#include "reverse.h"
#include "urls.h"

#include <calc_ipc.hpp>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

using namespace calc_ipc;
using namespace std::string_view_literals;
using Bytes = std::vector<std::uint8_t>;

namespace {

/// Bytes whose reverse they are not.
Bytes pattern(std::size_t size) {
    Bytes bytes(size);
    for (std::size_t i = 0; i < size; ++i) {
        bytes[i] = static_cast<std::uint8_t>(i * 7 % 251);
    }
    return bytes;
}

Bytes reversed(Bytes bytes) {
    std::reverse(bytes.begin(), bytes.end());
    return bytes;
}

/// Expects that the client can go on.
void expectUsable(Client &client) {
    const auto answer = client.callBytes("abc");
    ASSERT_TRUE(answer) << calc_ipc_status_message(client.status());
    EXPECT_EQ(BytesView(*answer).text(), "cba");
}

/// The status of a call that has to fail.
calc_ipc_status failure(Client &client, BytesView message) {
    EXPECT_FALSE(client.callBytes(message));
    return client.status();
}

class AnyBytes : public UrlTest {};
INSTANTIATE_TEST_SUITE_P(Over, AnyBytes, allSchemes(), schemeOf);

TEST_P(AnyBytes, OfEverySizeComeBack) {
    serveBytes(reverse, withLimit<ServerOptions>(REVERSE_LIMIT));
    auto client = this->client(withLimit<ClientOptions>(REVERSE_LIMIT), REVERSE_SERVER);
    for (const std::size_t size : {0U, 1U, 52U, 56U, 57U, 4096U, 65536U, 65537U, 1U << 20, REVERSE_LIMIT, 3U, 0U}) {
        const auto message = pattern(size);
        const auto answer = client.callBytes(message);
        ASSERT_TRUE(answer) << size << ": " << calc_ipc_last_error();
        EXPECT_TRUE(*answer == reversed(message)) << size;
    }
}

TEST_P(AnyBytes, ComeInOrder) {
    serveBytes(reverse);
    auto client = this->client({}, REVERSE_SERVER);
    for (int i = 0; i < 1000; ++i) {
        const std::string message = std::to_string(i) + ' ';
        const auto answer = client.callBytes(message);
        ASSERT_TRUE(answer);
        EXPECT_EQ(BytesView(*answer).text(), std::string(message.rbegin(), message.rend()));
    }
}

TEST_P(AnyBytes, GoToRoomOfTheCallers) {
    serveBytes(reverse);
    auto client = this->client({}, REVERSE_SERVER);
    std::array<std::byte, 5> room{};
    EXPECT_EQ(client.callBytes("hello", room), std::optional<std::size_t>(5));
    EXPECT_EQ(BytesView(room).text(), "olleh");
    EXPECT_EQ(client.callBytes("", BytesRoom()), std::optional<std::size_t>(0));
}

TEST_P(AnyBytes, WithoutRoomSayHowLongTheyAre) {
    serveBytes(reverse);
    auto client = this->client({}, REVERSE_SERVER);
    for (const std::size_t size : {1U, 56U, 57U, 65536U}) {
        Bytes room(size - 1, 0xEE);
        std::size_t needed = 0;
        EXPECT_FALSE(client.callBytes(pattern(size), room, &needed));
        EXPECT_EQ(client.status(), CALC_IPC_STATUS_BUFFER_TOO_SMALL);
        EXPECT_EQ(needed, size);
        EXPECT_TRUE(room == Bytes(size - 1, 0xEE)) << "all or nothing";
        expectUsable(client);
    }
}

TEST_P(AnyBytes, AreNoResponseAndTheClientStaysUsable) {
    serveBytes(reverse);
    auto client = this->client({}, REVERSE_SERVER);
    EXPECT_FALSE(client.call(add(1, 2)));
    EXPECT_EQ(client.status(), CALC_IPC_STATUS_MALFORMED);
    expectUsable(client);
}

class BytesLimits : public UrlTest {};
INSTANTIATE_TEST_SUITE_P(Over, BytesLimits, schemes(), schemeOf);

TEST_P(BytesLimits, OfTheClientKeepAMessageFromBeingSent) {
    serveBytes(reverse, withLimit<ServerOptions>(1U << 20));
    auto client = this->client(withLimit<ClientOptions>(1000));
    EXPECT_TRUE(client.callBytes(pattern(1000)));
    for (const std::size_t size : {1001U, 100000U}) {
        EXPECT_EQ(failure(client, pattern(size)), CALC_IPC_STATUS_TOO_LARGE);
        expectUsable(client);
    }
}

TEST_P(BytesLimits, OfTheServerCloseTheConnectionAlone) {
    serveBytes(reverse, withLimit<ServerOptions>(1000));
    const auto options = withLimit<ClientOptions>(8U << 20);
    auto bystander = this->client(options);
    for (const std::size_t size : {1001U, 100000U, 8U << 20}) {
        auto client = this->client(options);
        EXPECT_TRUE(client.callBytes(pattern(1000)));
        EXPECT_EQ(failure(client, pattern(size)), CALC_IPC_STATUS_TOO_LARGE);
        EXPECT_TRUE(isLoss(failure(client, "abc"))) << client.status();
        expectUsable(bystander);
    }
}

TEST_P(BytesLimits, OfTheClientDropAnAnswer) {
    serveBytes(
        [](BytesView request, BytesRoom response) {
            const auto size = static_cast<std::size_t>(std::stoul(std::string(request.text())));
            std::fill_n(response.begin(), size, std::uint8_t{'x'});
            return size;
        },
        withLimit<ServerOptions>(1U << 20));
    auto client = this->client(withLimit<ClientOptions>(1000));
    for (const char *size : {"1001", "70000", "1048576"}) {
        EXPECT_EQ(failure(client, size), CALC_IPC_STATUS_TOO_LARGE);
        const auto answer = client.callBytes("1000");
        ASSERT_TRUE(answer) << calc_ipc_last_error();
        EXPECT_TRUE(*answer == Bytes(1000, 'x'));
    }
}

TEST_P(BytesLimits, OfTheServerAreTheHandlersRoom) {
    serveBytes(
        [](BytesView request, BytesRoom response) {
            EXPECT_NE(request.data(), nullptr);
            EXPECT_TRUE(response.size() == 5000);
            return request.empty() ? response.size() : response.size() + 1;
        },
        withLimit<ServerOptions>(5000));
    auto client = this->client();
    const auto answer = client.callBytes("");
    ASSERT_TRUE(answer) << calc_ipc_last_error();
    EXPECT_EQ(answer->size(), 5000U);
    EXPECT_EQ(failure(client, "one more"), CALC_IPC_STATUS_HANDLER_FAILED);
}

class BytesHandlers : public UrlTest {};
INSTANTIATE_TEST_SUITE_P(Over, BytesHandlers, schemes(), schemeOf);

TEST_P(BytesHandlers, MayFail) {
    serveBytes([](BytesView request, BytesRoom response) -> std::size_t {
        if (request.text() == "throw"sv) {
            throw std::runtime_error("on purpose");
        }
        if (request.text() == "throw no exception"sv) {
            throw 42;
        }
        return request.text() == "too much"sv ? response.size() + 1 : reverse(request, response);
    });
    auto client = this->client();
    for (const char *message : {"throw", "throw no exception", "too much"}) {
        EXPECT_EQ(failure(client, message), CALC_IPC_STATUS_HANDLER_FAILED);
        expectUsable(client);
    }
}

TEST_P(BytesHandlers, AreNotEmpty) {
    EXPECT_EQ(thrownBy([this] { const auto nobody = Server::bytes(url(), {}); }), CALC_IPC_STATUS_INVALID_ARGUMENT);
    serveBytes(reverse); // and the address is free
    auto client = this->client();
    expectUsable(client);
}

TEST_P(BytesHandlers, MayKnowRequests) {
    // The kinds are not negotiated: a body that happens to be a response is one.
    serveBytes([](BytesView request, BytesRoom response) {
        EXPECT_EQ(request.text(), "ADD 10 20");
        constexpr std::string_view answer = "OK 30";
        std::copy(answer.begin(), answer.end(), response.begin());
        return answer.size();
    });
    auto client = this->client();
    EXPECT_EQ(resultOf(client, add(10, 20)), 30);
}

TEST(BytesClients, MovedFromSayWhy) {
    Server server("tcp://127.0.0.1:0");
    Client first(server.url());
    const Client second = std::move(first);
    EXPECT_EQ(failure(first, "abc"), CALC_IPC_STATUS_INVALID_ARGUMENT);
}

} // namespace
