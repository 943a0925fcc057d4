// The C++ header after windows.h without NOMINMAX: the words that it defines, wherever this is compiled.
#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <exception>
#include <functional>
#include <future>
#include <iterator>
#include <limits>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <type_traits>
#include <utility>
#include <vector>
#if __has_include(<version>)
#include <version>
#endif
#if defined(__cpp_lib_span)
#include <span>
#endif
#if defined(__cpp_impl_coroutine)
#include <coroutine>
#endif

#if defined(_WIN32)
#undef NOMINMAX
#include <windows.h>
#endif

// minwindef.h, wingdi.h, rpcndr.h and combaseapi.h, as they stand there.
#undef min
#undef max
#undef ERROR
#undef IN
#undef OUT
#undef OPTIONAL
#undef small
#undef near
#undef far
#undef interface
#define min(a, b) (((a) < (b)) ? (a) : (b))
#define max(a, b) (((a) > (b)) ? (a) : (b))
#define ERROR 0
#define IN
#define OUT
#define OPTIONAL
#define small char
#define near
#define far
#define interface struct

#include <calc_ipc.hpp>

// What is a template, or a default argument, is looked at only where it is used.
calc_ipc::Result<calc_ipc::Response> useTheHeaders() {
    calc_ipc::ServerOptions options;
    options.onEvent([](const calc_ipc::Event &) {});
    const calc_ipc::NamedPipeServer server(
        "calc", [](const calc_ipc::Request &) { return calc_ipc::Response{}; }, options);
    const auto bytes = calc_ipc::Server::bytes(
        "tcp://localhost:0", [](calc_ipc::BytesView, calc_ipc::BytesRoom) -> std::size_t { throw 1; });
    const auto later = calc_ipc::Server::deferred("tcp://localhost:0", [](calc_ipc::Reply, calc_ipc::BytesView) {});
    calc_ipc::Client client(bytes.url());
    const auto id = client.submit(calc_ipc::Request{}, [](calc_ipc::Result<calc_ipc::Response>) {});
    client.cancel(*id);
    auto soon = client.async(calc_ipc::Request{});
    client.dispatch(std::chrono::milliseconds(0));
    calc_ipc::NamedPipeClient("calc").call({calc_ipc::Operation::ADD, 1, 2});
    return client.callWithin(std::chrono::seconds(1), {calc_ipc::Operation::DIV, 1, 2});
}
