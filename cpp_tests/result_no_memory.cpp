// Calls for whose results there is no memory: they say so, and throw nothing.
#include <calc_ipc.hpp>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <future>
#include <new>
#include <string>
#include <vector>

#include <unistd.h>

namespace {

/// How many allocations of this thread's still succeed.
thread_local unsigned long left = ~0UL;

void *allocate(std::size_t size) noexcept {
    if (left == 0) {
        return nullptr;
    }
    --left;
    return std::malloc(size == 0 ? 1 : size);
}

} // namespace

// Those of C++ alone: the library has an allocator of its own.
void *operator new(std::size_t size) {
    void *memory = allocate(size);
    if (memory == nullptr) {
        throw std::bad_alloc();
    }
    return memory;
}
void operator delete(void *memory) noexcept { std::free(memory); }
void operator delete(void *memory, std::size_t) noexcept { std::free(memory); }

using namespace calc_ipc;

namespace {

int failures = 0;

void check(bool is_so, const char *what) {
    if (!is_so) {
        std::fprintf(stderr, "not so: %s\n", what);
        ++failures;
    }
}

/// What `call` gives while so many allocations succeed.
template <class Call> auto with(unsigned long allocations, Call call) {
    left = allocations;
    auto result = call();
    left = ~0UL;
    return result;
}

void testCalls(UDSClient &client, UDSServer &server) {
    const Request division = {Operation::DIV, 1, 0};
    check(client.call(division)->error.size() > std::string().capacity(), "the answer needs memory");
    const auto none = with(0, [&] { return client.call(division); });
    check(none.status() == CALC_IPC_STATUS_SYSTEM && client.status() == CALC_IPC_STATUS_SYSTEM, "no memory for it");
    check(!none.message().empty() && !none.notExecuted(), "it was answered");
    check(with(0, [&] { return client.call({Operation::ADD, 1, 2}); })->result == 3, "a number needs none");

    server.stop();
    (void)client.call(division);
    const auto whole = client.call(division);
    const auto cut = with(0, [&] { return client.call(division); });
    check(cut.status() == whole.status() && cut.notExecuted() && whole.notExecuted(), "all but the text is there");
    check(whole.message().size() > std::string().capacity(), "the text needs memory");
    const std::string kind = calc_ipc_status_message(cut.status());
    check(!cut.message().empty() && kind.compare(0, cut.message().size(), cut.message()) == 0, "and says its kind");
}

void testBytes(Client &client) {
    const auto unsent = with(0, [&] { return client.callBytes("message"); });
    check(unsent.status() == CALC_IPC_STATUS_SYSTEM && unsent.notExecuted(), "no room to answer to");
    const auto lost = with(1, [&] { return client.callBytes("message"); });
    check(lost.status() == CALC_IPC_STATUS_SYSTEM && !lost.notExecuted(), "no room for the answer");
    check(client.callBytes("message").has_value(), "and then it works");
}

void testMany(Client &client) {
    const std::vector<Request> requests(3, {Operation::DIV, 1, 0});
    for (unsigned long allocations = 0; allocations < 3; ++allocations) {
        const auto unsent = with(allocations, [&] { return client.callMany(requests); });
        check(unsent.status() == CALC_IPC_STATUS_SYSTEM && unsent.notExecuted() && unsent.empty(), "no room to ask");
    }
    const auto first = with(4, [&] { return client.callMany(requests); });
    check(first.status() == CALC_IPC_STATUS_SYSTEM && !first.notExecuted() && !first, "no room for the second");
    check(first.size() == 1 && first[0].error == "Division by zero", "the first is there");
    check(client.callMany(requests).size() == 3, "and then it works");
}

void testSubmitted(Client &client) {
    for (unsigned long allocations = 0; allocations < 2; ++allocations) {
        const auto unsent = with(allocations, [&] { return client.submitBytes("message", nullptr); });
        check(unsent.status() == CALC_IPC_STATUS_SYSTEM && unsent.notExecuted(), "no room to remember who asked");
    }
    auto answer = client.asyncBytes(std::string(60'000, 'x'));
    bool is_thrown = false;
    try {
        with(0, [&] { return client.dispatch(std::chrono::milliseconds::max()); });
    } catch (const std::bad_alloc &) {
        is_thrown = true;
        left = ~0UL;
    }
    check(is_thrown && answer.wait_for(std::chrono::seconds(0)) != std::future_status::ready, "the answer stays");
    check(with(1, [&] { return client.dispatch(std::chrono::milliseconds::max()); }) == CALC_IPC_STATUS_OK, "it comes");
    const auto lost = answer.get();
    check(lost.status() == CALC_IPC_STATUS_SYSTEM && !lost.notExecuted(), "no room to keep the answer");
}

} // namespace

int main() {
    const std::string folder = std::string("/tmp/calc_ipc_no_memory.") + std::to_string(getpid());
    UDSServer server(folder + ".1");
    server.startInBackground();
    UDSClient client(folder + ".1");
    testCalls(client, server);

    const auto echo = [](BytesView request, BytesRoom response) {
        std::memcpy(response.data(), request.data(), request.size());
        return request.size();
    };
    auto bytes = Server::bytes("unix://" + folder + ".2", echo);
    bytes.startInBackground();
    Client sender(bytes.url());
    testBytes(sender);
    testSubmitted(sender);

    Server calculator("unix://" + folder + ".3");
    calculator.startInBackground();
    Client asker(calculator.url());
    testMany(asker);
    return failures == 0 ? 0 : 1;
}
