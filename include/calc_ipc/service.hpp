/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/// @file
/// Options, and what the servers and clients of all transports have in common.
#ifndef CALC_IPC_SERVICE_HPP
#define CALC_IPC_SERVICE_HPP

#include <calc_ipc/event.hpp>
#include <calc_ipc/handler.hpp>
#include <calc_ipc/protocol.hpp>
#include <calc_ipc/result.hpp>

#include <atomic>
#include <functional>
#include <memory>
#include <utility>

namespace calc_ipc {

/// How a server treats its clients: the fields of calc_ipc_server_options, set to their defaults.
struct ServerOptions : calc_ipc_server_options {
    ServerOptions() noexcept { calc_ipc_server_options_init(this, sizeof(calc_ipc_server_options)); }

    /// Has this called for what happens to clients, see Event: in the threads that serve, of one connection never in
    /// two at once. It must not wait. It may call requestStop(), but must not destroy its server; what it throws is
    /// dropped. It is kept as long as a server, or options, need it.
    ServerOptions &onEvent(std::function<void(const Event &)> told) {
        told_ = std::make_shared<const detail::Told>(std::move(told));
        observer = *told_ ? detail::tell : nullptr;
        observer_data = const_cast<detail::Told *>(told_.get());
        return *this;
    }

    /// @cond INTERNAL
    std::shared_ptr<const void> kept() const noexcept { return told_; }

  private:
    std::shared_ptr<const detail::Told> told_;
    /// @endcond
};

/// How a client treats its server: the fields of calc_ipc_client_options, set to their defaults.
struct ClientOptions : calc_ipc_client_options {
    ClientOptions() noexcept { calc_ipc_client_options_init(this, sizeof(calc_ipc_client_options)); }
};

namespace detail {

/// @cond INTERNAL
template <auto Destroy> struct Deleter {
    template <class T> void operator()(T *handle) const noexcept { Destroy(handle); }
};
/// @endcond

/// A server of any transport. `T` and the functions are those of calc_ipc.h.
template <class T, auto Run, auto Start, auto Stop, auto RequestStop, auto Destroy> class BasicServer {
  public:
    /// Serves on this thread until stopped, or idle if the options say `stop_when_idle`.
    void run() { check(Run(handle())); }

    /// Serves on a thread of the library until stopped.
    void startInBackground() { check(Start(handle())); }

    /// Stops for good, frees the address, and returns when both is done; says how serving ended.
    calc_ipc_status stop() noexcept { return Stop(handle()); }

    /// Asks `run` to return and never waits: for signal handlers, and for the server's own handler.
    void requestStop() noexcept { RequestStop(handle()); }

    /// @cond INTERNAL
  protected:
    /// `Kept` is AnyHandler, AnyBytesHandler or AnyDeferredHandler.
    template <class Create, class Kept, class... Address>
    BasicServer(Create create, Kept handler, const ServerOptions &options, Address... address)
        : state_(std::make_unique<State>()) {
        const auto kept = std::make_shared<Kept>(std::move(handler));
        state_->handler = kept;
        state_->observer = options.kept();
        T *created = nullptr;
        check(create(address..., functionOf(*kept), kept.get(), &options, &created));
        state_->handle.reset(created);
    }

    /// What the functions of calc_ipc.h take.
    const T *handle() const noexcept { return state_ ? state_->handle.get() : nullptr; }

  private:
    /// In one place on the heap: the handler's address outlives moves of the server, and handler and observer their
    /// last calls.
    struct State {
        std::shared_ptr<void> handler; // of any kind
        std::shared_ptr<const void> observer;
        std::unique_ptr<T, Deleter<Destroy>> handle;
    };

    std::unique_ptr<State> state_;
    /// @endcond
};

/// @cond INTERNAL
/// An address, or a part of one, as C takes it.
inline const char *passed(const std::string &text) noexcept { return text.c_str(); }
template <class Part> Part passed(Part part) noexcept { return part; }

/// Nothing but text is.
template <class Part> bool isCut(const Part & /* part */) noexcept { return false; }

/// How a call ends if there is no memory for what C++ makes of it.
inline Outcome withoutMemory(bool not_executed) noexcept {
    return {CALC_IPC_STATUS_SYSTEM, "operating system error: no memory for the call", not_executed};
}

/// The same, with what `make` makes of the value.
template <class From, class Make>
auto mapped(Result<From> from, Make make) -> Result<decltype(make(*std::move(from)))> {
    using To = Result<decltype(make(*std::move(from)))>;
    return from ? To(make(*std::move(from))) : To(Outcome(std::move(from)));
}

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
/// @endcond

/// A client of any transport. `T` and the functions are those of calc_ipc.h.
template <class T, auto Call, auto Destroy> class BasicClient {
  public:
    /// Sends a request and waits for its response. Without one, the result is empty and says why. A response without
    /// `success` is a response: the call succeeded, and the calculation failed.
    Result<Response> call(const Request &request) noexcept {
        return ask(request,
                   [this](const calc_ipc_request *in, calc_ipc_response *out) { return Call(handle_.get(), in, out); });
    }

    /// How the last call in any thread ended. The result of a call says it for that call.
    calc_ipc_status status() const noexcept { return status_.get(); }

    /// @cond INTERNAL
  protected:
    using Handle = std::unique_ptr<T, Deleter<Destroy>>;

    /// Takes what `opened` gave.
    explicit BasicClient(Handle handle) noexcept : handle_(std::move(handle)) {}

    /// The client that `create`, a function of calc_ipc.h, makes, or why it makes none.
    template <class Create, class... Address>
    static Result<Handle> opened(Create create, const ClientOptions &options, const Address &...address) noexcept {
        if ((isCut(address) || ...)) {
            return Result<Handle>(Outcome(CALC_IPC_STATUS_INVALID_ARGUMENT, CUT, true));
        }
        T *created = nullptr;
        if (const calc_ipc_status failure = create(passed(address)..., &options, &created)) {
            return Result<Handle>(Outcome::ofLastCall(failure));
        }
        return Handle(created);
    }

    /// What the functions of calc_ipc.h take.
    const T *handle() const noexcept { return handle_.get(); }

    /// What `call`, a function of calc_ipc.h, makes of a request.
    template <class Function> Result<Response> ask(const Request &request, Function call) noexcept {
        const calc_ipc_request in = toC(request);
        calc_ipc_response out;
        if (const calc_ipc_status failure = noted(call(&in, &out))) {
            return Result<Response>(Outcome::ofLastCall(failure));
        }
        return unlessThrown([&] { return Result<Response>(fromC(out)); },
                            [this](const char *) { return Result<Response>(withoutMemory(false)); });
    }

    /// The status of a call, which `status()` then gives.
    calc_ipc_status noted(calc_ipc_status status) noexcept {
        status_.set(status);
        return status;
    }

    /// A call that ends since there is no memory for what C++ makes of it.
    Outcome withoutMemory(bool not_executed) noexcept {
        noted(CALC_IPC_STATUS_SYSTEM);
        return detail::withoutMemory(not_executed);
    }

  private:
    Handle handle_;
    LastStatus status_;
    /// @endcond
};

} // namespace detail
} // namespace calc_ipc

#endif
