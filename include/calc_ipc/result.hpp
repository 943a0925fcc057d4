/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/// @file
/// The outcome of a call: a value, or why there is none. It needs no exceptions.
#ifndef CALC_IPC_RESULT_HPP
#define CALC_IPC_RESULT_HPP

#include <calc_ipc/error.hpp>

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace calc_ipc {

namespace detail {

/// How a call ended. No other thread and no later call changes it.
class Outcome {
  public:
    /// A call that succeeded.
    Outcome() noexcept = default;

    /// A call that failed. If there is no memory for the text, only the text of its status is kept, so that a call
    /// never throws.
    Outcome(calc_ipc_status status, const char *text, bool not_executed) noexcept
        : status_(status), not_executed_(not_executed) {
        unlessThrown([&] { message_ = text; },
                     [&](const char *) {
                         const std::string_view kind = calc_ipc_status_message(status);
                         message_ = kind.substr(0, message_.capacity()); // for which there is room
                     });
    }

    /// This thread's call that failed just now.
    static Outcome ofLastCall(calc_ipc_status status) noexcept {
        return {status, calc_ipc_last_error(), calc_ipc_last_not_executed()};
    }

    /// CALC_IPC_STATUS_OK, or what kind of failure it was.
    calc_ipc_status status() const noexcept { return status_; }

    /// What failed, where and why, for people; empty after a success.
    const std::string &message() const &noexcept { return message_; }

    /// The same, of a result that is about to end.
    std::string message() &&noexcept { return std::move(message_); }

    /// Whether the call failed and its request certainly reached no handler and never will, so that it can be sent
    /// again without being executed twice: see calc_ipc_last_not_executed(). `false` after a failure: perhaps it did.
    bool notExecuted() const noexcept { return not_executed_; }

  private:
    std::string message_;
    calc_ipc_status status_ = CALC_IPC_STATUS_OK;
    bool not_executed_ = false;
};

} // namespace detail

/// The outcome of a call: a std::optional of the value, which says why it is empty.
///
///     if (const auto response = client.call(request)) {
///         use(*response);
///     } else if (response.notExecuted()) {
///         askAgain();                                  // another server, perhaps
///     } else {
///         std::cerr << response.message() << '\n';     // "timed out: /run/calc.sock: no answer within 30s ..."
///     }
///
/// It is that of one call, so that threads that share a client cannot read each other's.
template <class T> class Result : public detail::Outcome {
  public:
    using value_type = T; ///< What there is if the call succeeded.

    /// A success with this value.
    Result(const T &value) : value_(value) {}

    /// The same.
    Result(T &&value) noexcept(std::is_nothrow_move_constructible_v<T>) : value_(std::move(value)) {}

    /// A failure with this status, not CALC_IPC_STATUS_OK: for code that makes results itself, such as a fake client in
    /// a test.
    Result(const Error &failure, bool not_executed = false) noexcept
        : Outcome(failure.status(), failure.what(), not_executed) {}

    /// How a call without a value ended.
    explicit Result(detail::Outcome failure) noexcept : Outcome(std::move(failure)) {}

    /// A failure of one call is not one of another.
    template <class Other> Result(const Result<Other> &) = delete;

    bool has_value() const noexcept { return value_.has_value(); }         ///< Whether the call succeeded.
    explicit operator bool() const noexcept { return value_.has_value(); } ///< The same.

    /// The value, which there has to be.
    const T &operator*() const &noexcept { return *value_; }
    T &operator*() &noexcept { return *value_; }                             ///< The same.
    T &&operator*() &&noexcept { return *std::move(value_); }                ///< The same.
    const T *operator->() const noexcept { return std::addressof(*value_); } ///< A member of it.
    T *operator->() noexcept { return std::addressof(*value_); }             ///< The same.

    /// The value; throws Error if there is none, and where exceptions are off, ends the process.
    const T &value() const & {
        require();
        return *value_;
    }
    /// The same.
    T &value() & {
        require();
        return *value_;
    }
    /// The same.
    T &&value() && {
        require();
        return *std::move(value_);
    }

    /// The value, or another.
    template <class Other> T value_or(Other &&other) const & { return value_.value_or(std::forward<Other>(other)); }
    /// The same.
    template <class Other> T value_or(Other &&other) && {
        return std::move(value_).value_or(std::forward<Other>(other));
    }

    /// The value alone, or nothing.
    operator std::optional<T>() const & { return value_; }
    /// The same.
    operator std::optional<T>() &&noexcept(std::is_nothrow_move_constructible_v<T>) { return std::move(value_); }

    /// Compares as std::optional does: the values, if there are any.
    friend bool operator==(const Result &a, const Result &b) { return a.value_ == b.value_; }
    friend bool operator!=(const Result &a, const Result &b) { return !(a == b); } ///< As above.

    friend bool operator==(const Result &a, const std::optional<T> &b) { return a.value_ == b; } ///< As above.
    friend bool operator==(const std::optional<T> &a, const Result &b) { return b == a; }        ///< As above.
    friend bool operator!=(const Result &a, const std::optional<T> &b) { return !(a == b); }     ///< As above.
    friend bool operator!=(const std::optional<T> &a, const Result &b) { return !(b == a); }     ///< As above.

    friend bool operator==(const Result &a, const T &b) { return a.value_ == b; } ///< As above.
    friend bool operator==(const T &a, const Result &b) { return b == a; }        ///< As above.
    friend bool operator!=(const Result &a, const T &b) { return !(a == b); }     ///< As above.
    friend bool operator!=(const T &a, const Result &b) { return !(b == a); }     ///< As above.

    /// Whether there is no value.
    friend bool operator==(const Result &a, std::nullopt_t) noexcept { return !a.has_value(); }
    friend bool operator==(std::nullopt_t, const Result &b) noexcept { return !b.has_value(); } ///< As above.
    friend bool operator!=(const Result &a, std::nullopt_t) noexcept {
        return a.has_value();
    } ///< Whether there is one.
    friend bool operator!=(std::nullopt_t, const Result &b) noexcept { return b.has_value(); } ///< As above.

  private:
    void require() const {
        if (!value_.has_value()) {
            detail::raise(status(), message().c_str());
        }
    }

    std::optional<T> value_;
};

} // namespace calc_ipc

#endif
