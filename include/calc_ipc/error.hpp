/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/// @file
/// Failures: the statuses of calc_ipc.h as exceptions.
#ifndef CALC_IPC_ERROR_HPP
#define CALC_IPC_ERROR_HPP

#include <calc_ipc.h>

#include <cstdlib>
#include <exception>
#include <string>
#include <system_error>

namespace calc_ipc {

/// @cond INTERNAL
namespace detail {

class Category final : public std::error_category {
  public:
    const char *name() const noexcept override { return "calc_ipc"; }

    std::string message(int status) const override { return calc_ipc_status_message(status); }

    /// Statuses that the standard has a name for compare equal to it: `error.code() == std::errc::timed_out`.
    std::error_condition default_error_condition(int status) const noexcept override {
        switch (status) {
        case CALC_IPC_STATUS_INVALID_ARGUMENT:
            return std::errc::invalid_argument;
        case CALC_IPC_STATUS_TOO_LARGE:
            return std::errc::message_size;
        case CALC_IPC_STATUS_TIMED_OUT:
            return std::errc::timed_out;
        case CALC_IPC_STATUS_NOT_CONNECTED:
            return std::errc::not_connected;
        case CALC_IPC_STATUS_ADDRESS_IN_USE:
            return std::errc::address_in_use;
        case CALC_IPC_STATUS_PERMISSION_DENIED:
            return std::errc::permission_denied;
        case CALC_IPC_STATUS_BUSY:
            return std::errc::device_or_resource_busy;
        case CALC_IPC_STATUS_UNSUPPORTED:
            return std::errc::not_supported;
        case CALC_IPC_STATUS_REFUSED:
            return std::errc::connection_refused;
        default:
            return {status, *this};
        }
    }
};

} // namespace detail
/// @endcond

/// The category of every Error; its values are the CALC_IPC_STATUS_* numbers.
inline const std::error_category &category() noexcept {
    static const detail::Category instance;
    return instance;
}

/// What constructors, factories, `run` and `startInBackground` throw. `what()` names the thing that failed and why.
class Error : public std::system_error {
  public:
    /// A failure of this kind; `context` says what failed, and why.
    Error(calc_ipc_status status, const std::string &context) : std::system_error(status, category(), context) {}

    /// The kind of failure, one of CALC_IPC_STATUS_*.
    calc_ipc_status status() const noexcept { return code().value(); }
};

/// @cond INTERNAL
namespace detail {

/// What `function` gives, or if it throws, what `otherwise` makes of the exception's what(), which is NULL if it has
/// none.
template <class Function, class Otherwise>
auto unlessThrown(Function function, [[maybe_unused]] Otherwise otherwise) noexcept -> decltype(function()) {
#if defined(__cpp_exceptions)
    try {
        return function();
    } catch (const std::exception &failure) {
        return otherwise(failure.what());
    } catch (...) {
        return otherwise(nullptr);
    }
#else
    return function();
#endif
}

/// Throws the failure that the library describes by `text`; ends the process where exceptions are off.
[[noreturn]] inline void raise([[maybe_unused]] calc_ipc_status status, [[maybe_unused]] const char *text) {
#if defined(__cpp_exceptions)
    std::string context = text;
    // The library says the kind in front, and std::system_error will say it again at the end.
    const std::string kind = category().message(status) + ": ";
    if (context.compare(0, kind.size(), kind) == 0) {
        context.erase(0, kind.size());
    }
    throw Error(status, context);
#else
    std::abort();
#endif
}

/// Throws this thread's last failure unless `status` is OK.
inline void check(calc_ipc_status status) {
    if (status != CALC_IPC_STATUS_OK) {
        raise(status, calc_ipc_last_error());
    }
}

/// Whether C would silently cut the text at an embedded NUL, and so open a different path.
inline bool isCut(const std::string &text) noexcept { return text.find('\0') != std::string::npos; }

/// What is wrong with such a text.
inline constexpr const char *CUT = "invalid argument: a NUL byte inside of a path or name";

/// The text for C.
inline const char *terminated(const std::string &text) {
    if (isCut(text)) {
        raise(CALC_IPC_STATUS_INVALID_ARGUMENT, CUT);
    }
    return text.c_str();
}

} // namespace detail
/// @endcond
} // namespace calc_ipc

#endif
