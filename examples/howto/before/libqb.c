/* Texts in capitals by libqb: its service in its loop, over shared memory.
 *
 *     before_libqb serve upper
 *     before_libqb ask upper hello
 */
#include <qb/qbipcc.h>
#include <qb/qbipcs.h>
#include <qb/qbloop.h>

#include <ctype.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/uio.h>

enum { LONGEST = 65536 };

static qb_loop_t *loop;

static int32_t job_add(enum qb_loop_priority priority, void *data, qb_loop_job_dispatch_fn dispatch) {
    return qb_loop_job_add(loop, priority, data, dispatch);
}
static int32_t dispatch_add(enum qb_loop_priority priority, int32_t fd, int32_t events, void *data,
                            qb_ipcs_dispatch_fn_t dispatch) {
    return qb_loop_poll_add(loop, priority, fd, events, data, dispatch);
}
static int32_t dispatch_mod(enum qb_loop_priority priority, int32_t fd, int32_t events, void *data,
                            qb_ipcs_dispatch_fn_t dispatch) {
    return qb_loop_poll_mod(loop, priority, fd, events, data, dispatch);
}
static int32_t dispatch_del(int32_t fd) { return qb_loop_poll_del(loop, fd); }

static int32_t on_signal(int32_t number, void *data) {
    (void)number;
    (void)data;
    qb_loop_stop(loop);
    return 0;
}

static int32_t accept_client(qb_ipcs_connection_t *client, uid_t uid, gid_t gid) {
    (void)client;
    (void)uid;
    (void)gid;
    return 0;
}

static int32_t to_upper(qb_ipcs_connection_t *client, void *data, size_t size) {
    const struct qb_ipc_request_header *request = data;
    char *text = (char *)data + sizeof *request;
    const size_t length = size - sizeof *request;
    struct qb_ipc_response_header response = {.id = request->id, .size = (int32_t)(sizeof response + length)};
    for (size_t i = 0; i < length; ++i) {
        text[i] = (char)toupper((unsigned char)text[i]);
    }
    const struct iovec pieces[] = {{&response, sizeof response}, {text, length}};
    return qb_ipcs_response_sendv(client, pieces, 2) < 0 ? -1 : 0;
}

static int serve(const char *name) {
    struct qb_ipcs_service_handlers handlers = {.connection_accept = accept_client, .msg_process = to_upper};
    struct qb_ipcs_poll_handlers polling = {job_add, dispatch_add, dispatch_mod, dispatch_del};
    qb_loop_signal_handle signals = NULL;
    loop = qb_loop_create();
    qb_ipcs_service_t *service = qb_ipcs_create(name, 0, QB_IPC_SHM, &handlers);
    qb_ipcs_poll_handlers_set(service, &polling);
    const int32_t result = qb_ipcs_run(service);
    if (result == 0) {
        qb_loop_signal_add(loop, QB_LOOP_HIGH, SIGTERM, NULL, on_signal, &signals);
        qb_loop_run(loop);
        qb_ipcs_destroy(service);
    }
    qb_loop_destroy(loop);
    return result;
}

static int ask(const char *name, const char *text) {
    static char answer[LONGEST];
    qb_ipcc_connection_t *connection = qb_ipcc_connect(name, sizeof answer);
    if (connection == NULL) {
        return -1;
    }
    struct qb_ipc_request_header request = {.id = QB_IPC_MSG_USER_START,
                                            .size = (int32_t)(sizeof request + strlen(text))};
    const struct iovec pieces[] = {{&request, sizeof request}, {(void *)text, strlen(text)}};
    const ssize_t size = qb_ipcc_sendv_recv(connection, pieces, 2, answer, sizeof answer, 30000);
    const ssize_t header = (ssize_t)sizeof(struct qb_ipc_response_header);
    if (size >= header) {
        printf("%.*s\n", (int)(size - header), answer + header);
    }
    qb_ipcc_disconnect(connection);
    return size < 0 ? (int)size : 0;
}

int main(int argc, char **argv) {
    int result = -1;
    if (argc == 3 && strcmp(argv[1], "serve") == 0) {
        result = serve(argv[2]);
    } else if (argc == 4 && strcmp(argv[1], "ask") == 0) {
        result = ask(argv[2], argv[3]);
    }
    if (result != 0) {
        fprintf(stderr, "failed: %d\n", result);
    }
    return result != 0;
}
