// exit(3) from anywhere ends the process, whatever its exit handlers destroy.
#include "urls.h"

#include <cerrno>
#include <cstdlib>
#include <thread>

#include <sys/wait.h>
#include <unistd.h>

namespace {

using namespace calc_ipc;

class Exit : public UrlTest {};
INSTANTIATE_TEST_SUITE_P(Schemes, Exit, schemes(), schemeOf);

calc_ipc_server *served = nullptr;
calc_ipc_client *asking = nullptr;

void destroyBoth() {
    calc_ipc_server_destroy(served);
    calc_ipc_client_destroy(asking);
}

void exitsInHandler(const calc_ipc_request * /* request */, calc_ipc_response * /* response */,
                    void * /* user_data */) {
    std::exit(7);
}

/// How a forked process ends that does this and cannot go on from there.
template <class Body> int statusOf(Body body) {
    const pid_t child = fork();
    if (child == 0) {
        body();
        _exit(1);
    }
    int status = -1;
    while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

calc_ipc_server_options withWorkers(std::uint32_t workers) {
    calc_ipc_server_options options;
    calc_ipc_server_options_init(&options, sizeof options);
    options.workers = workers;
    return options;
}

/// In a process of its own: a call whose handler ends it, while its exit handlers destroy server and client.
void callThatExits(const std::string &url, std::uint32_t workers) {
    const calc_ipc_server_options options = withWorkers(workers);
    if (calc_ipc_server_create(url.c_str(), exitsInHandler, nullptr, &options, &served) != CALC_IPC_STATUS_OK ||
        calc_ipc_server_start(served) != CALC_IPC_STATUS_OK || std::atexit(destroyBoth) != 0) {
        _exit(2);
    }
    // A call is under way in this thread while another ends the process, so the client is left alone.
    calc_ipc_client *client = nullptr;
    if (calc_ipc_client_create(calc_ipc_server_url(served), nullptr, &client) != CALC_IPC_STATUS_OK) {
        _exit(3);
    }
    const calc_ipc_request request{CALC_IPC_OPERATION_ADD, 1, 2};
    calc_ipc_response response;
    calc_ipc_client_call(client, &request, &response);
    pause(); // exit is under way in the other thread
}

TEST_P(Exit, InAHandlerEndsTheProcess) {
    for (const std::uint32_t workers : {1U, 3U}) {
        EXPECT_EQ(statusOf([&] { callThatExits(url(), workers); }), 7) << workers << " workers";
    }
}

TEST_P(Exit, OfAThreadWhileAnotherServesEndsTheProcess) {
    const int status = statusOf([&] {
        if (calc_ipc_server_create(url().c_str(), nullptr, nullptr, nullptr, &served) != CALC_IPC_STATUS_OK ||
            std::atexit(destroyBoth) != 0) {
            _exit(2);
        }
        std::thread([] {
            if (calc_ipc_client_create(calc_ipc_server_url(served), nullptr, &asking) != CALC_IPC_STATUS_OK) {
                _exit(3);
            }
            const calc_ipc_request request{CALC_IPC_OPERATION_ADD, 1, 2};
            calc_ipc_response response;
            calc_ipc_client_call(asking, &request, &response);
            std::exit(response.result == 3 ? 8 : 4);
        }).detach();
        calc_ipc_server_run(served);
        pause();
    });
    EXPECT_EQ(status, 8);
}

} // namespace
