// The bytes on the wire are those of tests/golden/frames.txt, seen from C++. The file explains its format itself.
#include "support.h"

#include <calc_ipc.hpp>
#include <gtest/gtest.h>

#include <cstdint>
#include <fstream>
#include <functional>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

using namespace calc_ipc;

namespace {

using Bytes = std::vector<std::uint8_t>;

Bytes unhex(const std::string &digits) {
    Bytes bytes;
    if (digits != "-") {
        for (std::size_t i = 0; i < digits.size(); i += 2) {
            bytes.push_back(static_cast<std::uint8_t>(std::stoi(digits.substr(i, 2), nullptr, 16)));
        }
    }
    return bytes;
}

/// Runs `check` on the frame and the rest of every line of a kind, of which there have to be some.
void forEach(const std::string &kind, const std::function<void(const Bytes &, const std::string &)> &check) {
    std::ifstream file(GOLDEN_FRAMES);
    int found = 0;
    for (std::string line; std::getline(file, line);) {
        std::istringstream fields(line);
        std::string word;
        std::string frame;
        std::string rest;
        fields >> word >> frame;
        if (word == kind) {
            fields.get();
            std::getline(fields, rest);
            SCOPED_TRACE(line);
            check(unhex(frame), rest);
            ++found;
        }
    }
    EXPECT_GT(found, 0) << "no line of kind " << kind << " in " << GOLDEN_FRAMES;
}

/// The bytes of a frame; those of an empty vector may be NULL, which is a fault of another kind.
const std::uint8_t *notNull(const Bytes &frame) {
    static const std::uint8_t none = 0;
    return frame.empty() ? &none : frame.data();
}

TEST(Golden, Requests) {
    forEach("request", [](const Bytes &frame, const std::string &rest) {
        std::istringstream fields(rest);
        std::string op;
        Request request;
        fields >> op >> request.arg1 >> request.arg2;
        request.op = stringToOp(op).value();
        EXPECT_EQ(serialize(request), frame);
        const auto parsed = deserializeRequest(frame);
        ASSERT_TRUE(parsed);
        EXPECT_EQ(parsed->op, request.op);
        EXPECT_EQ(parsed->arg1, request.arg1);
        EXPECT_EQ(parsed->arg2, request.arg2);
    });
}

TEST(Golden, Results) {
    forEach("result", [](const Bytes &frame, const std::string &rest) {
        const Response response{true, std::stoll(rest)};
        EXPECT_EQ(serialize(response), frame);
        const auto parsed = deserializeResponse(frame);
        ASSERT_TRUE(parsed);
        EXPECT_TRUE(parsed->success);
        EXPECT_EQ(parsed->result, response.result);
    });
}

TEST(Golden, Errors) {
    forEach("error", [](const Bytes &frame, const std::string &rest) {
        EXPECT_EQ(serialize(Response{false, 0, rest}), frame);
        const auto parsed = deserializeResponse(frame);
        ASSERT_TRUE(parsed);
        EXPECT_FALSE(parsed->success);
        EXPECT_EQ(parsed->error, rest);
    });
}

TEST(Golden, ErrorsAsAHandlerLeavesThem) {
    forEach("raw_error", [](const Bytes &frame, const std::string &rest) {
        const Bytes bytes = unhex(rest);
        EXPECT_EQ(serialize(Response{false, 0, std::string(bytes.begin(), bytes.end())}), frame);
    });
}

TEST(Golden, FramesThatAreNoRequest) {
    forEach("bad_request", [](const Bytes &frame, const std::string &rest) {
        calc_ipc_request request;
        ASSERT_EQ(rest.substr(0, rest.find(' ')), "MALFORMED");
        EXPECT_EQ(calc_ipc_request_deserialize(notNull(frame), frame.size(), &request), CALC_IPC_STATUS_MALFORMED);
        EXPECT_FALSE(deserializeRequest(frame));
    });
}

TEST(Golden, FramesThatAreNoResponse) {
    forEach("bad_response", [](const Bytes &frame, const std::string &rest) {
        calc_ipc_response response;
        ASSERT_EQ(rest, "MALFORMED");
        EXPECT_EQ(calc_ipc_response_deserialize(notNull(frame), frame.size(), &response), CALC_IPC_STATUS_MALFORMED);
        EXPECT_FALSE(deserializeResponse(frame));
    });
}

#if !defined(_WIN32)
TEST(Golden, AServersAnswersToWhatIsNoRequest) {
    support::Pipe requests;
    support::Pipe responses;
    std::thread server([&] { servePipe(requests.readEnd(), responses.writeEnd()); });
    forEach("bad_request", [&](const Bytes &frame, const std::string &rest) {
        const auto space = rest.find(' ');
        if (space == std::string::npos) {
            return; // not even a frame, so nothing that could be sent as one
        }
        EXPECT_TRUE(sendMessage(requests.writeEnd(), frame));
        const auto answer = recvMessage(responses.readEnd());
        const auto response = answer ? deserializeResponse(*answer) : std::nullopt;
        EXPECT_TRUE(response && !response->success && response->error == rest.substr(space + 1));
    });
    requests.closeWrite();
    server.join();
}
#endif

} // namespace
