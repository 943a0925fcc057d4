// The wire format: frames, text and arithmetic.
#include <calc_ipc.hpp>
#include <gtest/gtest.h>

#include <array>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

using namespace calc_ipc;

namespace {

constexpr std::int64_t MIN = std::numeric_limits<std::int64_t>::min();
constexpr std::int64_t MAX = std::numeric_limits<std::int64_t>::max();

std::vector<std::uint8_t> frameOf(const std::string &body) {
    const auto length = static_cast<std::uint32_t>(body.size());
    std::vector<std::uint8_t> frame;
    for (unsigned shift = 0; shift < 32; shift += 8) {
        frame.push_back(static_cast<std::uint8_t>(length >> shift));
    }
    frame.insert(frame.end(), body.begin(), body.end());
    return frame;
}

std::uint32_t prefixOf(const std::vector<std::uint8_t> &frame) {
    return frame.at(0) | static_cast<std::uint32_t>(frame.at(1)) << 8 | static_cast<std::uint32_t>(frame.at(2)) << 16 |
           static_cast<std::uint32_t>(frame.at(3)) << 24;
}

std::string bodyOf(const std::vector<std::uint8_t> &frame) { return {frame.begin() + 4, frame.end()}; }

TEST(Protocol, SerializeRequest) {
    const auto frame = serialize(Request{Operation::ADD, 10, 20});
    ASSERT_GT(frame.size(), 4U);
    EXPECT_EQ(prefixOf(frame), frame.size() - 4);
    EXPECT_EQ(bodyOf(frame), "ADD 10 20");
}

TEST(Protocol, DeserializeRequest) {
    const auto request = deserializeRequest(serialize(Request{Operation::SUB, 50, 30}));
    ASSERT_TRUE(request);
    EXPECT_EQ(request->op, Operation::SUB);
    EXPECT_EQ(request->arg1, 50);
    EXPECT_EQ(request->arg2, 30);
}

TEST(Protocol, AllOperations) {
    for (const Operation op : {Operation::ADD, Operation::SUB, Operation::MUL, Operation::DIV}) {
        const auto request = deserializeRequest(serialize(Request{op, 100, 3}));
        ASSERT_TRUE(request) << opToString(op);
        EXPECT_EQ(request->op, op);
        EXPECT_EQ(request->arg1, 100);
        EXPECT_EQ(request->arg2, 3);
    }
}

TEST(Protocol, DeserializeInvalidData) {
    const std::vector<std::uint8_t> bytes = {0x00, 0x00, 0x00, 0x03, 'X', 'Y', 'Z'};
    EXPECT_FALSE(deserializeRequest(bytes));
    EXPECT_FALSE(deserializeResponse(bytes));
}

TEST(Protocol, SerializeSuccessResponse) {
    const auto frame = serialize(Response{true, 42, ""});
    EXPECT_EQ(bodyOf(frame), "OK 42");
    EXPECT_EQ(prefixOf(frame), 5U);
}

TEST(Protocol, SerializeErrorResponse) {
    EXPECT_EQ(bodyOf(serialize(Response{false, 0, "Division by zero"})), "ERR Division by zero");
}

TEST(Protocol, DeserializeResponse) {
    const auto response = deserializeResponse(serialize(Response{true, 42, ""}));
    ASSERT_TRUE(response);
    EXPECT_TRUE(response->success);
    EXPECT_EQ(response->result, 42);
}

TEST(Protocol, WriteAndReadMessage) {
    std::vector<std::uint8_t> buffer;
    const auto frame = serialize(Request{Operation::MUL, 7, 8});
    buffer.insert(buffer.end(), frame.begin(), frame.end());
    EXPECT_EQ(prefixOf(buffer), 7U);
    const auto request = deserializeRequest(buffer);
    ASSERT_TRUE(request);
    EXPECT_EQ(request->op, Operation::MUL);
    EXPECT_EQ(request->arg1, 7);
    EXPECT_EQ(request->arg2, 8);
}

void expectResult(const Request &request, std::int64_t result) {
    const Response response = execute(request);
    EXPECT_TRUE(response.success) << response.error;
    EXPECT_EQ(response.result, result);
}

void expectError(const Request &request, const std::string &error) {
    const Response response = execute(request);
    EXPECT_FALSE(response.success);
    EXPECT_EQ(response.error, error);
}

TEST(Protocol, ExecuteAdd) { expectResult({Operation::ADD, 10, 20}, 30); }
TEST(Protocol, ExecuteSub) { expectResult({Operation::SUB, 50, 30}, 20); }
TEST(Protocol, ExecuteMul) { expectResult({Operation::MUL, 7, 8}, 56); }
TEST(Protocol, ExecuteDivByZero) { expectError({Operation::DIV, 10, 0}, "Division by zero"); }
TEST(Protocol, ExecuteDiv) { expectResult({Operation::DIV, 100, 4}, 25); }

TEST(Protocol, DivisionTruncatesTowardZero) {
    expectResult({Operation::DIV, 7, -2}, -3);
    expectResult({Operation::DIV, -7, 2}, -3);
}

TEST(Protocol, OverflowIsAnAnswer) {
    expectError({Operation::ADD, MAX, 1}, "Overflow");
    expectError({Operation::SUB, MIN, 1}, "Overflow");
    expectError({Operation::MUL, MAX, 2}, "Overflow");
    expectError({Operation::DIV, MIN, -1}, "Overflow");
    expectResult({Operation::ADD, MAX, MIN}, -1);
}

TEST(Protocol, UnknownOperation) {
    const auto unknown = static_cast<Operation>(4);
    expectError({unknown, 1, 2}, "Unknown operation");
    EXPECT_EQ(opToString(unknown), "UNKNOWN");
    try {
        (void)serialize(Request{unknown, 1, 2});
        FAIL() << "a request without a name was serialized";
    } catch (const Error &error) {
        EXPECT_EQ(error.status(), CALC_IPC_STATUS_INVALID_ARGUMENT);
    }
}

TEST(Protocol, NamesOfOperations) {
    for (const Operation op : {Operation::ADD, Operation::SUB, Operation::MUL, Operation::DIV}) {
        EXPECT_EQ(stringToOp(opToString(op)), op);
    }
    using namespace std::string_literals;
    for (const std::string &name : {""s, "add"s, "ADDX"s, "ADD\0"s, "UNKNOWN"s}) {
        EXPECT_FALSE(stringToOp(name)) << name;
    }
}

TEST(Protocol, ParsingIsStrict) {
    ASSERT_TRUE(deserializeRequest(frameOf("ADD 1 -2")));
    for (const char *body : {"",
                             "ADD",
                             "ADD 1",
                             "ADD 1 ",
                             "ADD 1 2 ",
                             " ADD 1 2",
                             "ADD  1 2",
                             "ADD 1  2",
                             "ADD 1 2 3",
                             "ADD 1 2\n",
                             "ADD\t1 2",
                             "add 1 2",
                             "POW 1 2",
                             "ADD +1 2",
                             "ADD 01 2",
                             "ADD -0 2",
                             "ADD - 2",
                             "ADD 1.0 2",
                             "ADD 0x1 2",
                             "ADD 9223372036854775808 0",
                             "ADD -9223372036854775809 0",
                             "ADD 1 2rm"}) {
        EXPECT_FALSE(deserializeRequest(frameOf(body))) << '"' << body << '"';
    }
    ASSERT_TRUE(deserializeResponse(frameOf("OK -42")));
    for (const char *body : {"", "OK", "OK ", "OK x", "OK 42abc", "OK  42", "OK 042", "ERR", "ok 42", "OK 42 "}) {
        EXPECT_FALSE(deserializeResponse(frameOf(body))) << '"' << body << '"';
    }
}

TEST(Protocol, FramesAreExact) {
    const auto whole = serialize(Request{Operation::ADD, 1, 2});
    for (std::size_t length = 0; length < whole.size(); ++length) {
        EXPECT_FALSE(deserializeRequest({whole.data(), whole.data() + length})) << length;
    }
    auto longer = whole;
    longer.push_back('3');
    EXPECT_FALSE(deserializeRequest(longer));
    EXPECT_FALSE(deserializeRequest({0xFF, 0xFF, 0xFF, 0xFF, 'A'}));
}

TEST(Protocol, ExtremesSurviveTheRoundTrip) {
    for (const Operation op : {Operation::ADD, Operation::SUB, Operation::MUL, Operation::DIV}) {
        const auto request = deserializeRequest(serialize(Request{op, MIN, MAX}));
        ASSERT_TRUE(request);
        EXPECT_EQ(request->arg1, MIN);
        EXPECT_EQ(request->arg2, MAX);
    }
    for (const std::int64_t result : {MIN, std::int64_t{0}, MAX}) {
        const auto response = deserializeResponse(serialize(Response{true, result}));
        ASSERT_TRUE(response);
        EXPECT_EQ(response->result, result);
    }
}

TEST(Protocol, ErrorTextIsMadeFitToTravel) {
    const auto arrived = [](const std::string &error) {
        const auto response = deserializeResponse(serialize(Response{false, 0, error}));
        return response ? response->error : "(nothing)";
    };
    using namespace std::string_literals;
    EXPECT_EQ(arrived(""), "");
    EXPECT_EQ(arrived("two\nlines\x7f"), "two?lines?");
    EXPECT_EQ(arrived("cut\0here"s), "cut");
    EXPECT_EQ(arrived("no \xFF text"), "no ? text");
    EXPECT_EQ(arrived("\u00fcber"), "\u00fcber");
    EXPECT_EQ(arrived(std::string(1000, 'x')), std::string(255, 'x'));
    // The two bytes of this letter stand at 254 and 255, so all of it has to go.
    EXPECT_EQ(arrived(std::string(254, 'x') + "\u00fc"), std::string(254, 'x'));
}

} // namespace
