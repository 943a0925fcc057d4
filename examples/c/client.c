/* Asks a server once, over the transport of your choice, and prints the answer.
 *
 *     calc_c_client uds   /run/calc.sock     ADD 10 20
 *     calc_c_client fifo  /run/calc          MUL 7 8      (the pair /run/calc.request and /run/calc.response)
 *     calc_c_client shm   /calc              SUB 50 30
 *     calc_c_client pipe  -                  DIV 100 4    (forks a child that serves)
 *     calc_c_client spawn ./calc_pipe_server DIV 10 0     (executes a program that serves)
 */
#include <calc_ipc.h>

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The flow is the same everywhere: create, call as often as you like, destroy. After a failed create the handle is
 * NULL, and destroying NULL does nothing. The NULL before the handle stands for the default options. */

static calc_ipc_status ask_uds(const char *path, const calc_ipc_request *request, calc_ipc_response *response) {
    calc_ipc_uds_client *client = NULL;
    calc_ipc_status status = calc_ipc_uds_client_create(path, NULL, &client);
    if (status == CALC_IPC_STATUS_OK) {
        status = calc_ipc_uds_client_call(client, request, response);
    }
    calc_ipc_uds_client_destroy(client);
    return status;
}

static calc_ipc_status ask_fifo(const char *path, const calc_ipc_request *request, calc_ipc_response *response) {
    char request_path[4096];
    char response_path[4096];
    if (strlen(path) > sizeof response_path - sizeof ".response") {
        return CALC_IPC_STATUS_INVALID_ARGUMENT;
    }
    snprintf(request_path, sizeof request_path, "%s.request", path);
    snprintf(response_path, sizeof response_path, "%s.response", path);

    calc_ipc_fifo_client *client = NULL;
    calc_ipc_status status = calc_ipc_fifo_client_create(request_path, response_path, NULL, &client);
    if (status == CALC_IPC_STATUS_OK) {
        status = calc_ipc_fifo_client_call(client, request, response);
    }
    calc_ipc_fifo_client_destroy(client);
    return status;
}

static calc_ipc_status ask_shm(const char *name, const calc_ipc_request *request, calc_ipc_response *response) {
    calc_ipc_shm_client *client = NULL;
    calc_ipc_status status = calc_ipc_shm_client_create(name, NULL, &client);
    if (status == CALC_IPC_STATUS_OK) {
        status = calc_ipc_shm_client_call(client, request, response);
    }
    calc_ipc_shm_client_destroy(client);
    return status;
}

static calc_ipc_status ask_pipe(const char *unused, const calc_ipc_request *request, calc_ipc_response *response) {
    (void)unused;
    calc_ipc_pipe *pipe = NULL;
    /* No handler is the built-in calculator; it runs in the child. */
    calc_ipc_status status = calc_ipc_pipe_create(NULL, NULL, NULL, &pipe);
    if (status == CALC_IPC_STATUS_OK) {
        status = calc_ipc_pipe_call(pipe, request, response);
    }
    calc_ipc_pipe_destroy(pipe);
    return status;
}

static calc_ipc_status ask_spawned(const char *program, const calc_ipc_request *request, calc_ipc_response *response) {
    const char *const argv[] = {program, NULL};
    calc_ipc_pipe *pipe = NULL;
    calc_ipc_status status = calc_ipc_pipe_spawn(argv, NULL, &pipe);
    if (status == CALC_IPC_STATUS_OK) {
        status = calc_ipc_pipe_call(pipe, request, response);
    }
    calc_ipc_pipe_destroy(pipe);
    return status;
}

static const struct {
    const char *name;
    calc_ipc_status (*ask)(const char *address, const calc_ipc_request *request, calc_ipc_response *response);
} TRANSPORTS[] = {
    {"uds", ask_uds}, {"fifo", ask_fifo}, {"shm", ask_shm}, {"pipe", ask_pipe}, {"spawn", ask_spawned},
};

static bool read_number(const char *text, int64_t *number) {
    char *end = NULL;
    errno = 0;
    *number = strtoll(text, &end, 10);
    return errno == 0 && end != text && *end == '\0';
}

int main(int argc, char **argv) {
    calc_ipc_request request;
    if (argc != 6 || calc_ipc_operation_from_name(argv[3], &request.operation) != CALC_IPC_STATUS_OK ||
        !read_number(argv[4], &request.arg1) || !read_number(argv[5], &request.arg2)) {
        fprintf(stderr, "usage: %s uds|fifo|shm|pipe|spawn ADDRESS ADD|SUB|MUL|DIV NUMBER NUMBER\n", argv[0]);
        return 2;
    }

    for (size_t i = 0; i < sizeof TRANSPORTS / sizeof TRANSPORTS[0]; ++i) {
        if (strcmp(argv[1], TRANSPORTS[i].name) != 0) {
            continue;
        }
        calc_ipc_response response;
        const calc_ipc_status status = TRANSPORTS[i].ask(argv[2], &request, &response);
        if (status != CALC_IPC_STATUS_OK) {
            /* There is no answer: nobody is there, or it took too long, or ... */
            fprintf(stderr, "%s: %s: %s\n", argv[1], calc_ipc_status_message(status), calc_ipc_last_error());
            return 1;
        }
        printf("%s: %s %" PRId64 " %" PRId64 " -> ", argv[1], calc_ipc_operation_name(request.operation), request.arg1,
               request.arg2);
        if (response.success) {
            printf("%" PRId64 "\n", response.result);
        } else {
            printf("error: %s\n", response.error);
        }
        return 0;
    }
    fprintf(stderr, "%s is no transport\n", argv[1]);
    return 2;
}
