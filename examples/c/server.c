/* Calculates for whoever asks, over the transport of your choice, until SIGINT or SIGTERM.
 *
 *     calc_c_server uds  /run/calc.sock
 *     calc_c_server fifo /run/calc           (makes the pair /run/calc.request and /run/calc.response)
 *     calc_c_server shm  /calc
 */
#include <calc_ipc.h>

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

/* Returns when the program is asked to end. The library's threads block all signals, so they all come here. */
static void wait_for_the_end(const char *transport, const char *address) {
    printf("serving %s at %s\n", transport, address);
    fflush(stdout);
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGTERM);
    int received = 0;
    sigwait(&signals, &received);
}

/* The flow is the same everywhere: create, start (or run, on this thread), stop, destroy. No handler is the built-in
 * calculator. After a failed create the handle is NULL, and destroying NULL does nothing. */

static calc_ipc_status serve_uds(const char *path) {
    calc_ipc_uds_server *server = NULL;
    calc_ipc_status status = calc_ipc_uds_server_create(path, NULL, NULL, NULL, &server);
    if (status == CALC_IPC_STATUS_OK) {
        status = calc_ipc_uds_server_start(server);
    }
    if (status == CALC_IPC_STATUS_OK) {
        wait_for_the_end("uds", path);
        status = calc_ipc_uds_server_stop(server);
    }
    calc_ipc_uds_server_destroy(server);
    return status;
}

static calc_ipc_status serve_fifo(const char *path) {
    char request_path[4096];
    char response_path[4096];
    if (strlen(path) > sizeof response_path - sizeof ".response") {
        return CALC_IPC_STATUS_INVALID_ARGUMENT;
    }
    snprintf(request_path, sizeof request_path, "%s.request", path);
    snprintf(response_path, sizeof response_path, "%s.response", path);

    calc_ipc_fifo_server *server = NULL;
    calc_ipc_status status = calc_ipc_fifo_server_create(request_path, response_path, NULL, NULL, NULL, &server);
    if (status == CALC_IPC_STATUS_OK) {
        status = calc_ipc_fifo_server_start(server);
    }
    if (status == CALC_IPC_STATUS_OK) {
        wait_for_the_end("fifo", path);
        status = calc_ipc_fifo_server_stop(server);
    }
    calc_ipc_fifo_server_destroy(server);
    return status;
}

static calc_ipc_status serve_shm(const char *name) {
    calc_ipc_shm_server *server = NULL;
    calc_ipc_status status = calc_ipc_shm_server_create(name, NULL, NULL, NULL, &server);
    if (status == CALC_IPC_STATUS_OK) {
        status = calc_ipc_shm_server_start(server);
    }
    if (status == CALC_IPC_STATUS_OK) {
        wait_for_the_end("shm", name);
        status = calc_ipc_shm_server_stop(server);
    }
    calc_ipc_shm_server_destroy(server);
    return status;
}

static const struct {
    const char *name;
    calc_ipc_status (*serve)(const char *address);
} TRANSPORTS[] = {{"uds", serve_uds}, {"fifo", serve_fifo}, {"shm", serve_shm}};

int main(int argc, char **argv) {
    /* Blocked before any thread begins, so that sigwait gets them. */
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &signals, NULL);

    for (size_t i = 0; argc == 3 && i < sizeof TRANSPORTS / sizeof TRANSPORTS[0]; ++i) {
        if (strcmp(argv[1], TRANSPORTS[i].name) == 0) {
            const calc_ipc_status status = TRANSPORTS[i].serve(argv[2]);
            if (status != CALC_IPC_STATUS_OK) {
                fprintf(stderr, "%s: %s: %s\n", argv[1], calc_ipc_status_message(status), calc_ipc_last_error());
            }
            return status == CALC_IPC_STATUS_OK ? 0 : 1;
        }
    }
    fprintf(stderr, "usage: %s uds|fifo|shm ADDRESS\n", argv[0]);
    return 2;
}
