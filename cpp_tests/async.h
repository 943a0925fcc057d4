// What the suites of calls that are not waited for share.
#pragma once

#include "support.h"
#include "urls.h"

#include <calc_ipc.hpp>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <future>
#include <string>
#include <vector>

/// Longer than any test may take.
constexpr std::chrono::milliseconds FOR_EVER = std::chrono::milliseconds::max();

/// A client of a server that calculates, or reverses messages.
class AsyncTest : public UrlTest {
  protected:
    /// No handler waits any longer.
    void TearDown() override {
        for (unsigned i = 0; i < CALC_IPC_IN_FLIGHT_MAX; ++i) {
            gate.open();
        }
        UrlTest::TearDown();
    }

    calc_ipc::Client calculating(const calc_ipc::ClientOptions &options = {}) {
        serve();
        return client(options, PIPE_SERVER);
    }

    calc_ipc::Client reversing(std::uint32_t max_message = 65536) {
        serveBytes(
            [](calc_ipc::BytesView request, calc_ipc::BytesRoom room) {
                std::reverse_copy(request.begin(), request.end(), room.begin());
                return request.size();
            },
            withLimit<calc_ipc::ServerOptions>(max_message));
        return client(withLimit<calc_ipc::ClientOptions>(max_message), REVERSE_SERVER);
    }

    /// A client of a server that answers nothing before the test opens the gate, once for each, or ends.
    calc_ipc::Client held(const calc_ipc::ClientOptions &options = {}) {
        serve([this](const calc_ipc::Request &request) {
            gate.pass();
            return calc_ipc::execute(request);
        });
        return client(options);
    }

    /// Dispatches until so many calls have been told, as `told` counts.
    template <class Count>
    ::testing::AssertionResult dispatchUntil(calc_ipc::Client &client, const Count &told, std::size_t count) {
        while (told() < count) {
            if (const auto status = client.dispatch(FOR_EVER)) {
                return ::testing::AssertionFailure() << status << ": " << calc_ipc_last_error();
            }
        }
        return ::testing::AssertionSuccess();
    }

    support::Gate gate;
};

/// Whether get() would not wait.
template <class Value> bool isReady(const std::future<Value> &future) {
    return future.wait_for(std::chrono::seconds(0)) == std::future_status::ready;
}

/// Messages as long as a buffer of any length may be wrong for.
inline std::vector<std::size_t> lengths(std::size_t max_message) {
    return {0, 1, 300, 4095, 4096, 4097, 8192, max_message - 1, max_message};
}

/// `length` bytes, of which each differs from its neighbours.
inline std::string bytesOf(std::size_t length) {
    std::string bytes(length, '\0');
    for (std::size_t i = 0; i < length; ++i) {
        bytes[i] = static_cast<char>(i * 31 % 251);
    }
    return bytes;
}
