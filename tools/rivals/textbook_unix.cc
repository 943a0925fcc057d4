// A Unix socket, and a thread for each client: man 7 unix, EXAMPLES; Stevens, UNIX Network Programming, section 26.3.
#include "textbook.hpp"

#include <sys/un.h>

namespace {

using namespace textbook;

sockaddr_un socket_address(const std::string &address) {
    const std::string path = address + ".sock";
    sockaddr_un name{};
    name.sun_family = AF_UNIX;
    if (path.size() >= sizeof name.sun_path)
        throw std::runtime_error("the path is too long for a socket");
    path.copy(name.sun_path, path.size());
    return name;
}

struct UnixServer : SocketServer {
    explicit UnixServer(const std::string &address) : SocketServer(AF_UNIX), name(socket_address(address)) {
        checked(::bind(listener.get(), reinterpret_cast<const sockaddr *>(&name), sizeof name), "bind");
        checked(::listen(listener.get(), SOMAXCONN), "listen");
    }
    ~UnixServer() { ::unlink(name.sun_path); }

  private:
    sockaddr_un name;
};

struct UnixClient : StreamClient {
    explicit UnixClient(const std::string &address) : StreamClient(connected(address), Descriptor()) {}

  private:
    static Descriptor connected(const std::string &address) {
        const sockaddr_un name = socket_address(address);
        Descriptor fd(checked(::socket(AF_UNIX, SOCK_STREAM, 0), "socket"));
        checked(::connect(fd.get(), reinterpret_cast<const sockaddr *>(&name), sizeof name), "connect");
        return fd;
    }
};

struct TextbookUnix {
    using Codec = rival::StreamCodec;
    using Server = UnixServer;
    using Client = UnixClient;
    static constexpr int clients = 0;
    static constexpr bool sees_death = true;
    static rival::Description describe() { return {"textbook Unix socket", "textbook", "unix", "blocking"}; }
};

} // namespace

int main(int argc, char **argv) { return rival::contend<TextbookUnix>(argc, argv); }
