/* Calls in libuv's event loop: nothing blocks, and no thread is started.
 *
 *     calc_libuv unix:///run/calc.sock     (any URL will do)
 */
#include <calc_ipc.h>

#include <inttypes.h>
#include <stdio.h>
#include <uv.h>

enum { CALLS = 4 };

struct asker {
    calc_ipc_client *client;
    int left;   /* calls that have not ended */
    int failed; /* those that ended without an answer */
};

/* Takes what has ended; the loop ends with the last call. */
static void on_readable(uv_poll_t *watch, int error, int events) {
    struct asker *asker = watch->data;
    uint8_t answer[CALC_IPC_FRAME_MAX]; /* room for any answer to a request */
    calc_ipc_completion done = {.size = sizeof done};
    calc_ipc_response response;
    (void)events;
    if (error != 0) {
        fprintf(stderr, "libuv: %s\n", uv_strerror(error));
        uv_close((uv_handle_t *)watch, NULL);
        return;
    }
    while (calc_ipc_client_next(asker->client, 0, answer, sizeof answer, &done) == CALC_IPC_STATUS_OK) {
        --asker->left;
        if (done.status != CALC_IPC_STATUS_OK ||
            calc_ipc_response_parse(answer, (size_t)done.length, &response) != CALC_IPC_STATUS_OK) {
            fprintf(stderr, "call %" PRIu64 ": %s\n", done.tag, calc_ipc_last_error());
            ++asker->failed;
        } else if (response.success) {
            printf("call %" PRIu64 ": %" PRId64 "\n", done.tag, response.result);
        } else {
            printf("call %" PRIu64 ": %s\n", done.tag, response.error);
        }
    }
    if (asker->left == 0) {
        uv_close((uv_handle_t *)watch, NULL); /* before the client is destroyed */
    }
}

/* Submits the calls, and watches for their ends; 0, or -1 if it cannot. */
static int begin(struct asker *asker, uv_loop_t *loop, uv_poll_t *watch) {
    int fd = -1;
    if (calc_ipc_client_fd(asker->client, &fd) != CALC_IPC_STATUS_OK) {
        return -1;
    }
    for (int64_t i = 0; i < CALLS; ++i) {
        const calc_ipc_request request = {.operation = CALC_IPC_OPERATION_DIV, .arg1 = 42, .arg2 = i};
        if (calc_ipc_client_submit_request(asker->client, CALC_IPC_TIMEOUT_DEFAULT, &request, (uint64_t)i, NULL) !=
            CALC_IPC_STATUS_OK) {
            return -1;
        }
        ++asker->left;
    }
    watch->data = asker;
    return uv_poll_init(loop, watch, fd) != 0 || uv_poll_start(watch, UV_READABLE, on_readable) != 0 ? -1 : 0;
}

int main(int argc, char **argv) {
    struct asker asker = {NULL, 0, 0};
    uv_poll_t watch;
    if (argc != 2 || calc_ipc_client_create(argv[1], NULL, &asker.client) != CALC_IPC_STATUS_OK ||
        begin(&asker, uv_default_loop(), &watch) != 0) {
        fprintf(stderr, "usage: %s URL (%s)\n", argv[0], calc_ipc_last_error());
        calc_ipc_client_destroy(asker.client);
        return 2;
    }
    uv_run(uv_default_loop(), UV_RUN_DEFAULT);
    calc_ipc_client_destroy(asker.client);
    uv_loop_close(uv_default_loop());
    return asker.left == 0 && asker.failed == 0 ? 0 : 1;
}
