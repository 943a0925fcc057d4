// What a C++ handler of messages throws reaches the server's side, through a function of the library that this program
// stands in front of, and nobody else.
#include <calc_ipc.hpp>

#include <cstdio>
#include <stdexcept>
#include <string>

#include <dlfcn.h>

namespace {

std::string said;
calc_ipc_status taken = CALC_IPC_STATUS_INTERNAL;

} // namespace

// The dynamic linker takes this one for the header's call, and this one calls the library's (dlsym(3), RTLD_NEXT).
extern "C" [[gnu::visibility("default")]] calc_ipc_status calc_ipc_current_failure(const char *text) {
    using Function = calc_ipc_status (*)(const char *);
    said = text;
    taken = reinterpret_cast<Function>(dlsym(RTLD_NEXT, "calc_ipc_current_failure"))(text);
    return taken;
}

int main() {
    using namespace calc_ipc;
    int failures = 0;
    auto server = Server::bytes("tcp://127.0.0.1:0", [](BytesView request, BytesRoom response) -> std::size_t {
        if (request.text() == "throw") {
            throw std::runtime_error("on purpose");
        }
        if (request.text() == "throw no exception") {
            throw 42;
        }
        return response.size() + 1;
    });
    server.startInBackground();
    Client client(server.url());
    const auto expect = [&](const char *message, const char *text, calc_ipc_status status) {
        said.clear();
        taken = CALC_IPC_STATUS_INTERNAL;
        const auto answer = client.callBytes(message);
        if (answer.status() != CALC_IPC_STATUS_HANDLER_FAILED || said != text || taken != status) {
            std::fprintf(stderr, "%s: %s; said '%s', %d\n", message, answer.message().c_str(), said.c_str(), taken);
            ++failures;
        }
        if (answer.message().find("on purpose") != std::string::npos) {
            std::fprintf(stderr, "the client was told: %s\n", answer.message().c_str());
            ++failures;
        }
    };
    expect("throw", "on purpose", CALC_IPC_STATUS_OK);
    expect("throw no exception", "the handler threw what is no std::exception", CALC_IPC_STATUS_OK);
    expect("too much", "", CALC_IPC_STATUS_INTERNAL); // it says nothing
    if (calc_ipc_current_failure("outside of a handler") != CALC_IPC_STATUS_INVALID_ARGUMENT) {
        std::fprintf(stderr, "a text was taken outside of a handler\n");
        ++failures;
    }
    return failures == 0 ? 0 : 1;
}
