/* One thread that serves and asks, in GLib's main loop, over a transport each: a gateway, whose answers come later, and
 * two calculators that it asks.
 *
 *     calc_one_loop /run/user/1000     (serves unix:///run/user/1000/gateway until it gets SIGTERM)
 */
#include <calc_ipc.h>

#include <glib-unix.h>
#include <glib.h>
#include <signal.h>
#include <stdint.h>

enum { CALCULATORS = 2 };

struct gateway {
    calc_ipc_client *calculators[CALCULATORS];
    unsigned requests;
};

/* Asks the calculators in turn; the reply waits for what they say. */
static void pass_on(calc_ipc_reply *reply, const uint8_t *request, size_t length, void *user_data) {
    struct gateway *gateway = user_data;
    const calc_ipc_client *calculator = gateway->calculators[gateway->requests++ % CALCULATORS];
    if (calc_ipc_client_submit(calculator, CALC_IPC_TIMEOUT_DEFAULT, request, length, (uintptr_t)reply, NULL) !=
        CALC_IPC_STATUS_OK) {
        calc_ipc_reply_fail(reply, calc_ipc_last_error());
    }
}

/* Gives each reply what a calculator said to it. */
static gboolean on_answers(gint fd, GIOCondition condition, gpointer client) {
    uint8_t answer[CALC_IPC_FRAME_MAX]; /* room for any answer of a calculator */
    calc_ipc_completion done = {.size = sizeof done};
    (void)fd;
    (void)condition;
    while (calc_ipc_client_next(client, 0, answer, sizeof answer, &done) == CALC_IPC_STATUS_OK) {
        calc_ipc_reply *reply = (calc_ipc_reply *)(uintptr_t)done.tag;
        if (done.status == CALC_IPC_STATUS_OK) {
            calc_ipc_reply_send(reply, answer, (size_t)done.length);
        } else {
            calc_ipc_reply_fail(reply, calc_ipc_last_error());
        }
    }
    return G_SOURCE_CONTINUE;
}

/* One turn of a server. */
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

/* Has the loop drive a server; 0, or -1 if it cannot. */
static int drive(calc_ipc_server *server) {
    int fd = -1;
    if (calc_ipc_server_fd(server, &fd) != CALC_IPC_STATUS_OK) {
        return -1;
    }
    g_unix_fd_add(fd, G_IO_IN, on_requests, server);
    return 0;
}

/* Serves a calculator and connects to it; 0, or -1 if it cannot. */
static int begin_calculator(const char *url, calc_ipc_server **server, calc_ipc_client **client) {
    int fd = -1;
    if (calc_ipc_server_create(url, NULL, NULL, NULL, server) != CALC_IPC_STATUS_OK || drive(*server) != 0 ||
        calc_ipc_client_create(url, NULL, client) != CALC_IPC_STATUS_OK ||
        calc_ipc_client_fd(*client, &fd) != CALC_IPC_STATUS_OK) {
        return -1;
    }
    g_unix_fd_add(fd, G_IO_IN, on_answers, *client);
    return 0;
}

int main(int argc, char **argv) {
    static const char *const places[] = {"shm://%s/shared", "fifo://%s/fifo", "unix://%s/gateway"};
    struct gateway gateway = {{NULL}, 0};
    calc_ipc_server *servers[CALCULATORS + 1] = {NULL};
    gchar *urls[CALCULATORS + 1];
    int status = argc != 2;
    for (int i = 0; i <= CALCULATORS; ++i) {
        urls[i] = g_strdup_printf(places[i], argc == 2 ? argv[1] : "");
    }
    for (int i = 0; i < CALCULATORS && status == 0; ++i) {
        status = begin_calculator(urls[i], &servers[i], &gateway.calculators[i]);
    }
    if (status != 0 ||
        calc_ipc_server_create_deferred(urls[CALCULATORS], pass_on, &gateway, NULL, &servers[CALCULATORS]) !=
            CALC_IPC_STATUS_OK ||
        drive(servers[CALCULATORS]) != 0) {
        g_printerr("usage: %s FOLDER (%s)\n", argv[0], calc_ipc_last_error());
        status = 2;
    } else {
        GMainLoop *loop = g_main_loop_new(NULL, FALSE);
        g_print("serving %s\n", urls[CALCULATORS]);
        g_unix_signal_add(SIGTERM, on_signal, loop);
        g_main_loop_run(loop);
        g_main_loop_unref(loop);
    }
    /* A loop that goes on would have to forget the descriptors first (g_source_remove). This one runs no more. */
    for (int i = 0; i <= CALCULATORS; ++i) {
        if (i < CALCULATORS && gateway.calculators[i] != NULL) {
            calc_ipc_client_request_stop(gateway.calculators[i]);
            on_answers(-1, G_IO_IN, gateway.calculators[i]); /* ends the replies that still wait */
            calc_ipc_client_destroy(gateway.calculators[i]);
        }
        calc_ipc_server_destroy(servers[i]);
        g_free(urls[i]);
    }
    return status;
}
