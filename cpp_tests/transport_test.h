// What all transports promise is tested once, over each of them, with these.
#pragma once

#include "support.h"
#include "transports.h"

#include <calc_ipc.hpp>
#include <gtest/gtest.h>

#include <cstdint>
#include <filesystem>
#include <string>

/// Here comes the next one.
#if defined(_WIN32)
using Transports = ::testing::Types<NamedPipe, Shm, Tcp>;

/// None has a name in the file system.
template <class Transport> bool leftNothing(const Transport & /* address */) { return true; }
#else
using Transports = ::testing::Types<Fifo, Shm, Uds, SeqPacket, Tcp>;

/// Those whose addresses are names in the file system.
using NamedTransports = ::testing::Types<Fifo, Shm, Uds, SeqPacket>;

/// Whether no name is left in the file system.
template <class Named> bool leftNothing(const Named &address) {
    return address.dir.empty() && !std::filesystem::exists(address.file());
}
inline bool leftNothing(const Tcp & /* address */) { return true; } // it has none
#endif

/// A test of one transport, with an address of its own.
template <class T> class TransportTest : public ::testing::Test {
  protected:
    T address;
};

/// A request for `a + b`.
inline calc_ipc::Request add(std::int64_t a, std::int64_t b) { return {calc_ipc::Operation::ADD, a, b}; }

/// The result of a call that has to succeed; the test fails otherwise.
template <class Client> std::int64_t resultOf(Client &client, const calc_ipc::Request &request) {
    const auto response = client.call(request);
    if (!response) {
        ADD_FAILURE() << "no response: " << calc_ipc_status_message(client.status());
        return -1;
    }
    EXPECT_TRUE(response->success) << response->error;
    return response->result;
}

/// 10 / 0 has to be answered, and not with a result.
template <class Client> void expectDivisionByZeroFails(Client &client) {
    const auto response = client.call({calc_ipc::Operation::DIV, 10, 0});
    ASSERT_TRUE(response) << calc_ipc_status_message(client.status());
    EXPECT_FALSE(response->success);
    EXPECT_EQ(response->error, "Division by zero");
}

/// A handler that opens `entered` with every request, and waits at `leave` before it calculates.
inline calc_ipc::Handler heldHandler(support::Gate &entered, support::Gate &leave) {
    return [&](const calc_ipc::Request &request) {
        entered.open();
        leave.pass();
        return calc_ipc::execute(request);
    };
}

/// The status of the Error that `action` has to throw.
template <class Action> calc_ipc_status thrownBy(Action action) {
    try {
        action();
    } catch (const calc_ipc::Error &error) {
        return error.status();
    }
    ADD_FAILURE() << "nothing was thrown";
    return CALC_IPC_STATUS_OK;
}

/// Whether a call ended because the server is gone; which of the two it is, is best effort.
inline bool isLoss(calc_ipc_status status) {
    return status == CALC_IPC_STATUS_CLOSED || status == CALC_IPC_STATUS_PEER_DIED;
}
