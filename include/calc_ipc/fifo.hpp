/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/// @file
/// FIFO: for any process of this user that knows the two paths; many clients, whose answers never mix.
#ifndef CALC_IPC_FIFO_HPP
#define CALC_IPC_FIFO_HPP

#include <calc_ipc/service.hpp>

namespace calc_ipc {

/// A server on a pair of FIFOs.
///
///     auto server = FIFOServer::create(request_path, response_path, handler);
///     server.run();                        // returns when its clients have gone; or startInBackground()
///     server.stop();
class FIFOServer final : public detail::BasicServer<calc_ipc_fifo_server, calc_ipc_fifo_server_run,
                                                    calc_ipc_fifo_server_start, calc_ipc_fifo_server_stop,
                                                    calc_ipc_fifo_server_request_stop, calc_ipc_fifo_server_destroy> {
  public:
    /// Creates the FIFOs. Clients may connect from now on, and are served once the server runs. `run` serves until
    /// stopped, or as the options say.
    FIFOServer(const std::string &request_path, const std::string &response_path, detail::AnyHandler handler = {},
               const ServerOptions &options = {})
        : BasicServer(calc_ipc_fifo_server_create, std::move(handler), options, detail::terminated(request_path),
                      detail::terminated(response_path)) {}

    /// The same with `stop_when_idle` set, whatever the options say: `run` returns once clients have come and the
    /// last has gone, and may then be called again.
    [[nodiscard]] static FIFOServer create(const std::string &request_path, const std::string &response_path,
                                           detail::AnyHandler handler = {}, ServerOptions options = {}) {
        options.stop_when_idle = 1;
        return FIFOServer(request_path, response_path, std::move(handler), options);
    }
};

/// A client of a FIFOServer.
///
///     FIFOClient client(request_path, response_path);
///     auto response = client.call({Operation::ADD, 10, 20});
class FIFOClient final
    : public detail::BasicClient<calc_ipc_fifo_client, calc_ipc_fifo_client_call, calc_ipc_fifo_client_destroy> {
  public:
    /// Connects; throws NOT_CONNECTED at once if no server is there, and never blocks in open.
    FIFOClient(const std::string &request_path, const std::string &response_path, const ClientOptions &options = {})
        : FIFOClient(opened(calc_ipc_fifo_client_create, options, request_path, response_path).value()) {}

    /// The same without exceptions: why there is no client is in the result.
    [[nodiscard]] static Result<FIFOClient> connect(const std::string &request_path, const std::string &response_path,
                                                    const ClientOptions &options = {}) noexcept {
        return detail::mapped(opened(calc_ipc_fifo_client_create, options, request_path, response_path),
                              [](Handle handle) { return FIFOClient(std::move(handle)); });
    }

  private:
    explicit FIFOClient(Handle handle) noexcept : BasicClient(std::move(handle)) {}
};

} // namespace calc_ipc

#endif
