// Named pipes of Windows, and what other systems say of them.
#include "transport_test.h"

#include <calc_ipc.hpp>
#include <gtest/gtest.h>

#include <cctype>
#include <string>

using namespace calc_ipc;

namespace {

#if defined(_WIN32)

/// Whether a client of the server at `name` gets an answer.
template <class Name> bool isServed(const Name &name) {
    NamedPipeClient client(name);
    return resultOf(client, add(1, 2)) == 3;
}

TEST(NamedPipes, AreKnownByNameAndByPathAndByUrlInAnyCase) {
    const NamedPipe address;
    NamedPipeServer server(R"(\\.\pipe\)" + address.name);
    server.startInBackground();
    EXPECT_TRUE(isServed(address.name));
    EXPECT_TRUE(isServed(R"(\\.\PIPE\)" + address.name));
    std::string upper = address.name;
    for (char &letter : upper) {
        letter = static_cast<char>(std::toupper(static_cast<unsigned char>(letter)));
    }
    EXPECT_TRUE(isServed(upper));
    Client by_url("npipe:////./pipe/" + address.name);
    EXPECT_EQ(resultOf(by_url, add(1, 2)), 3);
    EXPECT_EQ(thrownBy([&] { NamedPipeServer second(upper); }), CALC_IPC_STATUS_ADDRESS_IN_USE);
}

TEST(NamedPipes, HaveNamesThatWindowsKeepsApart) {
    for (const char *name : {"", "a/b", R"(a\b)", R"(\\.\pipe\)", ".", "a.", "a "}) {
        EXPECT_EQ(thrownBy([&] { NamedPipeServer server(name); }), CALC_IPC_STATUS_INVALID_ARGUMENT) << name;
        EXPECT_EQ(thrownBy([&] { NamedPipeClient client(name); }), CALC_IPC_STATUS_INVALID_ARGUMENT) << name;
    }
    const std::string remote = R"(\\host\pipe\calc)";
    EXPECT_EQ(thrownBy([&] { NamedPipeServer server(remote); }), CALC_IPC_STATUS_UNSUPPORTED);
    EXPECT_EQ(thrownBy([&] { NamedPipeClient client(remote); }), CALC_IPC_STATUS_UNSUPPORTED);
}

TEST(NamedPipes, CarryFramesForWhoeverOpensOne) {
    const NamedPipe address;
    auto server = address.server();
    server.startInBackground();
    const HANDLE pipe = CreateFileA((R"(\\.\pipe\)" + address.name).c_str(), 0x12019B, 0, nullptr, OPEN_EXISTING,
                                    SECURITY_SQOS_PRESENT | SECURITY_IDENTIFICATION, nullptr);
    ASSERT_NE(pipe, INVALID_HANDLE_VALUE) << GetLastError();
    DWORD mode = PIPE_READMODE_MESSAGE; // a message is a frame
    ASSERT_TRUE(SetNamedPipeHandleState(pipe, &mode, nullptr, nullptr));
    const auto request = serialize(add(10, 20));
    std::vector<std::uint8_t> answer(CALC_IPC_FRAME_MAX);
    DWORD count = 0;
    for (int round = 0; round < 3; ++round) {
        ASSERT_TRUE(WriteFile(pipe, request.data(), static_cast<DWORD>(request.size()), &count, nullptr));
        ASSERT_TRUE(ReadFile(pipe, answer.data(), CALC_IPC_FRAME_MAX, &count, nullptr)) << GetLastError();
        const auto response = deserializeResponse({answer.begin(), answer.begin() + count});
        ASSERT_TRUE(response);
        EXPECT_EQ(response->result, 30);
    }
    CloseHandle(pipe);
}

TEST(NamedPipes, TakeThePlaceOfWhatWindowsDoesNotHave) {
    for (const char *url : {"unix:///calc", "fifo:///calc"}) {
        EXPECT_EQ(thrownBy([&] { Server server(url); }), CALC_IPC_STATUS_UNSUPPORTED) << url;
        EXPECT_EQ(thrownBy([&] { Client client(url); }), CALC_IPC_STATUS_UNSUPPORTED) << url;
        EXPECT_NE(std::string(calc_ipc_last_error()).find("npipe://"), std::string::npos) << calc_ipc_last_error();
    }
    EXPECT_EQ(thrownBy([] { (void)PipeChannel::createWithServer(); }), CALC_IPC_STATUS_UNSUPPORTED);
    EXPECT_NE(std::string(calc_ipc_last_error()).find("spawn"), std::string::npos) << calc_ipc_last_error();
}

#else

/// The text of the Error that `action` has to throw.
template <class Action> std::string textOf(Action action) {
    try {
        action();
    } catch (const Error &error) {
        EXPECT_EQ(error.status(), CALC_IPC_STATUS_UNSUPPORTED);
        return error.what();
    }
    ADD_FAILURE() << "nothing was thrown";
    return {};
}

TEST(NamedPipes, AreForWindowsAndTheTextSaysWhatIsHere) {
    EXPECT_NE(textOf([] { NamedPipeServer server("calc"); }).find("unix:///path"), std::string::npos);
    EXPECT_NE(textOf([] { NamedPipeClient client("calc"); }).find("unix:///path"), std::string::npos);
    const Result<NamedPipeClient> client = NamedPipeClient::connect("calc");
    EXPECT_EQ(client.status(), CALC_IPC_STATUS_UNSUPPORTED);
}

TEST(WaitHandles, AreForWindowsAndTheTextSaysWhatIsHere) {
    const Server server("tcp://localhost:0");
    EXPECT_NE(textOf([&] { (void)server.waitHandle(); }).find("calc_ipc_server_fd"), std::string::npos);
    const Result<void *> handle = Client(server.url()).waitHandle();
    EXPECT_EQ(handle.status(), CALC_IPC_STATUS_UNSUPPORTED);
    EXPECT_NE(handle.message().find("calc_ipc_client_fd"), std::string::npos) << handle.message();
}

#endif

} // namespace
