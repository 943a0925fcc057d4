// A program written for the tutorial, after its one change: other includes, and this using.
#include <calc_ipc.hpp>

#include "support.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <optional>
#include <string>
#include <thread>
#include <type_traits>
#include <vector>

using namespace calc_ipc;

namespace {

static_assert(std::is_aggregate_v<Request> && std::is_aggregate_v<Response>);
static_assert(std::is_same_v<Handler, std::function<Response(const Request &)>>);

TEST(Tutorial, Protocol) {
    Request req{Operation::ADD, 10, 20};
    std::vector<uint8_t> data = serialize(req);
    std::optional<Request> parsed = deserializeRequest(data);
    ASSERT_TRUE(parsed.has_value());
    EXPECT_EQ(parsed->op, Operation::ADD);

    Response resp = {true, 42, ""};
    std::optional<Response> answer = deserializeResponse(serialize(resp));
    ASSERT_TRUE(answer.has_value());
    EXPECT_EQ(answer->result, 42);

    std::string name = opToString(req.op);
    EXPECT_EQ(name, "ADD");
    EXPECT_EQ(stringToOp("DIV").value(), Operation::DIV);
    EXPECT_FALSE(stringToOp("MOD").has_value());
    EXPECT_EQ(execute({Operation::MUL, 7, 8}).result, 56);
}

#if !defined(_WIN32)
TEST(Tutorial, RawPipe) {
    int to_child[2];
    int to_parent[2];
    ASSERT_EQ(pipe(to_child), 0);
    ASSERT_EQ(pipe(to_parent), 0);
    pid_t pid = fork();
    ASSERT_GE(pid, 0);
    if (pid == 0) {
        close(to_child[1]);
        close(to_parent[0]);
        auto msg = recvMessage(to_child[0]);
        if (!msg)
            _exit(1);
        auto req = deserializeRequest(*msg);
        if (!req)
            _exit(2);
        _exit(sendMessage(to_parent[1], serialize(execute(*req))) ? 0 : 3);
    }
    close(to_child[0]);
    close(to_parent[1]);
    EXPECT_TRUE(sendMessage(to_child[1], serialize(Request{Operation::ADD, 10, 20})));
    auto msg = recvMessage(to_parent[0]);
    ASSERT_TRUE(msg.has_value());
    EXPECT_EQ(deserializeResponse(*msg)->result, 30);
    close(to_child[1]);
    close(to_parent[0]);
    int status = 0;
    waitpid(pid, &status, 0);
    EXPECT_EQ(WEXITSTATUS(status), 0);
}

TEST(Tutorial, PipeChannel) {
    Handler handler = execute;
    auto channel = PipeChannel::createWithServer(handler);
    auto resp = channel.call({Operation::ADD, 10, 20});
    ASSERT_TRUE(resp.has_value());
    EXPECT_EQ(resp->result, 30);
    channel.call({Operation::ADD, 1, 2});
}

TEST(Tutorial, Fifo) {
    const support::TempDir dir;
    const std::string req = dir / "req";
    const std::string resp = dir / "resp";
    auto server = FIFOServer::create(req, resp, execute);
    std::thread serving([&] { server.run(); });
    {
        FIFOClient client(req, resp);
        EXPECT_EQ(client.call({Operation::SUB, 50, 30})->result, 20);
    }
    serving.join();
}
#endif

TEST(Tutorial, SharedMemory) {
    const std::string name = "/calc_ipc_tutorial_" + std::to_string(support::processId());
    const std::string sem_req = name + "_req";
    const std::string sem_resp = name + "_resp";
    auto server = ShmServer::create(name, sem_req, sem_resp, execute);
    server.startInBackground();
    ShmClient client(name, sem_req, sem_resp);
    EXPECT_EQ(client.call({Operation::MUL, 1000000, 1000000})->result, 1000000000000LL);
    server.stop();
}

TEST(Tutorial, Tcp) {
    TCPServer server("127.0.0.1", 0, execute);
    server.startInBackground();
    TCPClient client("127.0.0.1", server.port());
    EXPECT_EQ(client.call({Operation::ADD, 10, 20})->result, 30);
    server.stop();
}

TEST(Tutorial, Spawn) {
    auto channel = PipeChannel::spawn({PIPE_SERVER});
    EXPECT_EQ(channel.call({Operation::ADD, 10, 20})->result, 30);
}

#if defined(_WIN32)
TEST(Tutorial, NamedPipe) {
    const std::string name = "calc_ipc_tutorial_" + std::to_string(support::processId());
    NamedPipeServer server(name, [](const Request &req) { return execute(req); });
    server.startInBackground();
    NamedPipeClient client(name);
    auto resp = client.call({Operation::DIV, 10, 0});
    ASSERT_TRUE(resp.has_value());
    EXPECT_FALSE(resp->success);
    EXPECT_EQ(resp->error, "Division by zero");
    server.stop();
}
#else
TEST(Tutorial, UnixSocket) {
    const support::TempDir dir;
    UDSServer server(dir / "calc.sock", [](const Request &req) { return execute(req); });
    server.startInBackground();
    UDSClient client(dir / "calc.sock");
    auto resp = client.call({Operation::DIV, 10, 0});
    ASSERT_TRUE(resp.has_value());
    EXPECT_FALSE(resp->success);
    EXPECT_EQ(resp->error, "Division by zero");
    server.stop();
}
#endif

} // namespace
