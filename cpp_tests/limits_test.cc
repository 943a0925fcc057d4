// The options: one set of defaults wherever they come from, and every limit of every field, over every transport.
#include "support.h"
#include "transport_test.h"
#include "transports.h"

#include <calc_ipc.hpp>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

using namespace calc_ipc;

namespace {

/// A value of a field, and the words of the text if it is refused.
template <class Options> struct Case {
    std::uint32_t Options::*field;
    std::uint32_t value;
    std::vector<std::string> words;
};

constexpr std::uint32_t MAX = 0xFFFFFFFFU;
using ServerFields = calc_ipc_server_options;
using ClientFields = calc_ipc_client_options;

const std::vector<Case<ServerFields>> SERVERS = {
    {&ServerFields::max_clients, 0, {}},
    {&ServerFields::max_clients, 1, {}},
    {&ServerFields::max_clients, MAX, {}},
    {&ServerFields::max_message, 0, {"max_message 0 ", "259", "67108864"}},
    {&ServerFields::max_message, 258, {"max_message 258 ", "259", "67108864"}},
    {&ServerFields::max_message, 259, {}},
    {&ServerFields::max_message, 67108864, {}},
    {&ServerFields::max_message, 67108865, {"max_message 67108865 ", "259", "67108864"}},
    {&ServerFields::workers, 0, {}},
    {&ServerFields::workers, 1024, {}},
    {&ServerFields::workers, 1025, {"workers 1025 ", "0", "1024"}},
    {&ServerFields::mode, 0, {"mode 0000 ", "0001", "0777"}},
    {&ServerFields::mode, 0700, {}},
    {&ServerFields::mode, 01000, {"mode 1000 ", "0001", "0777"}},
    {&ServerFields::idle_timeout_ms, MAX, {}},
    {&ServerFields::stall_timeout_ms, 0, {}},
    {&ServerFields::stall_timeout_ms, MAX, {}},
    {&ServerFields::spin_us, 0, {}},
    {&ServerFields::spin_us, 1000, {}},
    {&ServerFields::spin_us, 1001, {"spin_us 1001 ", "0", "1000"}},
    {&ServerFields::spin_us, MAX, {"spin_us ", "0", "1000"}},
    {&ServerFields::stop_when_idle, MAX, {}},
    {&ServerFields::allow_remote, MAX, {}},
};

const std::vector<Case<ClientFields>> CLIENTS = {
    {&ClientFields::connect_timeout_ms, 0, {}},
    {&ClientFields::connect_timeout_ms, MAX, {}},
    {&ClientFields::call_timeout_ms, 0, {}},
    {&ClientFields::call_timeout_ms, MAX, {}},
    {&ClientFields::max_message, 258, {"max_message 258 ", "259", "67108864"}},
    {&ClientFields::max_message, 259, {}},
    {&ClientFields::max_message, 67108864, {}},
    {&ClientFields::max_message, 67108865, {"max_message 67108865 ", "259", "67108864"}},
    {&ClientFields::spin_us, 0, {}},
    {&ClientFields::spin_us, 1000, {}},
    {&ClientFields::spin_us, 1001, {"spin_us 1001 ", "0", "1000"}},
};

/// Checks what comes of `create` with a value: nothing, or INVALID_ARGUMENT with these words.
template <class Create> void expectRefusal(const std::vector<std::string> &words, Create create) {
    try {
        create();
        EXPECT_TRUE(words.empty()) << "took what should say " << words.front();
    } catch (const Error &error) {
        const std::string what = error.what();
        EXPECT_EQ(error.status(), CALC_IPC_STATUS_INVALID_ARGUMENT) << what;
        EXPECT_FALSE(words.empty()) << what;
        for (const std::string &word : words) {
            EXPECT_NE(what.find(word), std::string::npos) << what << ", no " << word;
        }
    }
}

template <class Transport> class Limits : public testing::Test {};
TYPED_TEST_SUITE(Limits, Transports, );

TYPED_TEST(Limits, OfServers) {
    for (const auto &[field, value, words] : SERVERS) {
        const TypeParam transport;
        ServerOptions options;
        options.*field = value;
        expectRefusal(words, [&] { transport.server({}, options); });
    }
}

TYPED_TEST(Limits, OfClients) {
    for (const auto &[field, value, words] : CLIENTS) {
        const TypeParam transport;
        auto server = transport.server();
        server.startInBackground();
        ClientOptions options;
        options.*field = value;
        expectRefusal(words, [&] {
            auto client = transport.client(options);
            const auto response = client.call({Operation::ADD, 10, 20});
            EXPECT_TRUE(response && response->result == 30) << calc_ipc_last_error();
        });
    }
}

TEST(LimitsOfUrls, AreThoseOfTheTransports) {
    for (const auto &[field, value, words] : SERVERS) {
        ServerOptions options;
        options.*field = value;
        expectRefusal(words, [&] { Server("tcp://localhost:0", {}, options); });
    }
    for (const auto &[field, value, words] : CLIENTS) {
        ClientOptions options;
        options.*field = value;
        expectRefusal(words, [&] { Client(support::execUrl(PIPE_SERVER), options); });
        expectRefusal(words, [&] { (void)PipeChannel::spawn({PIPE_SERVER}, options); });
#if !defined(_WIN32)
        expectRefusal(words, [&] { (void)PipeChannel::createWithServer({}, options); });
#endif
    }
}

/// The bytes of C's struct.
template <class Options> std::vector<unsigned char> bytesOf(const Options &options) {
    std::vector<unsigned char> bytes(sizeof options);
    std::memcpy(bytes.data(), &options, sizeof options);
    return bytes;
}

TEST(Defaults, AreOneSetWhereverTheyComeFrom) {
    calc_ipc_server_options server;
    calc_ipc_server_options_init(&server, sizeof server);
    EXPECT_EQ(bytesOf<ServerFields>(ServerOptions()), bytesOf(server));
    calc_ipc_client_options client;
    calc_ipc_client_options_init(&client, sizeof client);
    EXPECT_EQ(bytesOf<ClientFields>(ClientOptions()), bytesOf(client));
}

/// How many clients a server of shared memory with these options, NULL if they are, lets in; 300 at most.
int clientsOf(const calc_ipc_server_options *options) {
    const Shm transport;
    calc_ipc_shm_server *server = nullptr;
    EXPECT_EQ(calc_ipc_shm_server_create(transport.segment.c_str(), nullptr, nullptr, options, &server), 0);
    EXPECT_EQ(calc_ipc_shm_server_start(server), 0);
    std::vector<ShmClient> clients;
    int served = 0;
    while (served < 300) {
        clients.push_back(transport.client());
        if (!clients.back().call({Operation::ADD, 1, 1})) {
            EXPECT_EQ(clients.back().status(), CALC_IPC_STATUS_REFUSED);
            break;
        }
        ++served;
    }
    calc_ipc_shm_server_destroy(server);
    return served;
}

TEST(Defaults, LetAsManyClientsInAsNull) {
    const ServerOptions cxx;
    calc_ipc_server_options init;
    calc_ipc_server_options_init(&init, sizeof init);
    EXPECT_EQ(clientsOf(nullptr), 128);
    EXPECT_EQ(clientsOf(&init), 128);
    EXPECT_EQ(clientsOf(&cxx), 128);
}

} // namespace
