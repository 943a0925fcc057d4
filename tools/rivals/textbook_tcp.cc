// TCP over the loopback, and a thread for each client: Stevens, UNIX Network Programming, section 26.3. Without
// TCP_NODELAY a textbook's request and answer may wait for an acknowledgement (man 7 tcp).
#include "textbook.hpp"

#include <fstream>
#include <netinet/in.h>
#include <netinet/tcp.h>

namespace {

using namespace textbook;

std::string port_file(const std::string &address) { return address + ".port"; }

sockaddr_in loopback(std::uint16_t port) {
    sockaddr_in name{};
    name.sin_family = AF_INET;
    name.sin_port = htons(port);
    name.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return name;
}

void do_not_delay(int fd) {
    const int yes = 1;
    checked(::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes), "setsockopt");
}

struct TcpServer : SocketServer {
    explicit TcpServer(const std::string &address) : SocketServer(AF_INET), address(address) {
        sockaddr_in name = loopback(0);
        socklen_t size = sizeof name;
        // Accepted sockets inherit it on Linux.
        do_not_delay(listener.get());
        checked(::bind(listener.get(), reinterpret_cast<const sockaddr *>(&name), size), "bind");
        checked(::listen(listener.get(), SOMAXCONN), "listen");
        checked(::getsockname(listener.get(), reinterpret_cast<sockaddr *>(&name), &size), "getsockname");
        std::ofstream(port_file(address)) << ntohs(name.sin_port) << '\n';
    }
    ~TcpServer() { ::unlink(port_file(address).c_str()); }

  private:
    std::string address;
};

struct TcpClient : StreamClient {
    explicit TcpClient(const std::string &address) : StreamClient(connected(address), Descriptor()) {}

  private:
    static Descriptor connected(const std::string &address) {
        std::uint16_t port = 0;
        std::ifstream(port_file(address)) >> port;
        const sockaddr_in name = loopback(port);
        Descriptor fd(checked(::socket(AF_INET, SOCK_STREAM, 0), "socket"));
        do_not_delay(fd.get());
        checked(::connect(fd.get(), reinterpret_cast<const sockaddr *>(&name), sizeof name), "connect");
        return fd;
    }
};

struct TextbookTcp {
    using Codec = rival::StreamCodec;
    using Server = TcpServer;
    using Client = TcpClient;
    static constexpr int clients = 0;
    static constexpr bool sees_death = true;
    static rival::Description describe() { return {"textbook TCP socket", "textbook", "tcp", "blocking"}; }
};

} // namespace

int main(int argc, char **argv) { return rival::contend<TextbookTcp>(argc, argv); }
