// Any transport by its URL: the same program, another string.
#include "urls.h"

#include <calc_ipc.hpp>
#include <gtest/gtest.h>

#include <filesystem>
#include <stdexcept>
#include <string>
#include <utility>

using namespace calc_ipc;

namespace {

class Urls : public UrlTest {};
INSTANTIATE_TEST_SUITE_P(Over, Urls, allSchemes(), schemeOf);

TEST_P(Urls, NameAServerThatCalculates) {
    serve(execute);
    auto client = this->client({}, PIPE_SERVER);
    EXPECT_EQ(resultOf(client, {Operation::ADD, 10, 20}), 30);
    EXPECT_EQ(resultOf(client, {Operation::MUL, 7, 8}), 56);
    EXPECT_EQ(resultOf(client, {Operation::SUB, 100, 30}), 70);
    EXPECT_EQ(resultOf(client, {Operation::DIV, 100, 4}), 25);
    const auto response = client.call({Operation::DIV, 10, 0});
    ASSERT_TRUE(response);
    EXPECT_FALSE(response->success);
    EXPECT_EQ(response->error, "Division by zero");
}

TEST_P(Urls, NameAServerThatCountsWhatItDoes) {
    if (isExec()) {
        return; // The client alone knows of its server.
    }
    serve();
    auto asker = client();
    ASSERT_TRUE(asker.call({Operation::ADD, 1, 2}) && asker.call({Operation::DIV, 1, 0}));
    const calc_ipc_stats stats = server->stats();
    EXPECT_EQ(stats.requests, 2U);
    EXPECT_EQ(stats.clients, 1U);
    EXPECT_EQ(stats.failed, 0U);
    EXPECT_EQ(stats.bytes_in, std::string("ADD 1 2DIV 1 0").size());
    EXPECT_EQ(stats.bytes_out, std::string("OK 3ERR Division by zero").size());
}

TEST_P(Urls, OfNobodyAreNotConnected) {
    const std::string nobody = "/nonexistent-calc_ipc/program";
    EXPECT_EQ(thrownBy([&] { Client client(std::string(GetParam()) == "tcp" ? "tcp://127.0.0.1:1" : url(nobody)); }),
              CALC_IPC_STATUS_NOT_CONNECTED);
}

class ServerUrls : public UrlTest {};
INSTANTIATE_TEST_SUITE_P(Over, ServerUrls, schemes(), schemeOf);

TEST_P(ServerUrls, AreThoseForClients) {
    Server first(url());
    if (std::string(GetParam()) == "tcp") {
        EXPECT_NE(first.url(), url()) << "the port is the real one";
    } else {
        EXPECT_EQ(first.url(), url());
    }
    EXPECT_EQ(thrownBy([&] { Server second(first.url()); }), CALC_IPC_STATUS_ADDRESS_IN_USE);
    first.startInBackground();
    Client client(first.url());
    EXPECT_EQ(resultOf(client, add(1, 2)), 3);
    const Server moved = std::move(first);
    EXPECT_EQ(first.url(), "");
    EXPECT_NE(moved.url(), "");
}

TEST_P(ServerUrls, MayNameAHandlerOfOnesOwn) {
    serve([](const Request &request) -> Response {
        if (request.op == Operation::DIV) {
            throw std::runtime_error("no abacus");
        }
        return {true, request.arg1 * 100 + request.arg2};
    });
    auto client = this->client();
    EXPECT_EQ(resultOf(client, add(4, 2)), 402);
    const auto response = client.call({Operation::DIV, 1, 1});
    ASSERT_TRUE(response);
    EXPECT_EQ(response->error, "no abacus");
}

#if !defined(_WIN32)
TEST(UrlForms, AreDecodedOnce) {
    const support::TempDir dir;
    Server server("unix://" + (dir / "a%20b%2525%3F%C3%BC"));
    EXPECT_TRUE(std::filesystem::exists(dir / "a b%25?ü"));
    EXPECT_EQ(server.url(), "unix://" + (dir / "a%20b%2525%3F%C3%BC"));
    const UDSClient direct(dir / "a b%25?ü");
}
#endif

TEST(UrlForms, OtherThanTheseAreInvalid) {
    for (const char *url :
         {"",          "/tmp/socket",     "unix",          "unix://",          "unix://relative",       "unix:/a",
          "UNIX:///a", "unix:///a?b",     "unix:///a#b",   "unix:///%",        "unix:///%zz",           "unix:///%00",
          "shm://",    "tcp://localhost", "tcp://:1",      "tcp://localhost:", "tcp://localhost:65536", "tcp://::1:1",
          "stdio",     "npipe://",        "npipe:///calc", "npipe://a%5Cb",    "http://localhost:1"}) {
        EXPECT_EQ(thrownBy([&] { Server server(url); }), CALC_IPC_STATUS_INVALID_ARGUMENT) << url;
        EXPECT_EQ(thrownBy([&] { Client client(url); }), CALC_IPC_STATUS_INVALID_ARGUMENT) << url;
    }
}

TEST(UrlForms, OfOtherMachinesPipesAreUnsupported) {
    for (const char *url : {"npipe://host/calc", "npipe:////host/pipe/calc"}) {
        EXPECT_EQ(thrownBy([&] { Server server(url); }), CALC_IPC_STATUS_UNSUPPORTED) << url;
        EXPECT_EQ(thrownBy([&] { Client client(url); }), CALC_IPC_STATUS_UNSUPPORTED) << url;
    }
}

TEST(UrlForms, HaveTheirSide) {
    EXPECT_EQ(thrownBy([] { Server server("exec:///bin/true"); }), CALC_IPC_STATUS_INVALID_ARGUMENT);
    EXPECT_EQ(thrownBy([] { Client client("stdio:"); }), CALC_IPC_STATUS_INVALID_ARGUMENT);
}

TEST(UrlForms, ThatAreInvalidAreNamed) {
    try {
        Server server("unix://relative");
        FAIL();
    } catch (const Error &error) {
        EXPECT_NE(std::string(error.what()).find("unix://relative"), std::string::npos) << error.what();
    }
}

} // namespace
