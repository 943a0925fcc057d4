// The handler of the tests of messages of one's own.
#pragma once

#include <calc_ipc.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>

/// What the server that exec: starts takes and gives at most.
constexpr std::uint32_t REVERSE_LIMIT = 4U << 20;

/// Answers a message with its bytes in reverse order.
inline std::size_t reverse(calc_ipc::BytesView request, calc_ipc::BytesRoom response) {
    std::reverse_copy(request.begin(), request.end(), response.begin());
    return request.size();
}
