/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/// @file
/// Answers that come later: the reply to a request, which any thread may end at any time.
#ifndef CALC_IPC_REPLY_HPP
#define CALC_IPC_REPLY_HPP

#include <calc_ipc/handler.hpp>

#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <utility>

namespace calc_ipc {

/// @cond INTERNAL
namespace detail {

/// A handler that this thread is inside of, and its reply.
struct InsideOfHandler {
    calc_ipc_reply *reply;
    /// An exception destroyed the reply, which what() is to end.
    bool is_left;
};

/// The innermost one.
inline thread_local InsideOfHandler *inside_of_handler = nullptr;

inline void defer(calc_ipc_reply *reply, const std::uint8_t *request, std::size_t length, void *user_data) noexcept;

} // namespace detail
/// @endcond

/// The right to answer one request, once, from any thread. Until then the connection is parked: no further request of
/// it is read. It may outlive the client and the server.
///
/// What is destroyed without an answer fails: the client gets HANDLER_FAILED.
class Reply final {
  public:
    /// None: every end is INVALID_ARGUMENT.
    Reply() noexcept = default;

    /// Takes the other's, which has none afterwards.
    Reply(Reply &&other) noexcept : reply_(std::exchange(other.reply_, nullptr)) {}

    /// The same; what it had fails.
    Reply &operator=(Reply &&other) noexcept {
        Reply ended(std::move(*this));
        reply_ = std::exchange(other.reply_, nullptr);
        return *this;
    }

    ~Reply() {
        if (reply_ != nullptr && !isLeftToException()) {
            fail("the reply was destroyed without an answer");
        }
    }

    /// Answers with these bytes and never waits. OK: they were taken, which does not say that they arrive.
    /// calc_ipc_reply_send() has the other statuses.
    calc_ipc_status send(BytesView answer) noexcept {
        return calc_ipc_reply_send(std::exchange(reply_, nullptr), answer.data(), answer.size());
    }

    /// The same with what a calculator would answer, for clients that `call`.
    calc_ipc_status send(const Response &response) noexcept {
        const calc_ipc_response out = detail::toC(response);
        return calc_ipc_reply_send_response(std::exchange(reply_, nullptr), &out);
    }

    /// Gives the client HANDLER_FAILED; the text stays with the server.
    void fail(const char *why) noexcept { calc_ipc_reply_fail(std::exchange(reply_, nullptr), why); }

    /// Whether somebody waits for the answer, as far as is known: OK, CLOSED, STOPPED or FORKED.
    calc_ipc_status check() const noexcept { return calc_ipc_reply_check(reply_); }

    /// Whether there is one to end.
    explicit operator bool() const noexcept { return reply_ != nullptr; }

  private:
    friend void detail::defer(calc_ipc_reply *, const std::uint8_t *, std::size_t, void *) noexcept;
    explicit Reply(calc_ipc_reply *reply) noexcept : reply_(reply) {}

    bool isLeftToException() const noexcept {
        detail::InsideOfHandler *const inside = detail::inside_of_handler;
        const bool is_left = inside != nullptr && inside->reply == reply_ && std::uncaught_exceptions() > 0;
        if (is_left) {
            inside->is_left = true;
        }
        return is_left;
    }

    calc_ipc_reply *reply_ = nullptr;
};

/// Has a message answered: ends `reply`, or keeps it to end it later. `request` is valid until it returns, and begins
/// at a multiple of CALC_IPC_ALIGNMENT.
///
/// If it throws without having kept the reply, the client gets HANDLER_FAILED; what() stays with the server. Everything
/// else is as for Handler.
using DeferredHandler = std::function<void(Reply reply, BytesView request)>;

/// @cond INTERNAL
namespace detail {

/// What is taken for a DeferredHandler.
using AnyDeferredHandler = Callable<void(Reply, BytesView)>;

/// The C handler of a C++ one, which is `user_data`. Nothing may be thrown through the library.
inline void defer(calc_ipc_reply *reply, const std::uint8_t *request, std::size_t length, void *user_data) noexcept {
    InsideOfHandler inside{reply, false};
    InsideOfHandler *const outer = std::exchange(inside_of_handler, &inside);
    const auto end = [&](const char *why) {
        inside_of_handler = outer;
        if (inside.is_left) {
            calc_ipc_reply_fail(reply, why);
        }
    };
    const auto handle = [&] {
        (*static_cast<const AnyDeferredHandler *>(user_data))(Reply(reply), {request, length});
        end("an exception destroyed the reply without an answer");
    };
    unlessThrown(handle,
                 [&](const char *why) { end(why != nullptr ? why : "the handler threw what is no std::exception"); });
}

/// The C function that calls it; NULL for an empty one, which create refuses.
inline calc_ipc_deferred_handler functionOf(const AnyDeferredHandler &handler) noexcept {
    return handler ? defer : nullptr;
}

} // namespace detail
/// @endcond
} // namespace calc_ipc

#endif
