/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/// @file
/// TCP: any machine that can reach this one, thousands of clients.
#ifndef CALC_IPC_TCP_HPP
#define CALC_IPC_TCP_HPP

#include <calc_ipc/service.hpp>

#include <cstdint>

namespace calc_ipc {

/// A server on a TCP port.
///
///     TCPServer server("localhost", 7000, handler);   // or port 0: server.port() is the one that it got
///     server.startInBackground();                     // or run(), on this thread
///     ...
///     server.stop();
///
/// TCP authenticates nobody, so the server takes addresses of this machine only, unless
/// `ServerOptions::allow_remote` is set.
class TCPServer final : public detail::BasicServer<calc_ipc_tcp_server, calc_ipc_tcp_server_run,
                                                   calc_ipc_tcp_server_start, calc_ipc_tcp_server_stop,
                                                   calc_ipc_tcp_server_request_stop, calc_ipc_tcp_server_destroy> {
  public:
    /// Binds a name or an address of this machine. Clients may connect from now on, and are served once it runs.
    TCPServer(const std::string &host, std::uint16_t port, detail::AnyHandler handler = {},
              const ServerOptions &options = {})
        : BasicServer(calc_ipc_tcp_server_create, std::move(handler), options, detail::terminated(host), port) {}

    /// The port, which the system chose if it was 0.
    std::uint16_t port() const noexcept { return calc_ipc_tcp_server_port(handle()); }
};

/// A client of a TCPServer.
///
///     TCPClient client("localhost", 7000);
///     auto response = client.call({Operation::ADD, 10, 20});
class TCPClient final
    : public detail::BasicClient<calc_ipc_tcp_client, calc_ipc_tcp_client_call, calc_ipc_tcp_client_destroy> {
  public:
    /// Connects; throws NOT_CONNECTED if no server is there, or no such host.
    TCPClient(const std::string &host, std::uint16_t port, const ClientOptions &options = {})
        : TCPClient(opened(calc_ipc_tcp_client_create, options, host, port).value()) {}

    /// The same without exceptions: why there is no client is in the result.
    [[nodiscard]] static Result<TCPClient> connect(const std::string &host, std::uint16_t port,
                                                   const ClientOptions &options = {}) noexcept {
        return detail::mapped(opened(calc_ipc_tcp_client_create, options, host, port),
                              [](Handle handle) { return TCPClient(std::move(handle)); });
    }

  private:
    explicit TCPClient(Handle handle) noexcept : BasicClient(std::move(handle)) {}
};

} // namespace calc_ipc

#endif
