/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/// @file
/// Any transport, named by a URL: a program changes transport by changing a string. calc_ipc.h lists the forms.
#ifndef CALC_IPC_URL_HPP
#define CALC_IPC_URL_HPP

#include <calc_ipc/client.hpp>
#include <calc_ipc/service.hpp>

#include <string>
#include <utility>

namespace calc_ipc {

/// A server at a URL.
///
///     Server server("tcp://localhost:0", handler);             // requests, as every server answers them
///     auto server = Server::bytes("unix:///run/echo", echo);   // or: messages of your own
///     server.startInBackground();                              // or run(), on this thread
///     std::cout << server.url() << '\n';                       // for clients, with the real port
///     server.stop();
class Server final
    : public detail::BasicServer<calc_ipc_server, calc_ipc_server_run, calc_ipc_server_start, calc_ipc_server_stop,
                                 calc_ipc_server_request_stop, calc_ipc_server_destroy> {
  public:
    /// Binds the URL's address. Clients may connect from now on, and are served once it runs.
    explicit Server(const std::string &url, detail::AnyHandler handler = {}, const ServerOptions &options = {})
        : BasicServer(calc_ipc_server_create, std::move(handler), options, detail::terminated(url)) {}

    /// A server of messages of any kind. `max_message` bounds requests and answers.
    [[nodiscard]] static Server bytes(const std::string &url, detail::AnyBytesHandler handler,
                                      const ServerOptions &options = {}) {
        return {OfBytes(), url, std::move(handler), options};
    }

    /// The URL as bound, with the real port.
    std::string url() const {
        const char *url = calc_ipc_server_url(handle());
        return url != nullptr ? url : "";
    }

  private:
    /// Without it, an empty handler would be one of either kind.
    struct OfBytes {};

    Server(OfBytes /* kind */, const std::string &url, detail::AnyBytesHandler handler, const ServerOptions &options)
        : BasicServer(calc_ipc_server_create_bytes, std::move(handler), options, detail::terminated(url)) {}
};

} // namespace calc_ipc

#endif
