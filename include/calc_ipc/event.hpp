/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/// @file
/// What happens to the clients of a server.
#ifndef CALC_IPC_EVENT_HPP
#define CALC_IPC_EVENT_HPP

#include <calc_ipc.h>
#include <calc_ipc/peer.hpp>

#include <cstdint>
#include <functional>
#include <string_view>

namespace calc_ipc {

/// What happens to a client. Each that came is followed by LEFT or DROPPED of the same connection, exactly once. Later
/// versions may tell more: ignore what you do not know.
enum class EventKind : std::int32_t {
    CAME = CALC_IPC_EVENT_CAME,                    ///< It was let in.
    LEFT = CALC_IPC_EVENT_LEFT,                    ///< It has gone; STOPPED: it was there until serving ended.
    REFUSED = CALC_IPC_EVENT_REFUSED,              ///< It was not let in.
    DROPPED = CALC_IPC_EVENT_DROPPED,              ///< The server ended its connection.
    HANDLER_FAILED = CALC_IPC_EVENT_HANDLER_FAILED ///< The handler failed on its request; the text is what it threw.
};

/// What happened to a client.
struct Event {
    EventKind kind;         ///< What happened.
    calc_ipc_status status; ///< What kind of failure it is; OK: none.
    Peer peer;              ///< Who it happened to.
    std::string_view text;  ///< What happened, for people; gone when the call returns.
};

/// @cond INTERNAL
namespace detail {

/// What takes events.
using Told = std::function<void(const Event &)>;

/// The C observer of a C++ one, which is `told`. Nothing may be thrown through the library.
inline void tell(const calc_ipc_event *event, void *told) noexcept {
    try {
        const Event happened{static_cast<EventKind>(event->kind), event->status, fromC(*event->peer), event->text};
        (*static_cast<const Told *>(told))(happened);
    } catch (...) {
        return; // Nobody is there to be told.
    }
}

} // namespace detail
/// @endcond
} // namespace calc_ipc

#endif
