/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/// @file
/// Requests, responses and the frames that carry them, for programs that move the bytes themselves.
///
///     writer: sendMessage(fd, serialize(Request{Operation::ADD, 10, 20}))
///     reader: recvMessage(fd) -> deserializeRequest -> execute -> serialize -> sendMessage
///
/// A frame is a 4-byte little-endian length and as many bytes of text. These functions take and give whole frames.
#ifndef CALC_IPC_PROTOCOL_HPP
#define CALC_IPC_PROTOCOL_HPP

#include <calc_ipc/error.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace calc_ipc {

/// What to calculate.
enum class Operation : std::int32_t {
    ADD = CALC_IPC_OPERATION_ADD,
    SUB = CALC_IPC_OPERATION_SUB,
    MUL = CALC_IPC_OPERATION_MUL,
    DIV = CALC_IPC_OPERATION_DIV,
};

/// A request: `arg1 op arg2`.
struct Request {
    Operation op = Operation::ADD; ///< What to do with the two.
    std::int64_t arg1 = 0;         ///< The left operand.
    std::int64_t arg2 = 0;         ///< The right operand.
};

/// An answer: a result, or why there is none.
struct Response {
    bool success = false;    ///< Whether there is a result.
    std::int64_t result = 0; ///< The result, if there is one.
    std::string error = {};  ///< Why there is none; at most 255 bytes of it, up to a NUL, are sent.
};

/// @cond INTERNAL
namespace detail {

/// As the C interface has it.
inline calc_ipc_request toC(const Request &request) noexcept {
    return {static_cast<std::int32_t>(request.op), request.arg1, request.arg2};
}

/// As C++ has it.
inline Request fromC(const calc_ipc_request &request) noexcept {
    return {static_cast<Operation>(request.operation), request.arg1, request.arg2};
}

/// As the C interface has it.
inline calc_ipc_response toC(bool success, std::int64_t result, const char *error, std::size_t length) noexcept {
    calc_ipc_response response{};
    response.success = success;
    response.result = result;
    // A text that fills the field stays unterminated here: the library cuts it, on a UTF-8 boundary.
    std::memcpy(response.error, error, (std::min)(length, sizeof response.error));
    return response;
}

/// As the C interface has it.
inline calc_ipc_response toC(const Response &response) noexcept {
    return toC(response.success, response.result, response.error.data(), response.error.size());
}

/// As C++ has it.
inline Response fromC(const calc_ipc_response &response) {
    if (response.success) {
        return {true, response.result, {}}; // Nothing is said, so nothing is looked through for its end.
    }
    return {false, response.result, response.error};
}

} // namespace detail
/// @endcond

/// "ADD", "SUB", "MUL" or "DIV"; "UNKNOWN" for any other value.
inline std::string opToString(Operation op) {
    const char *name = calc_ipc_operation_name(static_cast<std::int32_t>(op));
    return name != nullptr ? name : "UNKNOWN";
}

/// The operation of this name; none if there is none.
inline std::optional<Operation> stringToOp(const std::string &name) {
    std::int32_t operation = 0;
    if (name.find('\0') != std::string::npos ||
        calc_ipc_operation_from_name(name.c_str(), &operation) != CALC_IPC_STATUS_OK) {
        return std::nullopt;
    }
    return static_cast<Operation>(operation);
}

/// The frame of a request. Throws Error if the operation is none of the four.
inline std::vector<std::uint8_t> serialize(const Request &request) {
    const calc_ipc_request in = detail::toC(request);
    std::array<std::uint8_t, CALC_IPC_FRAME_MAX> frame;
    std::size_t length = 0;
    detail::check(calc_ipc_request_serialize(&in, frame.data(), frame.size(), &length));
    return {frame.data(), frame.data() + length};
}

/// The frame of a response.
inline std::vector<std::uint8_t> serialize(const Response &response) {
    const calc_ipc_response in = detail::toC(response);
    std::array<std::uint8_t, CALC_IPC_FRAME_MAX> frame;
    std::size_t length = 0;
    detail::check(calc_ipc_response_serialize(&in, frame.data(), frame.size(), &length));
    return {frame.data(), frame.data() + length};
}

/// The request in a frame; none if these are not exactly the bytes that `serialize` gives.
inline std::optional<Request> deserializeRequest(const std::vector<std::uint8_t> &frame) {
    calc_ipc_request request;
    if (calc_ipc_request_deserialize(frame.data(), frame.size(), &request) != CALC_IPC_STATUS_OK) {
        return std::nullopt;
    }
    return detail::fromC(request);
}

/// The response in a frame; none if these are not exactly the bytes that `serialize` gives.
inline std::optional<Response> deserializeResponse(const std::vector<std::uint8_t> &frame) {
    calc_ipc_response response;
    if (calc_ipc_response_deserialize(frame.data(), frame.size(), &response) != CALC_IPC_STATUS_OK) {
        return std::nullopt;
    }
    return detail::fromC(response);
}

/// Calculates in this process, as a server without a handler does. It can be used as a Handler.
inline Response execute(const Request &request) {
    const calc_ipc_request in = detail::toC(request);
    calc_ipc_response out;
    detail::check(calc_ipc_execute(&in, &out));
    return detail::fromC(out);
}

/// Reads exactly `length` bytes, whatever signals and short reads intervene; false at an early end or error.
inline bool readExact(int fd, void *buffer, std::size_t length) noexcept {
    return calc_ipc_fd_read_exact(fd, buffer, length) == CALC_IPC_STATUS_OK;
}

/// Writes exactly `length` bytes. A reader that is gone gives false, not SIGPIPE.
inline bool writeExact(int fd, const void *buffer, std::size_t length) noexcept {
    return calc_ipc_fd_write_exact(fd, buffer, length) == CALC_IPC_STATUS_OK;
}

/// Writes one frame.
inline bool sendMessage(int fd, const std::vector<std::uint8_t> &frame) noexcept {
    return calc_ipc_message_send(fd, frame.data(), frame.size()) == CALC_IPC_STATUS_OK;
}

/// Reads one frame; none at the end, on an error, or if its body is over 64 KiB (the descriptor is then useless).
inline std::optional<std::vector<std::uint8_t>> recvMessage(int fd) {
    constexpr std::size_t capacity = 4 + 65536;
    // Not a vector, which would write zeros over all of it first.
    const std::unique_ptr<std::uint8_t[]> frame(new std::uint8_t[capacity]);
    std::size_t length = 0;
    if (calc_ipc_message_recv(fd, frame.get(), capacity, &length) != CALC_IPC_STATUS_OK) {
        return std::nullopt;
    }
    return std::vector<std::uint8_t>(frame.get(), frame.get() + length);
}

} // namespace calc_ipc

#endif
