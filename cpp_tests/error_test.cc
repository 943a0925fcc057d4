// How failures are told.
#include "transports.h"

#include <calc_ipc.hpp>
#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <system_error>
#include <thread>

using namespace calc_ipc;

namespace {

TEST(Errors, NameTheThingAndTheCause) {
    const Usual address;
    const std::string &path = address.place();
    try {
        Usual::Client client(path);
        FAIL() << "connected to nobody";
    } catch (const Error &error) {
        EXPECT_EQ(error.status(), CALC_IPC_STATUS_NOT_CONNECTED);
        EXPECT_EQ(error.code(), std::errc::not_connected);
        EXPECT_EQ(&error.code().category(), &category());
        const std::string what = error.what();
        EXPECT_NE(what.find(path), std::string::npos) << what;
        const std::string kind = calc_ipc_status_message(error.status());
        EXPECT_NE(what.find(kind), std::string::npos) << what;
        EXPECT_EQ(what.find(kind), what.rfind(kind)) << "said twice: " << what;
    }
    EXPECT_NE(std::string(calc_ipc_last_error()).find(path), std::string::npos);
}

TEST(Errors, AreEachThreadsOwn) {
    const Usual address;
    const std::string &path = address.place();
    EXPECT_THROW(Usual::Client{path}, Error);
    std::thread other([&] {
        EXPECT_STRNE(calc_ipc_last_error(), nullptr);
        EXPECT_EQ(std::string(calc_ipc_last_error()).find(path), std::string::npos);
    });
    other.join();
    EXPECT_NE(std::string(calc_ipc_last_error()).find(path), std::string::npos);
}

TEST(Errors, HaveTextsForEveryNumber) {
    for (calc_ipc_status status = CALC_IPC_STATUS_HANDLER_FAILED; status <= CALC_IPC_STATUS_OK; ++status) {
        EXPECT_STRNE(calc_ipc_status_message(status), "") << status;
        EXPECT_EQ(category().message(status), calc_ipc_status_message(status));
    }
    for (const calc_ipc_status unknown : {1, -19, -1000, INT32_MIN, INT32_MAX}) {
        ASSERT_NE(calc_ipc_status_message(unknown), nullptr);
        EXPECT_STRNE(calc_ipc_status_message(unknown), "") << unknown;
    }
    EXPECT_STREQ(category().name(), "calc_ipc");
}

TEST(Errors, CompareWithTheStandardsConditions) {
    const auto code = [](calc_ipc_status status) { return std::error_code(status, category()); };
    EXPECT_EQ(code(CALC_IPC_STATUS_INVALID_ARGUMENT), std::errc::invalid_argument);
    EXPECT_EQ(code(CALC_IPC_STATUS_TOO_LARGE), std::errc::message_size);
    EXPECT_EQ(code(CALC_IPC_STATUS_TIMED_OUT), std::errc::timed_out);
    EXPECT_EQ(code(CALC_IPC_STATUS_ADDRESS_IN_USE), std::errc::address_in_use);
    EXPECT_EQ(code(CALC_IPC_STATUS_PERMISSION_DENIED), std::errc::permission_denied);
    EXPECT_EQ(code(CALC_IPC_STATUS_BUSY), std::errc::device_or_resource_busy);
    EXPECT_EQ(code(CALC_IPC_STATUS_UNSUPPORTED), std::errc::not_supported);
    EXPECT_EQ(code(CALC_IPC_STATUS_REFUSED), std::errc::connection_refused);
    EXPECT_NE(code(CALC_IPC_STATUS_CLOSED), std::errc::timed_out);
}

TEST(Errors, TheHeaderAndTheLibraryAreOfOneVersion) {
    EXPECT_EQ(calc_ipc_version(), std::uint32_t{CALC_IPC_VERSION_NUMBER});
    EXPECT_EQ(CALC_IPC_VERSION_NUMBER,
              CALC_IPC_VERSION_MAJOR * 1000000 + CALC_IPC_VERSION_MINOR * 1000 + CALC_IPC_VERSION_PATCH);
}

} // namespace
