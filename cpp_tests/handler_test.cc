// Handlers of one's own, over every transport.
#include "transport_test.h"

#include <calc_ipc.hpp>
#include <gtest/gtest.h>

#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

using namespace calc_ipc;

namespace {

template <class T> using HandlerTest = TransportTest<T>;
TYPED_TEST_SUITE(HandlerTest, Transports);

TYPED_TEST(HandlerTest, AnswersWhatItLikes) {
    auto server = this->address.server([](const Request &request) {
        EXPECT_EQ(request.op, Operation::DIV);
        return Response{true, request.arg1 * 100 + request.arg2};
    });
    server.startInBackground();
    auto client = this->address.client();
    EXPECT_EQ(resultOf(client, {Operation::DIV, 4, 2}), 402);
}

TYPED_TEST(HandlerTest, IsExecuteIfEmpty) {
    auto server = this->address.server(Handler());
    server.startInBackground();
    auto client = this->address.client();
    EXPECT_EQ(resultOf(client, {Operation::MUL, 6, 7}), 42);
}

TYPED_TEST(HandlerTest, RunsOnOneThreadUnlessToldOtherwise) {
    // The count is no atomic: helgrind and the result would show two threads here.
    auto server = this->address.server([calls = 0](const Request & /* request */) mutable {
        return Response{true, ++calls};
    });
    server.startInBackground();
    constexpr int threads = 4;
    constexpr int calls = 50;
    std::vector<std::thread> clients;
    for (int i = 0; i < threads; ++i) {
        clients.emplace_back([&] {
            auto client = this->address.client();
            for (int call = 0; call < calls; ++call) {
                EXPECT_GT(resultOf(client, {}), 0);
            }
        });
    }
    for (std::thread &thread : clients) {
        thread.join();
    }
    auto client = this->address.client();
    EXPECT_EQ(resultOf(client, {}), threads * calls + 1);
}

TYPED_TEST(HandlerTest, MayThrow) {
    auto server = this->address.server([](const Request &request) -> Response {
        switch (request.op) {
        case Operation::ADD:
            throw std::runtime_error("no abacus");
        case Operation::SUB:
            throw std::runtime_error(std::string(1000, 'x') + "\n");
        case Operation::MUL:
            throw 42;
        default:
            return execute(request);
        }
    });
    server.startInBackground();
    auto client = this->address.client();
    const auto errorOf = [&](Operation op) {
        const auto response = client.call({op, 1, 1});
        return response && !response->success ? response->error : "(no error)";
    };
    EXPECT_EQ(errorOf(Operation::ADD), "no abacus");
    EXPECT_EQ(errorOf(Operation::SUB), std::string(255, 'x'));
    EXPECT_EQ(errorOf(Operation::MUL), "Handler failed");
    EXPECT_EQ(resultOf(client, {Operation::DIV, 8, 2}), 4);
}

TYPED_TEST(HandlerTest, ErrorTextArrivesFitToTravel) {
    auto server = this->address.server([](const Request & /* request */) {
        return Response{false, 0, "line\none " + std::string(254, 'x')};
    });
    server.startInBackground();
    auto client = this->address.client();
    const auto response = client.call(add(1, 2));
    ASSERT_TRUE(response);
    EXPECT_FALSE(response->success);
    EXPECT_EQ(response->error, "line?one " + std::string(246, 'x'));
}

TYPED_TEST(HandlerTest, LivesAsLongAsItsServer) {
    std::weak_ptr<int> observed;
    {
        auto state = std::make_shared<int>(7);
        observed = state;
        auto server = this->address.server([state](const Request & /* request */) { return Response{true, *state}; });
        state.reset();
        server.startInBackground();
        auto client = this->address.client();
        EXPECT_EQ(resultOf(client, {}), 7);
        EXPECT_FALSE(observed.expired());
    }
    EXPECT_TRUE(observed.expired());
}

TYPED_TEST(HandlerTest, CannotWaitForItsOwnServerToStop) {
    typename TypeParam::Server *self = nullptr;
    auto server = this->address.server([&](const Request & /* request */) { return Response{true, self->stop()}; });
    self = &server;
    server.startInBackground();
    auto client = this->address.client();
    EXPECT_EQ(resultOf(client, {}), CALC_IPC_STATUS_BUSY);
    EXPECT_EQ(resultOf(client, {}), CALC_IPC_STATUS_BUSY);
}

TYPED_TEST(HandlerTest, MayAskItsOwnServerToStop) {
    typename TypeParam::Server *self = nullptr;
    auto server = this->address.server([&](const Request &request) {
        self->requestStop();
        return execute(request);
    });
    self = &server;
    std::thread caller([&] {
        auto client = this->address.client();
        client.call(add(1, 2));
    });
    server.run();
    caller.join();
}

} // namespace
