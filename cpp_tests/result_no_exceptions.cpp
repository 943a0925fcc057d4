// Result where exceptions are off: all of it works but value() of none, which ends the process.
#include <calc_ipc/result.hpp>

#include <csignal>
#include <cstdio>
#include <string>

#include <sys/wait.h>
#include <unistd.h>

#if defined(__cpp_exceptions)
#error "this is to be compiled without exceptions"
#endif

namespace {

using Text = calc_ipc::Result<std::string>;

int failures = 0;

void check(bool is_so, const char *what) {
    if (!is_so) {
        std::fprintf(stderr, "not so: %s\n", what);
        ++failures;
    }
}

/// A call that fails in C, as Result has it.
Text call() {
    const calc_ipc_status status = calc_ipc_client_call(nullptr, nullptr, nullptr);
    return Text(calc_ipc::detail::Outcome::ofLastCall(status));
}

/// Whether a child that asks `none` for its value is ended by SIGABRT.
bool aborts(const Text &none) {
    const pid_t child = fork();
    if (child == 0) {
        signal(SIGABRT, SIG_DFL);
        _exit(static_cast<int>(none.value().size()));
    }
    int status = 0;
    return waitpid(child, &status, 0) == child && WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT;
}

} // namespace

int main() {
    const Text some(std::string("some"));
    const Text none = call();
    const Text own(calc_ipc::Error(CALC_IPC_STATUS_TIMED_OUT, "one's own"), true);
    check(some && some.value() == "some" && *some == "some", "a value");
    check(!none && none == std::nullopt, "nothing");
    check(none.status() == CALC_IPC_STATUS_INVALID_ARGUMENT, "its status");
    check(none.message() == calc_ipc_last_error() && !none.message().empty(), "its text");
    check(none.notExecuted(), "what is certain");
    check(none.value_or("other") == "other", "another value");
    check(own.status() == CALC_IPC_STATUS_TIMED_OUT && own.notExecuted(), "a stand-in's");
    check(aborts(none), "the end of the process");
    return failures == 0 ? 0 : 1;
}
