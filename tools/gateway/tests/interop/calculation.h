// What a calculator has to answer, computed without the library.
#pragma once

#include "calc_ipc/v1/calc_ipc.grpc.pb.h"

#include <cstdint>

namespace interop {

inline calc_ipc::v1::ExecuteResponse calculate(const calc_ipc::v1::ExecuteRequest &request) {
    using namespace calc_ipc::v1;
    const __int128 a = request.arg1();
    const __int128 b = request.arg2();
    ExecuteResponse response;
    if (request.operation() == OPERATION_DIV && b == 0) {
        response.set_error("Division by zero");
        return response;
    }
    __int128 exact = 0;
    switch (request.operation()) {
    case OPERATION_ADD:
        exact = a + b;
        break;
    case OPERATION_SUB:
        exact = a - b;
        break;
    case OPERATION_MUL:
        exact = a * b;
        break;
    default:
        exact = a / b;
    }
    if (exact < INT64_MIN || exact > INT64_MAX) {
        response.set_error("Overflow");
    } else {
        response.set_result(static_cast<std::int64_t>(exact));
    }
    return response;
}

inline bool same(const calc_ipc::v1::ExecuteResponse &left, const calc_ipc::v1::ExecuteResponse &right) {
    return left.outcome_case() == right.outcome_case() && left.result() == right.result() &&
           left.error() == right.error();
}

} // namespace interop
