/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/// @file
/// Named pipe of Windows: any process that knows the name. It takes the place that uds.hpp has on other systems, where
/// these classes are there and throw UNSUPPORTED.
#ifndef CALC_IPC_NAMED_PIPE_HPP
#define CALC_IPC_NAMED_PIPE_HPP

#include <calc_ipc/service.hpp>

namespace calc_ipc {

/// A server on a named pipe of Windows.
///
///     NamedPipeServer server("calc", handler);
///     server.startInBackground();          // or run(), on this thread
///     ...
///     server.stop();
class NamedPipeServer final
    : public detail::BasicServer<calc_ipc_named_pipe_server, calc_ipc_named_pipe_server_run,
                                 calc_ipc_named_pipe_server_start, calc_ipc_named_pipe_server_stop,
                                 calc_ipc_named_pipe_server_request_stop, calc_ipc_named_pipe_server_destroy> {
  public:
    /// Takes `name`, which is the pipe `\\.\pipe\name`; that may be written out, too. Clients may connect from now on,
    /// and are served once it runs.
    explicit NamedPipeServer(const std::string &name, detail::AnyHandler handler = {},
                             const ServerOptions &options = {})
        : BasicServer(calc_ipc_named_pipe_server_create, std::move(handler), options, detail::terminated(name)) {}
};

/// A client of a NamedPipeServer.
///
///     NamedPipeClient client("calc");
///     auto response = client.call({Operation::ADD, 10, 20});
class NamedPipeClient final : public detail::BasicClient<calc_ipc_named_pipe_client, calc_ipc_named_pipe_client_call,
                                                         calc_ipc_named_pipe_client_destroy> {
  public:
    /// Connects; throws NOT_CONNECTED at once if no server is there.
    explicit NamedPipeClient(const std::string &name, const ClientOptions &options = {})
        : NamedPipeClient(opened(calc_ipc_named_pipe_client_create, options, name).value()) {}

    /// The same without exceptions: why there is no client is in the result.
    [[nodiscard]] static Result<NamedPipeClient> connect(const std::string &name,
                                                         const ClientOptions &options = {}) noexcept {
        return detail::mapped(opened(calc_ipc_named_pipe_client_create, options, name),
                              [](Handle handle) { return NamedPipeClient(std::move(handle)); });
    }

  private:
    explicit NamedPipeClient(Handle handle) noexcept : BasicClient(std::move(handle)) {}
};

} // namespace calc_ipc

#endif
