/* Texts in capitals: a server and a client of messages of one's own, over whatever transport the URL names.
 *
 *     calc_howto_upper serve unix:///run/upper.sock        (until SIGINT or SIGTERM)
 *     calc_howto_upper ask unix:///run/upper.sock hello
 */
#include <calc_ipc.h>

#include <ctype.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

static size_t to_upper(const uint8_t *request, size_t length, uint8_t *response, size_t capacity, void *user_data) {
    (void)user_data;
    if (length > capacity) {
        return SIZE_MAX; /* over the capacity: the handler failed */
    }
    for (size_t i = 0; i < length; ++i) {
        response[i] = (uint8_t)toupper(request[i]);
    }
    return length;
}

static calc_ipc_server *server = NULL;

static void on_signal(int number) {
    (void)number;
    calc_ipc_server_request_stop(server);
}

static calc_ipc_status serve(const char *url) {
    calc_ipc_status status = calc_ipc_server_create_bytes(url, to_upper, NULL, NULL, &server);
    if (status == CALC_IPC_STATUS_OK) {
        signal(SIGINT, on_signal);
        signal(SIGTERM, on_signal);
        printf("serving %s\n", calc_ipc_server_url(server));
        fflush(stdout);
        status = calc_ipc_server_run(server);
        signal(SIGINT, SIG_IGN); /* a second one must not find a server that is freed */
        signal(SIGTERM, SIG_IGN);
    }
    calc_ipc_server_destroy(server);
    return status;
}

static calc_ipc_status ask(const char *url, const char *text) {
    calc_ipc_client *client = NULL;
    uint8_t answer[65536]; /* the default limit of messages, so that it is never too small */
    size_t length = 0;
    calc_ipc_status status = calc_ipc_client_create(url, NULL, &client);
    if (status == CALC_IPC_STATUS_OK) {
        status =
            calc_ipc_client_call_bytes(client, (const uint8_t *)text, strlen(text), answer, sizeof answer, &length);
    }
    if (status == CALC_IPC_STATUS_OK) {
        printf("%.*s\n", (int)length, (const char *)answer);
    }
    calc_ipc_client_destroy(client);
    return status;
}

int main(int argc, char **argv) {
    calc_ipc_status status = CALC_IPC_STATUS_INVALID_ARGUMENT;
    if (argc == 3 && strcmp(argv[1], "serve") == 0) {
        status = serve(argv[2]);
    } else if (argc == 4 && strcmp(argv[1], "ask") == 0) {
        status = ask(argv[2], argv[3]);
    } else {
        fprintf(stderr, "usage: %s serve URL | ask URL TEXT\n", argv[0]);
        return 2;
    }
    if (status != CALC_IPC_STATUS_OK) {
        fprintf(stderr, "%s\n", calc_ipc_last_error());
    }
    return status == CALC_IPC_STATUS_OK ? 0 : 1;
}
