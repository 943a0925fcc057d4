/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/// @file
/// Unix domain socket: any process that knows the path, thousands of clients. Take it if unsure.
#ifndef CALC_IPC_UDS_HPP
#define CALC_IPC_UDS_HPP

#include <calc_ipc/service.hpp>

namespace calc_ipc {

/// A server on a Unix domain socket.
///
///     UDSServer server(path, handler);
///     server.startInBackground();          // or run(), on this thread
///     ...
///     server.stop();
class UDSServer final : public detail::BasicServer<calc_ipc_uds_server, calc_ipc_uds_server_run,
                                                   calc_ipc_uds_server_start, calc_ipc_uds_server_stop,
                                                   calc_ipc_uds_server_request_stop, calc_ipc_uds_server_destroy> {
  public:
    /// Binds `path`, of at most 107 bytes. Clients may connect from now on, and are served once it runs.
    explicit UDSServer(const std::string &path, detail::AnyHandler handler = {}, const ServerOptions &options = {})
        : BasicServer(calc_ipc_uds_server_create, std::move(handler), options, detail::terminated(path)) {}
};

/// A client of a UDSServer.
///
///     UDSClient client(path);
///     auto response = client.call({Operation::ADD, 10, 20});
class UDSClient final
    : public detail::BasicClient<calc_ipc_uds_client, calc_ipc_uds_client_call, calc_ipc_uds_client_destroy> {
  public:
    /// Connects; throws NOT_CONNECTED at once if no server is there.
    explicit UDSClient(const std::string &path, const ClientOptions &options = {})
        : UDSClient(opened(calc_ipc_uds_client_create, options, path).value()) {}

    /// The same without exceptions: why there is no client is in the result.
    [[nodiscard]] static Result<UDSClient> connect(const std::string &path,
                                                   const ClientOptions &options = {}) noexcept {
        return detail::mapped(opened(calc_ipc_uds_client_create, options, path),
                              [](Handle handle) { return UDSClient(std::move(handle)); });
    }

  private:
    explicit UDSClient(Handle handle) noexcept : BasicClient(std::move(handle)) {}
};

} // namespace calc_ipc

#endif
