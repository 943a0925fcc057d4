/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/// @file
/// Any transport, named by a URL: a program changes transport by changing a string. calc_ipc.h lists the forms.
#ifndef CALC_IPC_URL_HPP
#define CALC_IPC_URL_HPP

#include <calc_ipc/client.hpp>
#include <calc_ipc/reply.hpp>
#include <calc_ipc/service.hpp>

#include <string>
#include <utility>

namespace calc_ipc {

/// A server at a URL.
///
///     Server server("tcp://localhost:0", handler);             // requests, as every server answers them
///     auto server = Server::bytes("unix:///run/echo", echo);   // or: messages of your own
///     auto server = Server::deferred("unix:///run/news", keep); // or: answered later
///     server.startInBackground();                              // or run(), on this thread
///     std::cout << server.url() << '\n';                       // for clients, with the real port
///     server.stop();
///
/// Or in an event loop of your own: watch fd() for reading, and call dispatch() when it is readable.
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

    /// A server of messages of any kind whose answers may come later. Its stop does not wait for replies that are out.
    [[nodiscard]] static Server deferred(const std::string &url, detail::AnyDeferredHandler handler,
                                         const ServerOptions &options = {}) {
        return {Deferred(), url, std::move(handler), options};
    }

    /// The URL as bound, with the real port.
    std::string url() const {
        const char *url = calc_ipc_server_url(handle());
        return url != nullptr ? url : "";
    }

    /// One turn on this thread, in place of run() and startInBackground(): lets clients in, runs the handler, answers.
    /// Waits this long for something to do. OK: something was done; TIMED_OUT: there was nothing; STOPPED; or why
    /// serving failed, see calc_ipc_server_dispatch().
    calc_ipc_status dispatch(std::chrono::milliseconds timeout = std::chrono::milliseconds::zero()) noexcept {
        return calc_ipc_server_dispatch(handle(), detail::timeoutOf(timeout));
    }

    /// What to watch for reading in an event loop of your own, which calls dispatch() when it is, see
    /// calc_ipc_server_fd(). Take it out of the loop before the server is destroyed.
    int fd() const {
        int fd = -1;
        detail::check(calc_ipc_server_fd(handle(), &fd));
        return fd;
    }

    /// The same for loops of Windows: a handle to wait for, see calc_ipc_server_wait_handle().
    void *waitHandle() const {
        void *wait = nullptr;
        detail::check(calc_ipc_server_wait_handle(handle(), &wait));
        return wait;
    }

    /// What it did so far, see calc_ipc_stats. It never waits, and may be asked in the handler, too.
    calc_ipc_stats stats() const {
        calc_ipc_stats stats = {};
        stats.size = sizeof stats;
        detail::check(calc_ipc_server_stats(handle(), &stats));
        return stats;
    }

  private:
    /// Without it, an empty handler would be one of either kind.
    struct OfBytes {};
    /// The same for one whose answers may come later.
    struct Deferred {};

    Server(OfBytes /* kind */, const std::string &url, detail::AnyBytesHandler handler, const ServerOptions &options)
        : BasicServer(calc_ipc_server_create_bytes, std::move(handler), options, detail::terminated(url)) {}

    Server(Deferred /* kind */, const std::string &url, detail::AnyDeferredHandler handler,
           const ServerOptions &options)
        : BasicServer(calc_ipc_server_create_deferred, std::move(handler), options, detail::terminated(url)) {}
};

} // namespace calc_ipc

#endif
