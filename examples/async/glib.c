/* Calls in GLib's main loop, which is that of GTK too: nothing blocks, and no thread is started.
 *
 *     calc_glib unix:///run/calc.sock     (any URL will do)
 */
#include <calc_ipc.h>

#include <glib-unix.h>
#include <glib.h>
#include <inttypes.h>
#include <stdio.h>

enum { CALLS = 4 };

struct asker {
    calc_ipc_client *client;
    GMainLoop *loop;
    int left;   /* calls that have not ended */
    int failed; /* those that ended without an answer */
};

/* Takes what has ended; the loop ends with the last call. */
static gboolean on_readable(gint fd, GIOCondition condition, gpointer data) {
    struct asker *asker = data;
    uint8_t answer[CALC_IPC_FRAME_MAX]; /* room for any answer to a request */
    calc_ipc_completion done = {.size = sizeof done};
    calc_ipc_response response;
    (void)fd;
    (void)condition;
    while (calc_ipc_client_next(asker->client, 0, answer, sizeof answer, &done) == CALC_IPC_STATUS_OK) {
        --asker->left;
        if (done.status != CALC_IPC_STATUS_OK ||
            calc_ipc_response_parse(answer, (size_t)done.length, &response) != CALC_IPC_STATUS_OK) {
            g_printerr("call %" PRIu64 ": %s\n", done.tag, calc_ipc_last_error());
            ++asker->failed;
        } else if (response.success) {
            g_print("call %" PRIu64 ": %" PRId64 "\n", done.tag, response.result);
        } else {
            g_print("call %" PRIu64 ": %s\n", done.tag, response.error);
        }
    }
    if (asker->left > 0) {
        return G_SOURCE_CONTINUE;
    }
    g_main_loop_quit(asker->loop);
    return G_SOURCE_REMOVE; /* before the client is destroyed */
}

/* Submits the calls, and watches for their ends; 0, or -1 if it cannot. */
static int begin(struct asker *asker) {
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
    g_unix_fd_add(fd, G_IO_IN, on_readable, asker);
    return 0;
}

int main(int argc, char **argv) {
    struct asker asker = {NULL, NULL, 0, 0};
    if (argc != 2 || calc_ipc_client_create(argv[1], NULL, &asker.client) != CALC_IPC_STATUS_OK || begin(&asker) != 0) {
        g_printerr("usage: %s URL (%s)\n", argv[0], calc_ipc_last_error());
        calc_ipc_client_destroy(asker.client);
        return 2;
    }
    asker.loop = g_main_loop_new(NULL, FALSE);
    g_main_loop_run(asker.loop);
    g_main_loop_unref(asker.loop);
    calc_ipc_client_destroy(asker.client);
    return asker.failed == 0 ? 0 : 1;
}
