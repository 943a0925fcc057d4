// The transports that have addresses, in one shape: each gives servers and clients of an address of its own.
#pragma once

#include "support.h"

#include <calc_ipc.hpp>

#include <filesystem>
#include <memory>
#include <string>
#include <utility>

#include <unistd.h>

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

    /// A name that the server takes in the file system.
    const std::string &file() const { return request; }
};

struct Shm {
    using Server = calc_ipc::ShmServer;
    using Client = calc_ipc::ShmClient;

    /// Shared-memory names are the whole machine's, so the unique name of a directory serves for them too.
    support::TempDir dir;
    std::string segment = "/" + std::filesystem::path(dir / ".").parent_path().filename().string();

    Shm() = default;
    Shm(const Shm &) = delete;
    Shm &operator=(const Shm &) = delete;
    ~Shm() {
        unlink(file().c_str());
        unlink((file() + ".lock").c_str());
    }

    Server server(calc_ipc::Handler handler = {}, const calc_ipc::ServerOptions &options = {}) const {
        return Server::create(segment, std::move(handler), options);
    }
    Client client(const calc_ipc::ClientOptions &options = {}) const { return Client(segment, options); }

    std::string file() const { return "/dev/shm" + segment; }
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

    const std::string &file() const { return path; }
};

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
