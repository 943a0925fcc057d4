/* A server in GLib's main loop, which is that of GTK too: its handler runs in the loop's thread, between the host's own
 * work.
 *
 *     calc_glib_server unix:///run/calc.sock        (until SIGTERM)
 */
#include <calc_ipc.h>

#include <glib-unix.h>
#include <glib.h>
#include <signal.h>

/* One turn of the server: it lets clients in, reads, runs handlers and answers, and never waits. */
static gboolean on_requests(gint fd, GIOCondition condition, gpointer server) {
    const calc_ipc_status status = calc_ipc_server_dispatch(server, 0);
    (void)fd;
    (void)condition;
    if (status == CALC_IPC_STATUS_OK || status == CALC_IPC_STATUS_TIMED_OUT) {
        return G_SOURCE_CONTINUE;
    }
    g_printerr("%s\n", calc_ipc_last_error());
    return G_SOURCE_REMOVE;
}

static gboolean on_signal(gpointer loop) {
    g_main_loop_quit(loop);
    return G_SOURCE_CONTINUE;
}

/* Calculates, and counts how often; a handler may touch all that belongs to the loop's thread. */
static void calculate(const calc_ipc_request *request, calc_ipc_response *response, void *user_data) {
    unsigned *calls = user_data;
    ++*calls;
    calc_ipc_execute(request, response);
}

int main(int argc, char **argv) {
    calc_ipc_server *server = NULL;
    unsigned calls = 0;
    int fd = -1;
    if (argc != 2 || calc_ipc_server_create(argv[1], calculate, &calls, NULL, &server) != CALC_IPC_STATUS_OK ||
        calc_ipc_server_fd(server, &fd) != CALC_IPC_STATUS_OK) {
        g_printerr("usage: %s URL (%s)\n", argv[0], calc_ipc_last_error());
        calc_ipc_server_destroy(server);
        return 2;
    }
    GMainLoop *loop = g_main_loop_new(NULL, FALSE);
    const guint requests = g_unix_fd_add(fd, G_IO_IN, on_requests, server);
    g_unix_signal_add(SIGTERM, on_signal, loop);
    g_print("serving %s\n", calc_ipc_server_url(server));
    g_main_loop_run(loop);
    g_source_remove(requests); /* before destroy, which closes the descriptor */
    calc_ipc_server_destroy(server);
    g_main_loop_unref(loop);
    g_print("%u calls\n", calls);
    return 0;
}
