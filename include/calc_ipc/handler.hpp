/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/// @file
/// Handlers: functions that answer requests, and messages of your own.
#ifndef CALC_IPC_HANDLER_HPP
#define CALC_IPC_HANDLER_HPP

#include <calc_ipc/bytes.hpp>
#include <calc_ipc/protocol.hpp>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <limits>
#include <memory>
#include <type_traits>
#include <utility>

namespace calc_ipc {

/// Turns a request into its response; empty stands for the built-in calculator.
///
/// Servers, pipes and servePipe() take any callable with this signature, also one that can only be moved, such as a
/// lambda that holds a std::unique_ptr.
///
/// It runs in one thread at a time unless `ServerOptions::workers` asks for more. If it throws, the answer is ERR with
/// what(). A server must not be destroyed in its own handler.
using Handler = std::function<Response(const Request &)>;

/// Answers a message: reads `request`, writes its answer to the start of `response`, which never overlaps it, and
/// returns the answer's length. Both begin at multiples of CALC_IPC_ALIGNMENT, so that a struct may lie there.
///
/// If it throws, or returns more than `response.size()`, the client gets HANDLER_FAILED; what() stays with the server,
/// see calc_ipc_current_failure(). Everything else is as for Handler.
using BytesHandler = std::function<std::size_t(BytesView request, BytesRoom response)>;

/// @cond INTERNAL
namespace detail {

/// Whether something that can be called may also be nothing, which is what equals nullptr: pointers and std::function,
/// but no lambda, which equals nullptr where it converts to a pointer.
template <class Function, class = void> inline constexpr bool may_be_null = false;
template <class Function>
inline constexpr bool may_be_null<Function, std::void_t<decltype(std::declval<const Function &>() == nullptr)>> =
    !std::is_class_v<Function> || !std::is_convertible_v<const Function &, bool>;

/// Holds what can be called like this, as std::function does, but it may be movable only.
template <class Signature> class Callable;

template <class Answer, class... Arguments> class Callable<Answer(Arguments...)> {
  public:
    /// Nothing.
    Callable() noexcept = default;

    /// The same.
    Callable(std::nullptr_t) noexcept {}

    /// Takes `function`, which may be nothing, too.
    template <class Function, class Kept = std::decay_t<Function>,
              class = std::enable_if_t<!std::is_same_v<Kept, Callable> &&
                                       std::is_invocable_r_v<Answer, Kept &, Arguments...>>>
    Callable(Function &&function) {
        auto kept = std::make_unique<Of<Kept>>(std::forward<Function>(function));
        if constexpr (may_be_null<Kept>) {
            if (kept->function == nullptr) {
                return;
            }
        }
        kept_ = std::move(kept);
    }

    /// Whether there is something to call.
    explicit operator bool() const noexcept { return kept_ != nullptr; }

    /// Calls it.
    Answer operator()(Arguments... arguments) const { return kept_->call(std::forward<Arguments>(arguments)...); }

  private:
    struct Any {
        Any() = default;
        Any(const Any &) = delete;
        Any &operator=(const Any &) = delete;
        virtual ~Any() = default;
        virtual Answer call(Arguments... arguments) = 0;
    };

    template <class Function> struct Of final : Any {
        template <class From> explicit Of(From &&from) : function(std::forward<From>(from)) {}
        Answer call(Arguments... arguments) override {
            if constexpr (std::is_void_v<Answer>) {
                std::invoke(function, std::forward<Arguments>(arguments)...);
            } else {
                return std::invoke(function, std::forward<Arguments>(arguments)...);
            }
        }
        Function function;
    };

    std::unique_ptr<Any> kept_;
};

/// What is taken for a Handler.
using AnyHandler = Callable<Response(const Request &)>;

/// What is taken for a BytesHandler.
using AnyBytesHandler = Callable<std::size_t(BytesView, BytesRoom)>;

/// The C handler of a C++ one, which is `user_data`. Nothing may be thrown through the library.
inline void answer(const calc_ipc_request *request, calc_ipc_response *response, void *user_data) noexcept {
    const auto fail = [&](const char *why) {
        *response = toC(false, 0, why, std::strlen(why));
        calc_ipc_current_failure(why);
    };
    unlessThrown([&] { *response = toC((*static_cast<const AnyHandler *>(user_data))(fromC(*request))); },
                 [&](const char *why) { fail(why != nullptr ? why : "Handler failed"); });
}

/// The same for messages of any kind. The text of a failure is for the server's side alone.
inline std::size_t answerBytes(const std::uint8_t *request, std::size_t length, std::uint8_t *response,
                               std::size_t capacity, void *user_data) noexcept {
    return unlessThrown(
        [&] {
            return (*static_cast<const AnyBytesHandler *>(user_data))({request, length}, {response, capacity});
        },
        [](const char *why) {
            calc_ipc_current_failure(why != nullptr ? why : "the handler threw what is no std::exception");
            return (std::numeric_limits<std::size_t>::max)();
        });
}

/// The C function that calls it; NULL for an empty one, which is the calculator.
inline calc_ipc_handler functionOf(const AnyHandler &handler) noexcept { return handler ? answer : nullptr; }

/// The C function that calls it; NULL for an empty one, which create refuses.
inline calc_ipc_bytes_handler functionOf(const AnyBytesHandler &handler) noexcept {
    return handler ? answerBytes : nullptr;
}

} // namespace detail
/// @endcond
} // namespace calc_ipc

#endif
