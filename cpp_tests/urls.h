// The URLs that name an address of every transport, and servers at them: one suite runs over all, by changing a string.
#pragma once

#include "support.h"
#include "transport_test.h"
#include "transports.h"

#include <calc_ipc.hpp>
#include <gtest/gtest.h>

#include <cstdint>
#include <optional>
#include <string>
#include <utility>

/// The schemes whose server this process can be. Here comes the next one.
#if defined(_WIN32)
inline auto schemes() { return ::testing::Values("npipe", "shm", "tcp"); }
#else
inline auto schemes() { return ::testing::Values("unix", "seqpacket", "fifo", "shm", "tcp"); }
#endif

/// The same, and the one whose server the client starts.
#if defined(_WIN32)
inline auto allSchemes() { return ::testing::Values("npipe", "shm", "tcp", "exec"); }
#else
inline auto allSchemes() { return ::testing::Values("unix", "seqpacket", "fifo", "shm", "tcp", "exec"); }
#endif

/// Gives tests over schemes the schemes' names.
inline std::string schemeOf(const ::testing::TestParamInfo<const char *> &test) { return test.param; }

/// A test over one scheme, with an address of its own.
class UrlTest : public ::testing::TestWithParam<const char *> {
  protected:
    /// Before anything is destroyed that a handler uses, which has to be a member for that.
    void TearDown() override { server.reset(); }

    /// The URL for a server; `program` is what exec: executes.
    std::string url(const std::string &program = "") const {
        const std::string scheme = GetParam();
        if (scheme == "exec") {
            return support::execUrl(program);
        }
        if (scheme == "shm") {
            return "shm:/" + shm_.segment; // which begins with a slash
        }
        if (scheme == "tcp") {
            return "tcp://" + tcp_.host + ":0";
        }
#if defined(_WIN32)
        return scheme + "://" + pipe_.name;
#else
        return scheme + "://" + (shm_.dir / "address");
#endif
    }

    /// Serves at the URL from now on; exec: needs nobody to.
    void serve(calc_ipc::Handler handler = {}, const calc_ipc::ServerOptions &options = {}) {
        if (!isExec()) {
            start(calc_ipc::Server(url(), std::move(handler), options));
        }
    }
    void serveBytes(calc_ipc::BytesHandler handler, const calc_ipc::ServerOptions &options = {}) {
        if (!isExec()) {
            start(calc_ipc::Server::bytes(url(), std::move(handler), options));
        }
    }

    void serveDeferred(calc_ipc::detail::AnyDeferredHandler handler, const calc_ipc::ServerOptions &options = {}) {
        start(calc_ipc::Server::deferred(url(), std::move(handler), options));
    }

    /// A client of the server, which is `program` if the client has to start it.
    calc_ipc::Client client(const calc_ipc::ClientOptions &options = {}, const std::string &program = "") const {
        return calc_ipc::Client(isExec() ? url(program) : server->url(), options);
    }

    bool isExec() const { return std::string(GetParam()) == "exec"; }

    std::optional<calc_ipc::Server> server;

  private:
    void start(calc_ipc::Server made) {
        server = std::move(made);
        server->startInBackground();
    }

    Shm shm_;
    Tcp tcp_;
#if defined(_WIN32)
    NamedPipe pipe_;
#endif
};

/// Options with this limit of messages.
template <class Options> Options withLimit(std::uint32_t max_message) {
    Options options;
    options.max_message = max_message;
    return options;
}
