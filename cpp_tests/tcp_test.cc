// What is special about TCP. What all transports share is in the other files.
#include "support.h"
#include "transport_test.h"

#include <calc_ipc.hpp>
#include <gtest/gtest.h>

#include <cstdint>
#include <filesystem>
#include <iostream>
#include <string>
#include <vector>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

using namespace calc_ipc;

namespace {

/// A server and a client at a host that this machine has, on a port that the system chooses.
void expectService(const std::string &host) {
    TCPServer server(host, 0);
    EXPECT_NE(server.port(), 0) << host;
    server.startInBackground();
    TCPClient client(host, server.port());
    EXPECT_EQ(resultOf(client, {Operation::ADD, 10, 20}), 30) << host;
}

/// Whether this machine has the address ::1, found out without the library.
bool hasIPv6() {
    const int fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in6 loopback{};
    loopback.sin6_family = AF_INET6;
    loopback.sin6_addr = in6addr_loopback;
    const bool has = fd >= 0 && bind(fd, reinterpret_cast<const sockaddr *>(&loopback), sizeof loopback) == 0;
    if (fd >= 0) {
        close(fd);
    }
    return has;
}

/// An option of a socket; -1 if it has none.
int optionOf(int fd, int level, int name) {
    int value = -1;
    socklen_t size = sizeof value;
    return getsockopt(fd, level, name, &value, &size) == 0 ? value : -1;
}

/// The connected TCP sockets of this process.
std::vector<int> connections() {
    std::vector<int> found;
    for (const auto &entry : std::filesystem::directory_iterator("/proc/self/fd")) {
        const int fd = std::stoi(entry.path().filename().string());
        if (optionOf(fd, SOL_SOCKET, SO_PROTOCOL) == IPPROTO_TCP && optionOf(fd, SOL_SOCKET, SO_ACCEPTCONN) == 0) {
            found.push_back(fd);
        }
    }
    return found;
}

TEST(TcpSocket, ServesIPv4) { expectService("127.0.0.1"); }

TEST(TcpSocket, ServesNames) { expectService("localhost"); }

TEST(TcpSocket, ServesIPv6) {
    if (hasIPv6()) {
        expectService("::1");
        Server server("tcp://[::1]:0");
        server.startInBackground();
        EXPECT_EQ(server.url().find("tcp://[::1]:"), 0U) << server.url();
        Client client(server.url());
        EXPECT_EQ(resultOf(client, add(1, 2)), 3);
    } else {
        std::cout << "this machine has no ::1, so the test is that this is said\n";
        EXPECT_THROW(TCPServer("::1", 0), Error);
        EXPECT_THROW(TCPClient("::1", 1), Error);
    }
}

TEST(TcpSocket, PortIsTheOneAskedFor) {
    const Tcp address;
    const auto server = address.server();
    EXPECT_EQ(server.port(), address.port);
}

TEST(TcpSocket, OtherMachinesAreLetInOnlyWhenToldSo) {
    for (const char *everywhere : {"0.0.0.0", "::"}) {
        if (std::string(everywhere) == "::" && !hasIPv6()) {
            continue;
        }
        EXPECT_EQ(thrownBy([&] { TCPServer server(everywhere, 0); }), CALC_IPC_STATUS_PERMISSION_DENIED);
        ServerOptions options;
        options.allow_remote = 1;
        TCPServer server(everywhere, 0, {}, options);
        server.startInBackground();
        TCPClient client(everywhere, server.port());
        EXPECT_EQ(resultOf(client, add(1, 2)), 3);
    }
}

TEST(TcpSocket, NobodyThereIsNotConnected) {
    EXPECT_EQ(thrownBy([] { TCPClient client("127.0.0.1", 1); }), CALC_IPC_STATUS_NOT_CONNECTED);
    EXPECT_EQ(thrownBy([] { TCPClient client("no-such-host.invalid", 1); }), CALC_IPC_STATUS_NOT_CONNECTED);
    EXPECT_EQ(thrownBy([] { TCPClient client("", 1); }), CALC_IPC_STATUS_INVALID_ARGUMENT);
    EXPECT_EQ(thrownBy([] { TCPServer server("", 0); }), CALC_IPC_STATUS_INVALID_ARGUMENT);
}

TEST(TcpSocket, APortThatTheSystemChoseIsTaken) {
    TCPServer server("127.0.0.1", 0);
    EXPECT_EQ(thrownBy([&] { TCPServer second("127.0.0.1", server.port()); }), CALC_IPC_STATUS_ADDRESS_IN_USE);
    EXPECT_EQ(server.stop(), CALC_IPC_STATUS_OK);
    TCPServer third("127.0.0.1", server.port());
    EXPECT_EQ(third.port(), server.port());
}

TEST(TcpSocket, SendsAtOnceAndAsksWhetherTheOtherMachineIsThere) {
    TCPServer server("127.0.0.1", 0);
    server.startInBackground();
    TCPClient client("127.0.0.1", server.port());
    EXPECT_EQ(resultOf(client, add(1, 2)), 3); // so it has been accepted
    const auto sockets = connections();
    ASSERT_EQ(sockets.size(), 2U) << "both ends";
    for (const int fd : sockets) {
        EXPECT_EQ(optionOf(fd, IPPROTO_TCP, TCP_NODELAY), 1);
        EXPECT_EQ(optionOf(fd, SOL_SOCKET, SO_KEEPALIVE), 1);
        const int silence = optionOf(fd, IPPROTO_TCP, TCP_KEEPIDLE) +
                            optionOf(fd, IPPROTO_TCP, TCP_KEEPINTVL) * optionOf(fd, IPPROTO_TCP, TCP_KEEPCNT);
        EXPECT_LE(silence, 15) << "seconds until a machine that vanished is given up";
        EXPECT_EQ(optionOf(fd, IPPROTO_TCP, TCP_USER_TIMEOUT), silence * 1000) << "or with something under way";
    }
}

TEST(TcpSocket, ManyClientsGetTheirOwnAnswers) {
    TCPServer server("127.0.0.1", 0);
    server.startInBackground();
    std::vector<TCPClient> clients;
    for (int i = 0; i < 200; ++i) {
        clients.emplace_back("127.0.0.1", server.port());
    }
    for (std::int64_t round = 0; round < 3; ++round) {
        for (std::size_t i = 0; i < clients.size(); ++i) {
            const auto number = static_cast<std::int64_t>(i);
            EXPECT_EQ(resultOf(clients[i], add(number, round)), number + round);
        }
    }
}

} // namespace
