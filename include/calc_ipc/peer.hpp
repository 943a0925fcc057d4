/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/// @file
/// Who asks a server.
#ifndef CALC_IPC_PEER_HPP
#define CALC_IPC_PEER_HPP

#include <calc_ipc.h>

#include <cstdint>
#include <optional>

namespace calc_ipc {

/// Who a client is, as the system says, not as the client does; each part as far as it is known, see calc_ipc_peer.
struct Peer {
    std::optional<std::uint32_t> uid; ///< The user that its process acted as when it connected.
    std::optional<std::uint32_t> gid; ///< The group that it acted as then.
    std::optional<std::uint32_t> pid; ///< The process. It may have ended, and another may have its number by now.
    std::uint64_t connection = 0;     ///< The number of its connection, which no other one of the server's ever has.
};

/// @cond INTERNAL
namespace detail {

inline Peer fromC(const calc_ipc_peer &peer) noexcept {
    const auto known = [](std::uint32_t id) {
        return id == CALC_IPC_PEER_UNKNOWN ? std::nullopt : std::optional<std::uint32_t>(id);
    };
    return {known(peer.uid), known(peer.gid), known(peer.pid), peer.connection};
}

} // namespace detail
/// @endcond

/// Who asks: whose request the handler that this thread is inside of answers. Empty outside of handlers.
inline std::optional<Peer> currentPeer() noexcept {
    calc_ipc_peer peer = {};
    peer.size = sizeof peer;
    if (calc_ipc_current_peer(&peer) != CALC_IPC_STATUS_OK) {
        return std::nullopt;
    }
    return detail::fromC(peer);
}

} // namespace calc_ipc

#endif
