// Deadlines, and answers that come after them. No test here waits for time: the handler waits for the test.
#include "support.h"
#include "transport_test.h"

#include <calc_ipc.hpp>
#include <gtest/gtest.h>

using namespace calc_ipc;
#if !defined(_WIN32)
using support::Child;
#endif
using support::Gate;

namespace {

/// A handler that waits at the gate with every MUL, and calculates.
Handler slowAtMul(Gate &gate) {
    return [&gate](const Request &request) {
        if (request.op == Operation::MUL) {
            gate.pass();
        }
        return execute(request);
    };
}

ClientOptions impatient() {
    ClientOptions options;
    options.call_timeout_ms = 50;
    return options;
}

/// What an impatient client is answered in the end: on a busy machine, not always at once.
template <class Client> std::int64_t resultInTheEnd(Client &client, const Request &request) {
    while (true) {
        const auto response = client.call(request);
        if (response || response.status() != CALC_IPC_STATUS_TIMED_OUT) {
            EXPECT_TRUE(response && response->success) << response.message();
            return response ? response->result : -1;
        }
    }
}

template <class T> using Deadline = TransportTest<T>;
TYPED_TEST_SUITE(Deadline, Transports);

TYPED_TEST(Deadline, ALateAnswerIsNobodysAnswer) {
    Gate gate;
    auto server = this->address.server(slowAtMul(gate));
    server.startInBackground();
    auto client = this->address.client(impatient());
    // From now on each request reaches the server, and takes the place that was opened for it.
    EXPECT_EQ(resultInTheEnd(client, add(1, 2)), 3);
    for (std::int64_t i = 0; i < 3; ++i) {
        EXPECT_FALSE(client.call({Operation::MUL, 7, i}));
        EXPECT_EQ(client.status(), CALC_IPC_STATUS_TIMED_OUT);
        gate.open();
        // Its answer, 7 * i, is on its way now; this call's is another.
        EXPECT_EQ(resultInTheEnd(client, add(i, 1000)), i + 1000);
    }
}

TYPED_TEST(Deadline, AwaitingTheLateAnswerHasADeadlineToo) {
    Gate gate;
    auto server = this->address.server(slowAtMul(gate));
    server.startInBackground();
    auto client = this->address.client(impatient());
    for (int i = 0; i < 3; ++i) {
        EXPECT_FALSE(client.call({Operation::MUL, 7, 8}));
        EXPECT_EQ(client.status(), CALC_IPC_STATUS_TIMED_OUT);
    }
    // However many of the three the server got to see.
    for (int i = 0; i < 3; ++i) {
        gate.open();
    }
    EXPECT_EQ(resultInTheEnd(client, add(1, 2)), 3);
}

TYPED_TEST(Deadline, AServerThatDoesNotRunIsLate) {
    auto server = this->address.server();
    auto client = this->address.client(impatient());
    EXPECT_FALSE(client.call(add(1, 2)));
    EXPECT_EQ(client.status(), CALC_IPC_STATUS_TIMED_OUT);
    server.startInBackground();
    EXPECT_EQ(resultInTheEnd(client, add(3, 4)), 7);
}

#if !defined(_WIN32)
TYPED_TEST(Deadline, ASuspendedServerIsLateAndNeverWrong) {
    auto server = this->address.server();
    Child child([&] {
        server.run();
        return 0;
    });
    auto client = this->address.client(impatient());
    EXPECT_EQ(resultInTheEnd(client, add(1, 2)), 3);
    child.suspend();
    EXPECT_FALSE(client.call(add(10, 20)));
    EXPECT_EQ(client.status(), CALC_IPC_STATUS_TIMED_OUT);
    child.resume();
    EXPECT_EQ(resultInTheEnd(client, add(3, 4)), 7);
}
#endif

TYPED_TEST(Deadline, NoneIsNone) {
    Gate gate;
    auto server = this->address.server(slowAtMul(gate));
    server.startInBackground();
    ClientOptions patient;
    patient.call_timeout_ms = 0;
    auto client = this->address.client(patient);
    gate.open();
    EXPECT_EQ(resultOf(client, {Operation::MUL, 7, 8}), 56);
}

#if !defined(_WIN32)
TEST(PipeDeadline, ALateAnswerIsNobodysAnswer) {
    Gate gate;
    auto channel = PipeChannel::createWithServer(slowAtMul(gate), impatient());
    EXPECT_FALSE(channel.call({Operation::MUL, 7, 8}));
    EXPECT_EQ(channel.status(), CALC_IPC_STATUS_TIMED_OUT);
    gate.open();
    EXPECT_EQ(resultInTheEnd(channel, add(3, 4)), 7);
}
#endif

} // namespace
