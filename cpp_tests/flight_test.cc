// Calls that nobody waits for, through the C interface, in an event loop as a host has it.
#include "support.h"
#include "urls.h"

#include <calc_ipc.hpp>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <set>
#include <string>
#include <vector>

using namespace calc_ipc;

namespace {

/// A client of the C interface.
class CClient {
  public:
    explicit CClient(const std::string &url) {
        EXPECT_EQ(calc_ipc_client_create(url.c_str(), nullptr, &client_), CALC_IPC_STATUS_OK) << calc_ipc_last_error();
    }
    ~CClient() { calc_ipc_client_destroy(client_); }
    CClient(const CClient &) = delete;
    CClient &operator=(const CClient &) = delete;

    const calc_ipc_client *get() const { return client_; }

    /// The status of submitting a message.
    calc_ipc_status submit(const std::string &message, std::uint64_t tag = 0, std::uint64_t *id = nullptr,
                           std::uint32_t timeout = CALC_IPC_TIMEOUT_NONE) const {
        const auto *bytes = reinterpret_cast<const std::uint8_t *>(message.data());
        return calc_ipc_client_submit(client_, timeout, bytes, message.size(), tag, id);
    }

    /// Waits for a completion; puts the answer at `answer`.
    calc_ipc_status next(std::string &answer, std::uint32_t timeout = 60'000) {
        answer.assign(70'000, '\0');
        auto *room = reinterpret_cast<std::uint8_t *>(answer.data());
        done = {};
        done.size = sizeof done;
        const auto status = calc_ipc_client_next(client_, timeout, room, answer.size(), &done);
        answer.resize(status == CALC_IPC_STATUS_OK ? static_cast<std::size_t>(done.length) : 0);
        return status;
    }

    calc_ipc_completion done{};

  private:
    calc_ipc_client *client_ = nullptr;
};

class Flight : public UrlTest {
  protected:
    /// Serves so that each message is answered with the reverse of it.
    void serveReverse() {
        serveBytes([](BytesView request, BytesRoom room) {
            std::reverse_copy(request.begin(), request.end(), room.begin());
            return request.size();
        });
    }
    std::string address() const { return isExec() ? url(REVERSE_SERVER) : server->url(); }
};
INSTANTIATE_TEST_SUITE_P(Over, Flight, allSchemes(), schemeOf);

TEST_P(Flight, EachHasOneCompletionInAnEventLoop) {
    serveReverse();
    CClient client(address());
    support::Watched watched{};
    ASSERT_EQ(support::watchedOfClient(client.get(), &watched), CALC_IPC_STATUS_OK) << calc_ipc_last_error();
    constexpr std::uint64_t ROUNDS = 20;
    std::uint64_t told = 0;
    std::uint64_t asked = 0;
    std::string answer;
    while (told < ROUNDS * CALC_IPC_IN_FLIGHT_MAX) {
        while (asked < ROUNDS * CALC_IPC_IN_FLIGHT_MAX && asked < told + CALC_IPC_IN_FLIGHT_MAX) {
            std::uint64_t id = 0;
            ASSERT_EQ(client.submit(std::to_string(asked) + "x", asked, &id), CALC_IPC_STATUS_OK);
            ASSERT_EQ(id, ++asked);
        }
        ASSERT_TRUE(support::wakes(watched, 60'000)) << "the loop is never woken";
        calc_ipc_status status = CALC_IPC_STATUS_OK;
        while ((status = client.next(answer, 0)) == CALC_IPC_STATUS_OK) {
            ASSERT_EQ(client.done.status, CALC_IPC_STATUS_OK);
            ASSERT_EQ(client.done.tag, told);
            std::string expected = std::to_string(told++) + "x";
            std::reverse(expected.begin(), expected.end());
            ASSERT_EQ(answer, expected);
        }
        ASSERT_EQ(status, CALC_IPC_STATUS_TIMED_OUT);
    }
    EXPECT_EQ(client.next(answer, 0), CALC_IPC_STATUS_TIMED_OUT);
    support::Watched again{};
    EXPECT_EQ(support::watchedOfClient(client.get(), &again), CALC_IPC_STATUS_OK);
    EXPECT_EQ(again, watched) << "the same for the client's life";
    // Whoever waits may have the connection again.
    std::array<std::uint8_t, 8> room{};
    std::size_t length = 0;
    const std::array<std::uint8_t, 2> message{1, 2};
    EXPECT_EQ(calc_ipc_client_call_bytes(client.get(), message.data(), 2, room.data(), room.size(), &length),
              CALC_IPC_STATUS_OK);
}

TEST_P(Flight, ACompletionTellsWhatItsSizeHasRoomFor) {
    serveReverse();
    CClient client(address());
    struct {
        calc_ipc_completion known;
        std::array<std::uint8_t, 8> later;
        std::array<std::uint8_t, 8> beyond;
    } out{};
    std::array<std::uint8_t, 3> room{};
    ASSERT_EQ(client.submit("four", 7), CALC_IPC_STATUS_OK);
    for (const std::uint32_t size : {0U, 39U, 4097U, ~0U}) {
        out.known.size = size;
        EXPECT_EQ(calc_ipc_client_next(client.get(), 60'000, room.data(), room.size(), &out.known),
                  CALC_IPC_STATUS_INVALID_ARGUMENT);
    }
    std::memset(&out, 0x55, sizeof out);
    out.known.size = sizeof out.known + sizeof out.later;
    EXPECT_EQ(calc_ipc_client_next(client.get(), 60'000, room.data(), room.size(), &out.known),
              CALC_IPC_STATUS_BUFFER_TOO_SMALL);
    EXPECT_EQ(out.known.length, 4U);
    EXPECT_EQ(out.known.size, sizeof out.known + sizeof out.later);
    EXPECT_EQ(out.later, decltype(out.later){}) << "zeros where this version knows nothing";
    EXPECT_EQ(out.beyond[0], 0x55);
    std::string answer;
    ASSERT_EQ(client.next(answer), CALC_IPC_STATUS_OK) << "it stays the first";
    EXPECT_EQ(answer, "ruof");
    EXPECT_EQ(client.done.tag, 7U);
}

TEST_P(Flight, NoTimeIsNone) {
    serveReverse();
    CClient client(address());
    EXPECT_EQ(client.submit("x", 0, nullptr, 0), CALC_IPC_STATUS_INVALID_ARGUMENT);
    EXPECT_TRUE(calc_ipc_last_not_executed());
    std::string answer;
    EXPECT_EQ(client.next(answer, CALC_IPC_TIMEOUT_DEFAULT), CALC_IPC_STATUS_INVALID_ARGUMENT);
    EXPECT_EQ(client.next(answer, 1), CALC_IPC_STATUS_TIMED_OUT);
}

/// With a server that the test can end.
class ServedFlight : public Flight {};
INSTANTIATE_TEST_SUITE_P(Over, ServedFlight, schemes(), schemeOf);

TEST_P(ServedFlight, TheEndOfTheServerEndsEachCallOnce) {
    support::Gate gate;
    serveBytes([&gate](BytesView, BytesRoom) -> std::size_t {
        gate.pass();
        return 0;
    });
    CClient client(address());
    std::set<std::uint64_t> tags;
    for (std::uint64_t tag = 0; tag < CALC_IPC_IN_FLIGHT_MAX; ++tag) {
        ASSERT_EQ(client.submit("x", tag), CALC_IPC_STATUS_OK);
        tags.insert(tag);
    }
    EXPECT_EQ(client.submit("x"), CALC_IPC_STATUS_BUSY);
    server->requestStop();
    gate.open(); // It ends with the handler that runs.
    server.reset();
    std::string answer;
    while (!tags.empty()) {
        ASSERT_EQ(client.next(answer), CALC_IPC_STATUS_OK) << calc_ipc_last_error();
        EXPECT_EQ(tags.erase(client.done.tag), 1U) << "each once";
        if (client.done.status != CALC_IPC_STATUS_OK) {
            EXPECT_EQ(client.done.length, 0U);
            EXPECT_NE(std::string(calc_ipc_last_error()), "");
        }
    }
    EXPECT_EQ(client.next(answer, 0), CALC_IPC_STATUS_TIMED_OUT);
    EXPECT_NE(client.submit("x"), CALC_IPC_STATUS_OK);
}

#if !defined(_WIN32)
TEST_P(Flight, AForkedChildHasNone) {
    serveReverse();
    CClient client(address());
    ASSERT_EQ(client.submit("x"), CALC_IPC_STATUS_OK);
    support::Child child([&] {
        std::string answer;
        int fd = -1;
        return client.next(answer, 0) == CALC_IPC_STATUS_FORKED && client.submit("x") == CALC_IPC_STATUS_FORKED &&
                       calc_ipc_client_cancel(client.get(), 1) == CALC_IPC_STATUS_FORKED &&
                       calc_ipc_client_fd(client.get(), &fd) == CALC_IPC_STATUS_FORKED
                   ? 0
                   : 1;
    });
    EXPECT_EQ(child.wait(), 0);
    std::string answer;
    EXPECT_EQ(client.next(answer), CALC_IPC_STATUS_OK);
    EXPECT_EQ(answer, "x");
}
#endif

} // namespace
