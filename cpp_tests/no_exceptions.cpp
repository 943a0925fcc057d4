// All of the interface where exceptions and types at run time are off: what fails says so in a Result.
#include <calc_ipc.hpp>

#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <future>
#include <string>

#include <sys/wait.h>
#include <unistd.h>

#if defined(__cpp_exceptions) || defined(__cpp_rtti)
#error "this is to be compiled without exceptions, and without types at run time"
#endif

using namespace calc_ipc;
using namespace std::chrono_literals;

namespace {

constexpr Request SUM{Operation::ADD, 10, 20};

int failures = 0;

void check(bool is_so, const char *what) {
    if (!is_so) {
        std::fprintf(stderr, "not so: %s\n", what);
        ++failures;
    }
}

/// Whether a child that does this is ended by SIGABRT.
template <class Action> bool aborts(Action action) {
    const pid_t child = fork();
    if (child == 0) {
        signal(SIGABRT, SIG_DFL);
        action();
        _exit(0);
    }
    int status = 0;
    return waitpid(child, &status, 0) == child && WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT;
}

void testNobodyThere(const std::string &path) {
    const auto client = Client::connect("unix://" + path);
    check(client.status() == CALC_IPC_STATUS_NOT_CONNECTED && !client.message().empty(), "nobody is at a URL");
    check(UDSClient::connect(path).status() == CALC_IPC_STATUS_NOT_CONNECTED, "nobody is at a path");
    check(aborts([&] { const UDSClient none(path); }), "a constructor that fails ends the process");
}

void testCalls(Client &client) {
    check(client.call(SUM)->result == 30, "a call");
    check(client.callMany({SUM, SUM}).size() == 2, "a batch");
    check(client.callBytes("ADD 1 2").has_value(), "bytes");
}

void testCallsThatAreNotWaitedFor(Client &client) {
    std::int64_t result = 0;
    check(client.submit(SUM, [&](const Result<Response> &response) { result = response->result; }).has_value(), "sent");
    auto future = client.async(SUM);
    auto bytes = client.asyncBytes("ADD 1 2");
    while (bytes.wait_for(0s) != std::future_status::ready) {
        check(client.dispatch(1min) == CALC_IPC_STATUS_OK, "a turn");
    }
    check(result == 30 && future.get()->result == 30 && bytes.get().has_value(), "all are told");
}

void testTheEnd(Client client, calc_ipc_status &last) {
    check(client.submit(SUM, [&](const auto &response) { last = response.status(); }).has_value(), "sent at the end");
}

} // namespace

int main() {
    const std::string path = std::string("/tmp/calc_ipc_no_exceptions.") + std::to_string(getpid());
    testNobodyThere(path);
    Server server("unix://" + path, [](const Request &request) { return execute(request); });
    server.startInBackground();
    auto client = Client::connect(server.url());
    check(client.has_value(), "somebody is there");
    if (client) {
        testCalls(*client);
        testCallsThatAreNotWaitedFor(*client);
        calc_ipc_status last = CALC_IPC_STATUS_OK;
        testTheEnd(*std::move(client), last);
        check(last == CALC_IPC_STATUS_CANCELLED, "what is left is cancelled");
    }
    auto typed = UDSClient::connect(path);
    check(typed && typed->call(SUM)->result == 30, "a client of one transport");
    return failures == 0 ? 0 : 1;
}
