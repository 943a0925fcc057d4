/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/// @file
/// A client of any transport: calls that are waited for, one by one and many, and calls that are not.
#ifndef CALC_IPC_CLIENT_HPP
#define CALC_IPC_CLIENT_HPP

#include <calc_ipc/awaited.hpp>
#include <calc_ipc/flight.hpp>
#include <calc_ipc/loan.hpp>
#include <calc_ipc/service.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <future>
#include <initializer_list>
#include <iterator>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace calc_ipc {

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
///
/// `<calc_ipc/async.hpp>` tells of calls that are not waited for.
class Client final : public detail::BasicClient<calc_ipc_client, calc_ipc_client_call, calc_ipc_client_destroy> {
  public:
    /// The time limit of a call that is submitted: at least a millisecond, or none, which is `call_timeout_ms` of the
    /// options.
    using Limit = std::optional<std::chrono::milliseconds>;

    /// Connects; throws NOT_CONNECTED if no server is there. exec: starts the server, which ends with the client.
    explicit Client(const std::string &url, const ClientOptions &options = {})
        : Client(opened(calc_ipc_client_create, options, url).value(), options) {}

    /// The same without exceptions: why there is no client is in the result.
    [[nodiscard]] static Result<Client> connect(const std::string &url, const ClientOptions &options = {}) noexcept {
        return detail::unlessThrown(
            [&] {
                return detail::mapped(opened(calc_ipc_client_create, options, url),
                                      [&](Handle handle) { return Client(std::move(handle), options); });
            },
            [](const char *) { return Result<Client>(detail::withoutMemory(true)); });
    }

    /// Calls that were submitted go with their client.
    Client(Client &&) noexcept = default;

    /// The same; those of the client that ends by this are cancelled.
    Client &operator=(Client &&other) noexcept {
        if (this != &other) {
            const Client ending(std::move(*this));
            BasicClient::operator=(std::move(other));
            max_message_ = other.max_message_;
            flight_ = std::move(other.flight_);
        }
        return *this;
    }

    /// Cancels the calls that were submitted, and completes them on this thread: see submit().
    ~Client() {
        if (flight_ != nullptr) {
            flight_->close();
        }
    }

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
        const auto call = [&] {
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
        };
        detail::unlessThrown(call, [&](const char *) { responses.set(withoutMemory(!is_sent)); });
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
        const auto call = [&] {
            // Not a vector, which would write zeros over all of it first.
            const std::unique_ptr<std::uint8_t[]> room(new std::uint8_t[max_message_]);
            is_sent = true;
            auto length = callBytes(message, BytesRoom(room.get(), max_message_));
            return length ? Answer(std::vector<std::uint8_t>(room.get(), room.get() + *length))
                          : Answer(detail::Outcome(std::move(length)));
        };
        return detail::unlessThrown(call, [&](const char *) { return Answer(withoutMemory(!is_sent)); });
    }

    /// Memory for a message of `size` bytes, right where the transport reads it, with a connection; it may wait for
    /// that.
    [[nodiscard]] Result<Loan> loan(std::size_t size) noexcept {
        std::uint8_t *data = nullptr;
        if (const calc_ipc_status failure = noted(calc_ipc_client_loan(handle(), size, &data))) {
            return Result<Loan>(detail::Outcome::ofLastCall(failure));
        }
        return Loan(flight_, data, size);
    }

    /// Sends a request, never waits, and gives the call's number: `then(Result<Response>)` is called once, in
    /// `dispatch`.
    ///
    /// Without a number, the request was not sent, the result says why (BUSY: CALC_IPC_IN_FLIGHT_MAX calls are under
    /// way), and `then` is never called. It may be movable only, or empty. It may submit, cancel and dispatch, and
    /// destroy the client. What it throws comes out of `dispatch`; the calls that have ended after its own wait for the
    /// next one.
    ///
    /// Of the calls that are left when the client is destroyed, `then` is called there, with CANCELLED, and what it
    /// throws is dropped.
    [[nodiscard]] Result<std::uint64_t> submit(const Request &request, detail::Callable<void(Result<Response>)> then,
                                               Limit limit = std::nullopt) noexcept {
        return detail::calling(flight_, std::move(then), detail::sending(request, detail::timeoutOf(limit)));
    }

    /// `submit` of a message, which is copied; `then(Result<BytesView>)` has the answer until it returns.
    [[nodiscard]] Result<std::uint64_t> submitBytes(BytesView message, detail::Callable<void(Result<BytesView>)> then,
                                                    Limit limit = std::nullopt) noexcept {
        return detail::calling(flight_, std::move(then), detail::sending(message, detail::timeoutOf(limit)));
    }

    /// Sends a request, never waits, and gives what it will come to, also if it could not be sent. The future becomes
    /// ready in another thread's `dispatch`: get() on the only thread that dispatches waits for ever.
    [[nodiscard]] std::future<Result<Response>> async(const Request &request, Limit limit = std::nullopt) {
        return detail::promised<Response>(flight_, detail::sending(request, detail::timeoutOf(limit)));
    }

    /// `async` of a message, which is copied.
    [[nodiscard]] std::future<Result<std::vector<std::uint8_t>>> asyncBytes(BytesView message,
                                                                            Limit limit = std::nullopt) {
        return detail::promised<std::vector<std::uint8_t>>(flight_, detail::sending(message, detail::timeoutOf(limit)));
    }

#if defined(CALC_IPC_COROUTINES)
    /// `Result<Response> response = co_await client.awaitCall(request)`, in C++20: sends the request, and resumes the
    /// coroutine in `dispatch`. Destroying the coroutine meanwhile, which must not overlap a `dispatch`, cancels the
    /// call.
    [[nodiscard]] auto awaitCall(const Request &request, Limit limit = std::nullopt) const noexcept {
        return detail::awaited<Response>(flight_, detail::sending(request, detail::timeoutOf(limit)));
    }

    /// `awaitCall` of a message, which has to be there until it is awaited, and gives
    /// `Result<std::vector<std::uint8_t>>`.
    [[nodiscard]] auto awaitBytes(BytesView message, Limit limit = std::nullopt) const noexcept {
        return detail::awaited<std::vector<std::uint8_t>>(flight_, detail::sending(message, detail::timeoutOf(limit)));
    }
#endif

    /// Waits until a call that was submitted has ended, whether or not one is under way, and completes it here, on this
    /// thread, with what else has ended, CALC_IPC_IN_FLIGHT_MAX calls at most.
    ///
    /// OK: some were completed; TIMED_OUT: none has ended; else why not, and calc_ipc_last_error() tells more. A
    /// timeout of 0 only looks; that of std::chrono::milliseconds::max() has no end. In an event loop that tells only
    /// of changes (edge-triggered), dispatch with 0 until TIMED_OUT. Any threads may submit, cancel and dispatch at
    /// once.
    calc_ipc_status dispatch(std::chrono::milliseconds timeout) {
        const std::uint32_t limit = detail::timeoutOf(timeout);
        return flight_ != nullptr ? flight_->dispatch(limit)
                                  : calc_ipc_client_next(nullptr, limit, nullptr, 0, nullptr);
    }

    /// Ends the call with this number. It is completed with CANCELLED in `dispatch`, unless it was over before.
    calc_ipc_status cancel(std::uint64_t id) noexcept { return calc_ipc_client_cancel(handle(), id); }

    /// Ends all calls, waited for or not, with CANCELLED, and those to come; `dispatch` completes what was submitted,
    /// and then gives CANCELLED itself. It never waits: for signal handlers, and before threads are joined.
    void requestStop() noexcept { calc_ipc_client_request_stop(handle()); }

    /// A descriptor that is readable when `dispatch` has something to do, for an event loop of your own. The rules are
    /// those of calc_ipc_client_fd().
    Result<int> fd() const noexcept {
        int fd = -1;
        const calc_ipc_status failure = calc_ipc_client_fd(handle(), &fd);
        return failure == CALC_IPC_STATUS_OK ? Result<int>(fd) : Result<int>(detail::Outcome::ofLastCall(failure));
    }

    /// The same for loops of Windows: a handle to wait for. The rules are those of calc_ipc_client_wait_handle().
    Result<void *> waitHandle() const noexcept {
        void *wait = nullptr;
        const calc_ipc_status failure = calc_ipc_client_wait_handle(handle(), &wait);
        return failure == CALC_IPC_STATUS_OK ? Result<void *>(wait)
                                             : Result<void *>(detail::Outcome::ofLastCall(failure));
    }

  private:
    Client(Handle handle, const ClientOptions &options)
        : BasicClient(std::move(handle)), max_message_(options.max_message),
          flight_(std::make_shared<detail::Flight>(this->handle())) {}

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
    std::shared_ptr<detail::Flight> flight_;
};

} // namespace calc_ipc

#endif
