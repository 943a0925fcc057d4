// The C++ header alone and twice, and after it the C one.
#include <calc_ipc.hpp>

#include "header.c"

// The options of C++ are those of C, so that one can be passed for the other.
static_assert(std::is_base_of_v<calc_ipc_server_options, calc_ipc::ServerOptions>); // which also keeps an observer
static_assert(sizeof(calc_ipc::ClientOptions) == sizeof(calc_ipc_client_options));

// One view, whatever holds the bytes; and nothing that would be read past its end.
static_assert(std::is_convertible_v<const char *, calc_ipc::BytesView>);
static_assert(std::is_convertible_v<std::string, calc_ipc::BytesView>);
static_assert(std::is_convertible_v<std::vector<std::byte>, calc_ipc::BytesView>);
static_assert(std::is_convertible_v<std::uint8_t (&)[3], calc_ipc::BytesRoom>);
static_assert(std::is_convertible_v<std::vector<std::uint8_t> &, calc_ipc::BytesRoom>);
static_assert(!std::is_convertible_v<const std::vector<std::uint8_t> &, calc_ipc::BytesRoom>);
static_assert(!std::is_convertible_v<std::vector<int>, calc_ipc::BytesView>);
static_assert(!std::is_convertible_v<char (&)[3], calc_ipc::BytesRoom>);

#if defined(__cpp_lib_span)
#include <span>

// What handlers in C++20 may take in the place of the views.
using SpanHandler = std::size_t (*)(std::span<const std::uint8_t>, std::span<std::uint8_t>);
static_assert(std::is_constructible_v<calc_ipc::BytesHandler, SpanHandler>);
static_assert(std::is_convertible_v<std::span<const std::byte>, calc_ipc::BytesView>);
static_assert(std::is_convertible_v<std::span<std::uint8_t>, calc_ipc::BytesRoom>);
#endif
