/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/// @file
/// Any transport, named by a URL: a program changes transport by changing a string. calc_ipc.h lists the forms.
#ifndef CALC_IPC_URL_HPP
#define CALC_IPC_URL_HPP

#include <calc_ipc/reply.hpp>
#include <calc_ipc/service.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <initializer_list>
#include <iterator>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace calc_ipc {

/// @cond INTERNAL
namespace detail {

/// A time limit as calc_ipc.h has it; what is longer than it counts to, 49 days, is none.
inline std::uint32_t timeoutOf(std::chrono::milliseconds timeout) noexcept {
    if (timeout <= std::chrono::milliseconds::zero()) {
        return 0;
    }
    return timeout.count() < CALC_IPC_TIMEOUT_DEFAULT ? static_cast<std::uint32_t>(timeout.count())
                                                      : CALC_IPC_TIMEOUT_NONE;
}

} // namespace detail
/// @endcond

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

/// The responses to the first of many requests, in order, and how the call for them ended.
class Responses : public std::vector<Response>, public detail::Outcome {
  public:
    /// Whether all of the requests were answered.
    explicit operator bool() const noexcept { return status() == CALC_IPC_STATUS_OK; }

  private:
    friend class Client;
    void set(detail::Outcome outcome) noexcept { detail::Outcome::operator=(std::move(outcome)); }
};

/// A client of the server at a URL.
///
///     Client client("tcp://localhost:7000");
///     auto response = client.call({Operation::ADD, 10, 20});
///     auto responses = client.callMany(requests);      // as many at once as the transport carries
///     auto answer = client.callBytes("hello");         // to a Server::bytes
///     auto soon = client.callWithin(20ms, {Operation::ADD, 10, 20});
class Client final : public detail::BasicClient<calc_ipc_client, calc_ipc_client_call, calc_ipc_client_destroy> {
  public:
    /// Connects; throws NOT_CONNECTED if no server is there. exec: starts the server, which ends with the client.
    explicit Client(const std::string &url, const ClientOptions &options = {})
        : BasicClient(calc_ipc_client_create, options, detail::terminated(url)), max_message_(options.max_message) {}

    /// `call`, with a time limit of this call's own, which has to be a millisecond at least.
    Result<Response> callWithin(std::chrono::milliseconds timeout, const Request &request) noexcept {
        return ask(request, [&](const calc_ipc_request *in, calc_ipc_response *out) {
            return calc_ipc_client_call_within(handle(), detail::timeoutOf(timeout), in, out);
        });
    }

    /// Sends all of the requests, in a std::vector, std::array, std::span ..., and gives their responses in order.
    ///
    /// If there are fewer responses than requests, they answer the first requests, and the result says why; later
    /// requests may have been executed unless `notExecuted()`. `call_timeout_ms` starts again with each response.
    template <class Requests> Responses callMany(const Requests &requests) noexcept {
        return callMany(std::data(requests), std::size(requests));
    }

    /// The same, of requests in braces.
    Responses callMany(std::initializer_list<Request> requests) noexcept {
        return callMany(requests.begin(), requests.size());
    }

    /// The same, of `count` requests from `requests` on.
    Responses callMany(const Request *requests, std::size_t count) noexcept {
        Responses responses;
        bool is_sent = false;
        try {
            std::vector<calc_ipc_request> in;
            in.reserve(count);
            for (std::size_t i = 0; i < count; ++i) {
                in.push_back(detail::toC(requests[i]));
            }
            const std::unique_ptr<calc_ipc_response[]> out(new calc_ipc_response[count]);
            responses.reserve(count);
            is_sent = true;
            std::size_t completed = 0;
            if (const calc_ipc_status failure =
                    noted(calc_ipc_client_call_many(handle(), in.data(), count, out.get(), &completed))) {
                responses.set(detail::Outcome::ofLastCall(failure));
            }
            for (std::size_t i = 0; i < completed && i < count; ++i) {
                responses.push_back(detail::fromC(out[i]));
            }
        } catch (const std::exception &) {
            responses.set(withoutMemory(!is_sent));
        }
        return responses;
    }

    /// Sends a message, waits for the answer, which is written to the start of `room`, and gives its length. Without
    /// an answer, the result is empty and says why. An answer that does not fit is BUFFER_TOO_SMALL and dropped;
    /// `needed` takes its length.
    Result<std::size_t> callBytes(BytesView message, BytesRoom room, std::size_t *needed = nullptr) noexcept {
        return askBytes(CALC_IPC_TIMEOUT_DEFAULT, message, room, needed);
    }

    /// `callBytes`, with a time limit of this call's own, which has to be a millisecond at least.
    Result<std::size_t> callBytesWithin(std::chrono::milliseconds timeout, BytesView message, BytesRoom room,
                                        std::size_t *needed = nullptr) noexcept {
        return askBytes(detail::timeoutOf(timeout), message, room, needed);
    }

    /// The same, with room for any answer within `max_message` of the options.
    Result<std::vector<std::uint8_t>> callBytes(BytesView message) noexcept {
        using Answer = Result<std::vector<std::uint8_t>>;
        bool is_sent = false;
        try {
            // Not a vector, which would write zeros over all of it first.
            const std::unique_ptr<std::uint8_t[]> room(new std::uint8_t[max_message_]);
            is_sent = true;
            auto length = callBytes(message, BytesRoom(room.get(), max_message_));
            if (!length) {
                return Answer(detail::Outcome(std::move(length)));
            }
            return std::vector<std::uint8_t>(room.get(), room.get() + *length);
        } catch (const std::exception &) {
            return Answer(withoutMemory(!is_sent));
        }
    }

  private:
    Result<std::size_t> askBytes(std::uint32_t timeout, BytesView message, BytesRoom room,
                                 std::size_t *needed) noexcept {
        std::size_t length = 0;
        const calc_ipc_status status = noted(calc_ipc_client_call_bytes_within(
            handle(), timeout, message.data(), message.size(), room.data(), room.size(), &length));
        if (status == CALC_IPC_STATUS_OK) {
            return length;
        }
        if (needed != nullptr && status == CALC_IPC_STATUS_BUFFER_TOO_SMALL) {
            *needed = length;
        }
        return Result<std::size_t>(detail::Outcome::ofLastCall(status));
    }

    std::size_t max_message_;
};

} // namespace calc_ipc

#endif
