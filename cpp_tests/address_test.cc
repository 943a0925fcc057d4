// What may stand at an address, and what happens to it.
#include "support.h"
#include "transport_test.h"

#include <calc_ipc.hpp>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

using namespace calc_ipc;

namespace {

template <class T> using Address = TransportTest<T>;
TYPED_TEST_SUITE(Address, Transports);

TYPED_TEST(Address, WithNothingThereIsNotConnected) {
    EXPECT_EQ(thrownBy([&] { this->address.client(); }), CALC_IPC_STATUS_NOT_CONNECTED);
}

TYPED_TEST(Address, OfALiveServerIsInUse) {
    auto server = this->address.server();
    EXPECT_EQ(thrownBy([&] { this->address.server(); }), CALC_IPC_STATUS_ADDRESS_IN_USE);
    server.startInBackground();
    auto client = this->address.client();
    EXPECT_EQ(resultOf(client, add(1, 2)), 3);
    EXPECT_EQ(thrownBy([&] { this->address.server(); }), CALC_IPC_STATUS_ADDRESS_IN_USE);
    EXPECT_EQ(resultOf(client, add(3, 4)), 7);
}

TYPED_TEST(Address, IsFreeAgainAndAgain) {
    for (std::int64_t round = 0; round < 50; ++round) {
        auto server = this->address.server();
        server.startInBackground();
        auto client = this->address.client();
        ASSERT_EQ(resultOf(client, add(round, 1)), round + 1);
    }
}

#if !defined(_WIN32)
std::string contentsOf(const std::string &path) {
    std::ifstream file(path);
    return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

template <class T> using NamedAddress = TransportTest<T>;
TYPED_TEST_SUITE(NamedAddress, NamedTransports);

TYPED_TEST(NamedAddress, OfAForeignFileIsInUseAndTheFileStays) {
    std::ofstream(this->address.file()) << "dear diary";
    EXPECT_EQ(thrownBy([&] { this->address.server(); }), CALC_IPC_STATUS_ADDRESS_IN_USE);
    EXPECT_EQ(contentsOf(this->address.file()), "dear diary");
    EXPECT_ANY_THROW(this->address.client());
    EXPECT_EQ(contentsOf(this->address.file()), "dear diary");
}

TYPED_TEST(NamedAddress, OfASymbolicLinkIsNotFollowed) {
    const std::string target = this->address.dir / "target";
    std::ofstream(target) << "dear diary";
    std::filesystem::create_symlink(target, this->address.file());
    EXPECT_EQ(thrownBy([&] { this->address.server(); }), CALC_IPC_STATUS_ADDRESS_IN_USE);
    EXPECT_EQ(contentsOf(target), "dear diary");
    EXPECT_TRUE(std::filesystem::is_symlink(this->address.file()));
}
#endif

TEST(Addresses, WithANulByteAreNotCut) {
    const std::string cut("/tmp/calc\0/ipc", 14);
    EXPECT_EQ(thrownBy([&] { UDSServer server(cut); }), CALC_IPC_STATUS_INVALID_ARGUMENT);
    EXPECT_EQ(thrownBy([&] { UDSClient client(cut); }), CALC_IPC_STATUS_INVALID_ARGUMENT);
    EXPECT_EQ(thrownBy([&] { NamedPipeClient client(cut); }), CALC_IPC_STATUS_INVALID_ARGUMENT);
    EXPECT_EQ(thrownBy([&] { FIFOServer server("/tmp/calc", cut); }), CALC_IPC_STATUS_INVALID_ARGUMENT);
    EXPECT_EQ(thrownBy([&] { ShmClient client(cut); }), CALC_IPC_STATUS_INVALID_ARGUMENT);
    EXPECT_EQ(thrownBy([&] { TCPClient client(cut, 1); }), CALC_IPC_STATUS_INVALID_ARGUMENT);
    EXPECT_EQ(thrownBy([&] { Server server("unix://" + cut); }), CALC_IPC_STATUS_INVALID_ARGUMENT);
}

#if !defined(_WIN32)
TEST(Addresses, InADirectoryThatDoesNotExist) {
    const support::TempDir dir;
    const std::string path = dir / "no/such/directory";
    EXPECT_NE(thrownBy([&] { UDSServer server(path); }), CALC_IPC_STATUS_OK);
    EXPECT_NE(thrownBy([&] { FIFOServer server(path, path + ".r"); }), CALC_IPC_STATUS_OK);
    EXPECT_EQ(thrownBy([&] { UDSClient client(path); }), CALC_IPC_STATUS_NOT_CONNECTED);
}
#endif

TEST(Addresses, AreNotEmpty) {
    EXPECT_EQ(thrownBy([] { Usual::Server server(""); }), CALC_IPC_STATUS_INVALID_ARGUMENT);
    EXPECT_EQ(thrownBy([] { Usual::Client client(""); }), CALC_IPC_STATUS_INVALID_ARGUMENT);
#if !defined(_WIN32)
    EXPECT_EQ(thrownBy([] { FIFOServer server("", ""); }), CALC_IPC_STATUS_INVALID_ARGUMENT);
#endif
}

} // namespace
