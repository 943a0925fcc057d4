// The transports that have addresses, in one shape: each gives servers and clients of an address of its own.
#pragma once

#include "support.h"

#include <calc_ipc.hpp>

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>

/// A word that no other address has, of this process or another.
inline std::string ownWord() {
    static std::atomic<unsigned> last{0};
    return "calc_ipc_test." + std::to_string(support::processId()) + '.' + std::to_string(++last);
}

#if !defined(_WIN32)

struct Fifo {
    using Server = calc_ipc::FIFOServer;
    using Client = calc_ipc::FIFOClient;

    support::TempDir dir;
    std::string request = dir / "request";
    std::string response = dir / "response";

    Server server(calc_ipc::Handler handler = {}, const calc_ipc::ServerOptions &options = {}) const {
        return {request, response, std::move(handler), options};
    }
    Client client(const calc_ipc::ClientOptions &options = {}) const { return {request, response, options}; }
    calc_ipc::Result<Client> connect() const { return Client::connect(request, response); }

    /// A name that the server takes in the file system.
    const std::string &file() const { return request; }
};

struct Uds {
    using Server = calc_ipc::UDSServer;
    using Client = calc_ipc::UDSClient;

    support::TempDir dir;
    std::string path = dir / "socket";

    Server server(calc_ipc::Handler handler = {}, const calc_ipc::ServerOptions &options = {}) const {
        return Server(path, std::move(handler), options);
    }
    Client client(const calc_ipc::ClientOptions &options = {}) const { return Client(path, options); }
    calc_ipc::Result<Client> connect() const { return Client::connect(path); }

    const std::string &file() const { return path; }
    const std::string &place() const { return path; }
};

struct SeqPacket {
    using Server = calc_ipc::SeqPacketServer;
    using Client = calc_ipc::SeqPacketClient;

    support::TempDir dir;
    std::string path = dir / "socket";

    Server server(calc_ipc::Handler handler = {}, const calc_ipc::ServerOptions &options = {}) const {
        return Server(path, std::move(handler), options);
    }
    Client client(const calc_ipc::ClientOptions &options = {}) const { return Client(path, options); }
    calc_ipc::Result<Client> connect() const { return Client::connect(path); }

    const std::string &file() const { return path; }
};

#else

struct NamedPipe {
    using Server = calc_ipc::NamedPipeServer;
    using Client = calc_ipc::NamedPipeClient;

    std::string name = ownWord();

    Server server(calc_ipc::Handler handler = {}, const calc_ipc::ServerOptions &options = {}) const {
        return Server(name, std::move(handler), options);
    }
    Client client(const calc_ipc::ClientOptions &options = {}) const { return Client(name, options); }
    calc_ipc::Result<Client> connect() const { return Client::connect(name); }

    const std::string &place() const { return name; }
};

#endif

/// The one to take if unsure, for what is the same over all.
#if defined(_WIN32)
using Usual = NamedPipe;
#else
using Usual = Uds;
#endif

struct Shm {
    using Server = calc_ipc::ShmServer;
    using Client = calc_ipc::ShmClient;

    std::string segment = "/" + ownWord();

#if !defined(_WIN32)
    support::TempDir dir;

    Shm() = default;
    Shm(const Shm &) = delete;
    Shm &operator=(const Shm &) = delete;
    ~Shm() {
        unlink(file().c_str());
        unlink((file() + ".lock").c_str());
    }
#endif

    Server server(calc_ipc::Handler handler = {}, const calc_ipc::ServerOptions &options = {}) const {
        return Server::create(segment, std::move(handler), options);
    }
    Client client(const calc_ipc::ClientOptions &options = {}) const { return Client(segment, options); }
    calc_ipc::Result<Client> connect() const { return Client::connect(segment); }

    std::string file() const { return "/dev/shm" + segment; }
};

struct Tcp {
    using Server = calc_ipc::TCPServer;
    using Client = calc_ipc::TCPClient;

    /// A port at an address of this machine that no other has: of a process, and, within it, of the test.
    std::string host = loopbackOf(support::processId());
    std::uint16_t port = nextPort();

    Server server(calc_ipc::Handler handler = {}, const calc_ipc::ServerOptions &options = {}) const {
        return {host, port, std::move(handler), options};
    }
    Client client(const calc_ipc::ClientOptions &options = {}) const { return {host, port, options}; }
    calc_ipc::Result<Client> connect() const { return Client::connect(host, port); }

    /// One of the 16 million addresses in 127.0.0.0/8, the usual first ones apart.
    static std::string loopbackOf(unsigned number) {
        return "127." + std::to_string(1 + (number >> 16) % 254) + '.' + std::to_string(number >> 8 & 255U) + '.' +
               std::to_string(number & 255U);
    }

  private:
    static std::uint16_t nextPort() {
        static std::uint16_t last = 17400; // below those that the system gives to clients
        return ++last;
    }
};

#if !defined(_WIN32)

/// A server at the address, in a child of its own and live when this returns. The child ends when `run` does.
template <class Transport>
std::unique_ptr<support::Child> serveInChild(const Transport &address, const calc_ipc::Handler &handler = {},
                                             const calc_ipc::ServerOptions &options = {}) {
    support::Gate live;
    auto child = std::make_unique<support::Child>([&] {
        auto server = address.server(handler, options);
        live.open();
        server.run();
        return 0;
    });
    live.pass();
    return child;
}

#endif
