// Handlers that can only be moved, which std::function does not hold: every server and pipe takes them.
#include "reverse.h"
#include "transport_test.h"
#include "urls.h"

#include <calc_ipc.hpp>
#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <type_traits>
#include <utility>

using namespace calc_ipc;

namespace {

/// Adds 1000 to the first argument.
auto adds1000() {
    return [thousand = std::make_unique<std::int64_t>(1000)](const Request &request) {
        return Response{true, request.arg1 + *thousand};
    };
}
static_assert(!std::is_copy_constructible_v<decltype(adds1000())>);

/// The server serves with what `adds1000` gave, moved before and after it starts, and on its last call.
template <class AServer, class MakeClient> void expectServes(AServer server, MakeClient client) {
    AServer moved = std::move(server);
    moved.startInBackground();
    const AServer again = std::move(moved);
    auto asking = client();
    EXPECT_EQ(resultOf(asking, add(1, 0)), 1001);
    EXPECT_EQ(resultOf(asking, add(2, 0)), 1002);
}

#if !defined(_WIN32)
TEST(MoveOnlyHandlers, ServeOverFifos) {
    const Fifo address;
    const auto client = [&] { return address.client(); };
    expectServes(FIFOServer(address.request, address.response, adds1000()), client);
    expectServes(FIFOServer::create(address.request, address.response, adds1000()), client);
}
#endif

TEST(MoveOnlyHandlers, ServeOverSharedMemory) {
    const Shm address;
    const auto client = [&] { return address.client(); };
    expectServes(ShmServer::create(address.segment, adds1000()), client);
    expectServes(ShmServer::create(address.segment, "/sem_req", "/sem_resp", adds1000()), client);
}

TEST(MoveOnlyHandlers, ServeOverTheUsualTransport) {
    const Usual address;
    expectServes(Usual::Server(address.place(), adds1000()), [&] { return address.client(); });
}

TEST(MoveOnlyHandlers, ServeOverTcp) {
    const Tcp address;
    expectServes(TCPServer(address.host, address.port, adds1000()), [&] { return address.client(); });
}

class MoveOnlyHandlersOver : public UrlTest {};
INSTANTIATE_TEST_SUITE_P(Any, MoveOnlyHandlersOver, schemes(), schemeOf);

TEST_P(MoveOnlyHandlersOver, Serve) {
    Server made(url(), adds1000());
    const std::string bound = made.url();
    expectServes(std::move(made), [&] { return Client(bound); });
}

TEST_P(MoveOnlyHandlersOver, ServeMessages) {
    server = Server::bytes(
        url(), [mark = std::make_unique<std::uint8_t>(std::uint8_t{'!'})](BytesView request, BytesRoom response) {
            reverse(request, response);
            response.data()[request.size()] = *mark;
            return request.size() + 1;
        });
    server->startInBackground();
    auto client = this->client();
    const auto answer = client.callBytes("abc");
    ASSERT_TRUE(answer) << answer.message();
    EXPECT_EQ(BytesView(*answer).text(), "cba!");
}

#if !defined(_WIN32)
TEST(MoveOnlyHandlers, ServeAPipe) {
    auto channel = PipeChannel::createWithServer(adds1000());
    EXPECT_EQ(resultOf(channel, add(1, 0)), 1001);
}

TEST(MoveOnlyHandlers, ServeDescriptors) {
    support::Pipe requests;
    support::Pipe responses;
    std::thread server([&] { servePipe(requests.readEnd(), responses.writeEnd(), adds1000()); });
    EXPECT_TRUE(sendMessage(requests.writeEnd(), serialize(add(1, 0))));
    const auto frame = recvMessage(responses.readEnd());
    ASSERT_TRUE(frame);
    const auto response = deserializeResponse(*frame);
    requests.closeWrite();
    server.join();
    ASSERT_TRUE(response);
    EXPECT_EQ(response->result, 1001);
}
#endif

TEST(MoveOnlyHandlers, EndWithTheirServer) {
    const Usual address;
    auto kept = std::make_shared<int>(1);
    {
        Usual::Server server(address.place(), [kept, only = std::make_unique<int>(2)](const Request & /* request */) {
            return Response{true, *kept + *only};
        });
        server.startInBackground();
        auto client = address.client();
        EXPECT_EQ(resultOf(client, {}), 3);
        EXPECT_EQ(kept.use_count(), 2);
    }
    EXPECT_EQ(kept.use_count(), 1);
}

/// Whether a server with this handler is the calculator's.
template <class AHandler> bool isCalculator(AHandler &&handler) {
    const Usual address;
    Usual::Server server(address.place(), std::forward<AHandler>(handler));
    server.startInBackground();
    auto client = address.client();
    return resultOf(client, add(10, 20)) == 30;
}

Response halves(const Request &request) { return {true, request.arg1 / 2}; }

TEST(MoveOnlyHandlers, MayBeNoneAsBefore) {
    using Function = Response (*)(const Request &);
    EXPECT_TRUE(isCalculator(Handler()));
    EXPECT_TRUE(isCalculator(nullptr));
    EXPECT_TRUE(isCalculator(Function()));
    EXPECT_TRUE(isCalculator(execute));
    EXPECT_FALSE(isCalculator(halves));
    EXPECT_FALSE(isCalculator(&halves));
    EXPECT_FALSE(isCalculator(Handler(halves)));
    EXPECT_FALSE(isCalculator([](const Request &request) { return halves(request); }));
    const Handler constant = halves;
    EXPECT_FALSE(isCalculator(constant));
    const Usual address;
    const Usual::Server braces(address.place(), {}, {});
}

} // namespace
