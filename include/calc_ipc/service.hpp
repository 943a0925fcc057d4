/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/// @file
/// Handlers, options, and what the servers and clients of all transports have in common.
#ifndef CALC_IPC_SERVICE_HPP
#define CALC_IPC_SERVICE_HPP

#include <calc_ipc/bytes.hpp>
#include <calc_ipc/protocol.hpp>

#include <any>
#include <atomic>
#include <cstring>
#include <exception>
#include <functional>
#include <memory>
#include <new>
#include <optional>
#include <utility>

namespace calc_ipc {

/// Turns a request into its response; empty stands for the built-in calculator.
///
/// It runs on the server's thread, and on several at once only if `ServerOptions::workers` says so. One that throws
/// answers ERR with what(). A server must not be destroyed in its own handler.
using Handler = std::function<Response(const Request &)>;

/// How a server treats its clients: the fields of calc_ipc_server_options, set to their defaults.
struct ServerOptions : calc_ipc_server_options {
    ServerOptions() noexcept {
        calc_ipc_server_options_init(this, sizeof(calc_ipc_server_options));
        max_clients = 0; // what suits the transport: 1024, or 128 over shared memory
    }
};

/// How a client treats its server: the fields of calc_ipc_client_options, set to their defaults.
struct ClientOptions : calc_ipc_client_options {
    ClientOptions() noexcept { calc_ipc_client_options_init(this, sizeof(calc_ipc_client_options)); }
};

namespace detail {

template <auto Destroy> struct Deleter {
    template <class T> void operator()(T *handle) const noexcept { Destroy(handle); }
};

/// The C handler of a C++ one, which is `user_data`. Nothing may be thrown through the library.
inline void answer(const calc_ipc_request *request, calc_ipc_response *response, void *user_data) noexcept {
    const auto fail = [&](const char *why) { *response = toC(false, 0, why, std::strlen(why)); };
    try {
        *response = toC((*static_cast<const Handler *>(user_data))(fromC(*request)));
    } catch (const std::exception &failure) {
        fail(failure.what());
    } catch (...) {
        fail("Handler failed");
    }
}

inline calc_ipc_handler functionOf(const Handler &handler) noexcept { return handler ? answer : nullptr; }

/// A server of any transport. `T` and the functions are those of calc_ipc.h.
template <class T, auto Run, auto Start, auto Stop, auto RequestStop, auto Destroy> class BasicServer {
  public:
    /// Serves on this thread until stopped, or idle if the options say `stop_when_idle`.
    void run() { check(Run(handle())); }

    /// Serves on a thread of the library until stopped.
    void startInBackground() { check(Start(handle())); }

    /// Ends serving for good, frees the address and waits for both; says how serving ended.
    calc_ipc_status stop() noexcept { return Stop(handle()); }

    /// Asks `run` to return and never waits: for signal handlers, and for the server's own handler.
    void requestStop() noexcept { RequestStop(handle()); }

  protected:
    template <class Create, class AnyHandler, class... Address>
    BasicServer(Create create, AnyHandler handler, const ServerOptions &options, Address... address)
        : state_(std::make_unique<State>()) {
        auto &kept = state_->handler.template emplace<AnyHandler>(std::move(handler));
        T *created = nullptr;
        check(create(address..., functionOf(kept), &kept, &options, &created));
        state_->handle.reset(created);
    }

    const T *handle() const noexcept { return state_ ? state_->handle.get() : nullptr; }

  private:
    /// In one place on the heap: the handler's address outlives moves of the server, and the handler its last call.
    struct State {
        std::any handler; // a Handler, or a BytesHandler
        std::unique_ptr<T, Deleter<Destroy>> handle;
    };

    std::unique_ptr<State> state_;
};

/// Atomic, since the call of a second thread that finds the client BUSY writes it too; movable, as its client is.
class LastStatus {
  public:
    LastStatus() noexcept = default;
    LastStatus(LastStatus &&other) noexcept : value_(other.get()) {}
    LastStatus &operator=(LastStatus &&other) noexcept {
        set(other.get());
        return *this;
    }

    calc_ipc_status get() const noexcept { return value_.load(std::memory_order_relaxed); }
    void set(calc_ipc_status status) noexcept { value_.store(status, std::memory_order_relaxed); }

  private:
    std::atomic<calc_ipc_status> value_{CALC_IPC_STATUS_OK};
};

/// A client of any transport. `T` and the functions are those of calc_ipc.h.
template <class T, auto Call, auto Destroy> class BasicClient {
  public:
    /// Sends a request and waits for its response; empty if there is none, and then `status()` says why.
    /// A response without `success` is a response: the call worked, and the calculation did not.
    std::optional<Response> call(const Request &request) noexcept {
        const calc_ipc_request in = toC(request);
        calc_ipc_response out;
        status_.set(Call(handle_.get(), &in, &out));
        if (status() != CALC_IPC_STATUS_OK) {
            return std::nullopt;
        }
        try {
            return fromC(out);
        } catch (const std::bad_alloc &) {
            status_.set(CALC_IPC_STATUS_SYSTEM);
            return std::nullopt;
        }
    }

    /// How the last call ended: CALC_IPC_STATUS_OK, or why it gave no response.
    calc_ipc_status status() const noexcept { return status_.get(); }

  protected:
    template <class Create, class... Address>
    BasicClient(Create create, const ClientOptions &options, Address... address) {
        T *created = nullptr;
        check(create(address..., &options, &created));
        handle_.reset(created);
    }

    const T *handle() const noexcept { return handle_.get(); }
    void setStatus(calc_ipc_status status) noexcept { status_.set(status); }

  private:
    std::unique_ptr<T, Deleter<Destroy>> handle_;
    LastStatus status_;
};

} // namespace detail
} // namespace calc_ipc

#endif
