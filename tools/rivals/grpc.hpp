// What both ways to use gRPC have in common: bytes, and where they go.
#pragma once

#include "contestant.hpp"

#include <grpcpp/generic/async_generic_service.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/grpcpp.h>

namespace rival::over_grpc {

inline std::string target_of(const std::string &address) { return "unix:" + address + ".sock"; }

inline grpc::Slice flat(const grpc::ByteBuffer &buffer) {
    grpc::Slice slice;
    if (!buffer.TrySingleSlice(&slice).ok())
        buffer.DumpToSingleSlice(&slice);
    return slice;
}

inline std::string_view view(const grpc::Slice &slice) {
    return {reinterpret_cast<const char *>(slice.begin()), slice.size()};
}

inline grpc::ByteBuffer buffer_of(std::string_view body) {
    const grpc::Slice slice(body.data(), body.size());
    return {&slice, 1};
}

inline std::shared_ptr<grpc::Channel> connected(const std::string &address) {
    grpc::ChannelArguments arguments;
    // Otherwise all clients of the process share one connection.
    arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
    return grpc::CreateCustomChannel(target_of(address), grpc::InsecureChannelCredentials(), arguments);
}

} // namespace rival::over_grpc
