// Messages of protobuf over any transport of calc_ipc. To be copied into programs: it knows no message of its own.
#ifndef MESSAGES_HPP
#define MESSAGES_HPP

#include <calc_ipc.hpp>

#include <google/protobuf/message_lite.h>

#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

/// Reads a message, which has all of the bytes. calc_ipc's limit of 64 MiB is well below that of an int.
inline bool parse(google::protobuf::MessageLite &message, calc_ipc::BytesView bytes) {
    return message.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()));
}

/// A handler for Server::bytes that has `answer(const Request &)`, which gives the response's message, answer. Bytes
/// that are no Request, a response that is too large, and what `answer` throws are HANDLER_FAILED at the client.
template <class Request, class Answer> auto answering(Answer answer) {
    return [answer = std::move(answer)](calc_ipc::BytesView bytes, calc_ipc::BytesRoom room) -> std::size_t {
        Request request;
        if (!parse(request, bytes)) {
            throw std::invalid_argument("these " + std::to_string(bytes.size()) + " bytes are no " +
                                        request.GetTypeName());
        }
        const auto response = answer(request);
        const std::size_t size = response.ByteSizeLong();
        if (size > room.size() || !response.SerializeToArray(room.data(), static_cast<int>(room.size()))) {
            throw std::length_error("a " + response.GetTypeName() + " of " + std::to_string(size) +
                                    " bytes is over max_message, " + std::to_string(room.size()));
        }
        return size;
    };
}

/// A client of such a server.
class MessageClient {
  public:
    explicit MessageClient(const std::string &url, const calc_ipc::ClientOptions &options = {})
        : client_(url, options), room_(options.max_message) {}

    /// Asks, and reads the answer into `response`. The result has its length in bytes, or says why there is none.
    calc_ipc::Result<std::size_t> call(const google::protobuf::MessageLite &request,
                                       google::protobuf::MessageLite &response) {
        if (!request.SerializeToString(&bytes_)) {
            return calc_ipc::Error(CALC_IPC_STATUS_INVALID_ARGUMENT, "this " + request.GetTypeName() + " has no bytes");
        }
        const auto length = client_.callBytes(bytes_, room_);
        if (length && !parse(response, {room_.data(), *length})) {
            return calc_ipc::Error(CALC_IPC_STATUS_MALFORMED, "the answer is no " + response.GetTypeName());
        }
        return length;
    }

  private:
    calc_ipc::Client client_;
    std::string bytes_; // kept, as room_ is, so that later calls allocate nothing for them
    std::vector<std::uint8_t> room_;
};

#endif
