/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/// @file
/// Unix domain socket that keeps records apart (SOCK_SEQPACKET): as uds.hpp, a record for each frame.
#ifndef CALC_IPC_SEQPACKET_HPP
#define CALC_IPC_SEQPACKET_HPP

#include <calc_ipc/service.hpp>

namespace calc_ipc {

/// A server on a Unix domain socket that keeps records apart.
///
///     SeqPacketServer server(path, handler);
///     server.startInBackground();          // or run(), on this thread
///     ...
///     server.stop();
class SeqPacketServer final
    : public detail::BasicServer<calc_ipc_seqpacket_server, calc_ipc_seqpacket_server_run,
                                 calc_ipc_seqpacket_server_start, calc_ipc_seqpacket_server_stop,
                                 calc_ipc_seqpacket_server_request_stop, calc_ipc_seqpacket_server_destroy> {
  public:
    /// Binds `path`, of at most 107 bytes. Clients may connect from here on, and are served once it runs.
    explicit SeqPacketServer(const std::string &path, detail::AnyHandler handler = {},
                             const ServerOptions &options = {})
        : BasicServer(calc_ipc_seqpacket_server_create, std::move(handler), options, detail::terminated(path)) {}
};

/// A client of a SeqPacketServer.
///
///     SeqPacketClient client(path);
///     auto response = client.call({Operation::ADD, 10, 20});
class SeqPacketClient final : public detail::BasicClient<calc_ipc_seqpacket_client, calc_ipc_seqpacket_client_call,
                                                         calc_ipc_seqpacket_client_destroy> {
  public:
    /// Connects; throws NOT_CONNECTED at once if no server is there.
    explicit SeqPacketClient(const std::string &path, const ClientOptions &options = {})
        : SeqPacketClient(opened(calc_ipc_seqpacket_client_create, options, path).value()) {}

    /// The same without exceptions: why there is no client is in the result.
    [[nodiscard]] static Result<SeqPacketClient> connect(const std::string &path,
                                                         const ClientOptions &options = {}) noexcept {
        return detail::mapped(opened(calc_ipc_seqpacket_client_create, options, path),
                              [](Handle handle) { return SeqPacketClient(std::move(handle)); });
    }

  private:
    explicit SeqPacketClient(Handle handle) noexcept : BasicClient(std::move(handle)) {}
};

} // namespace calc_ipc

#endif
