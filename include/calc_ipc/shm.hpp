/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/// @file
/// Shared memory: any process that knows the name, many clients, the fastest.
#ifndef CALC_IPC_SHM_HPP
#define CALC_IPC_SHM_HPP

#include <calc_ipc/service.hpp>

namespace calc_ipc {

/// A server over shared memory.
///
///     auto server = ShmServer::create("/calc", handler);
///     server.startInBackground();          // or run(), on this thread
///     ...
///     server.stop();
class ShmServer final : public detail::BasicServer<calc_ipc_shm_server, calc_ipc_shm_server_run,
                                                   calc_ipc_shm_server_start, calc_ipc_shm_server_stop,
                                                   calc_ipc_shm_server_request_stop, calc_ipc_shm_server_destroy> {
  public:
    /// Takes `name`, with or without its leading slash. Clients may connect from now on, and are served once it runs.
    [[nodiscard]] static ShmServer create(const std::string &name, detail::AnyHandler handler = {},
                                          const ServerOptions &options = {}) {
        return ShmServer(name, std::move(handler), options);
    }

    /// The same, for programs that pass the names of two semaphores, which are unused: all synchronisation is in the
    /// shared memory.
    [[nodiscard]] static ShmServer create(const std::string &name, const std::string & /* sem_req */,
                                          const std::string & /* sem_resp */, detail::AnyHandler handler = {},
                                          const ServerOptions &options = {}) {
        return ShmServer(name, std::move(handler), options);
    }

  private:
    ShmServer(const std::string &name, detail::AnyHandler handler, const ServerOptions &options)
        : BasicServer(calc_ipc_shm_server_create, std::move(handler), options, detail::terminated(name)) {}
};

/// A client of a ShmServer.
///
///     ShmClient client("/calc");
///     auto response = client.call({Operation::ADD, 10, 20});
class ShmClient final
    : public detail::BasicClient<calc_ipc_shm_client, calc_ipc_shm_client_call, calc_ipc_shm_client_destroy> {
  public:
    /// Connects; throws NOT_CONNECTED at once if no server is there.
    explicit ShmClient(const std::string &name, const ClientOptions &options = {})
        : ShmClient(opened(calc_ipc_shm_client_create, options, name).value()) {}

    /// The same without exceptions: why there is no client is in the result.
    [[nodiscard]] static Result<ShmClient> connect(const std::string &name,
                                                   const ClientOptions &options = {}) noexcept {
        return detail::mapped(opened(calc_ipc_shm_client_create, options, name),
                              [](Handle handle) { return ShmClient(std::move(handle)); });
    }

    /// The same, for programs that pass the names of two semaphores, which are unused.
    ShmClient(const std::string &name, const std::string & /* sem_req */, const std::string & /* sem_resp */,
              const ClientOptions &options = {})
        : ShmClient(name, options) {}

  private:
    explicit ShmClient(Handle handle) noexcept : BasicClient(std::move(handle)) {}
};

} // namespace calc_ipc

#endif
