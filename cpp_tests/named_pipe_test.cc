// Named pipes of Windows: what other systems say of them.
#include "transport_test.h"

#include <calc_ipc.hpp>
#include <gtest/gtest.h>

#include <string>

using namespace calc_ipc;

namespace {

/// The text of the Error that `action` has to throw.
template <class Action> std::string textOf(Action action) {
    try {
        action();
    } catch (const Error &error) {
        EXPECT_EQ(error.status(), CALC_IPC_STATUS_UNSUPPORTED);
        return error.what();
    }
    ADD_FAILURE() << "nothing was thrown";
    return {};
}

TEST(NamedPipe, IsForWindowsAndTheTextSaysWhatIsHere) {
    EXPECT_NE(textOf([] { NamedPipeServer server("calc"); }).find("unix:///path"), std::string::npos);
    EXPECT_NE(textOf([] { NamedPipeClient client("calc"); }).find("unix:///path"), std::string::npos);
    const Result<NamedPipeClient> client = NamedPipeClient::connect("calc");
    EXPECT_EQ(client.status(), CALC_IPC_STATUS_UNSUPPORTED);
}

} // namespace
