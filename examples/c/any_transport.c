/* The same program over every transport: which one, the URL says.
 *
 *     calc_c_any_transport serve tcp://localhost:0          (calculates, until SIGINT or SIGTERM)
 *
 *     calc_c_any_transport unix:///run/calc.sock ADD 10 20
 *     calc_c_any_transport fifo:///run/calc      MUL 7 8    (the pair /run/calc.request and /run/calc.response)
 *     calc_c_any_transport shm://calc            SUB 50 30
 *     calc_c_any_transport tcp://localhost:7000  DIV 100 4
 *     calc_c_any_transport exec:///path/calc_pipe_server DIV 10 0
 *
 *     calc_c_any_transport tcp://localhost:7000  "get name" (a message of one's own, for calc_c_bytes_server)
 */
#include <calc_ipc.h>

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static calc_ipc_server *server = NULL;

static void on_signal(int number) {
    (void)number;
    calc_ipc_server_request_stop(server);
}

static calc_ipc_status serve(const char *url) {
    calc_ipc_status status = calc_ipc_server_create(url, NULL, NULL, NULL, &server);
    if (status == CALC_IPC_STATUS_OK) {
        signal(SIGINT, on_signal);
        signal(SIGTERM, on_signal);
        printf("serving %s\n", calc_ipc_server_url(server)); /* with the real port, if it was 0 */
        fflush(stdout);
        status = calc_ipc_server_run(server);
        signal(SIGINT, SIG_IGN); /* a second one must not find a server that is freed */
        signal(SIGTERM, SIG_IGN);
    }
    calc_ipc_server_destroy(server);
    return status;
}

static calc_ipc_status calculate(const calc_ipc_client *client, const calc_ipc_request *request) {
    calc_ipc_response response;
    const calc_ipc_status status = calc_ipc_client_call(client, request, &response);
    if (status != CALC_IPC_STATUS_OK) {
        return status;
    }
    if (response.success) {
        printf("%" PRId64 "\n", response.result);
    } else {
        printf("error: %s\n", response.error);
    }
    return status;
}

static calc_ipc_status send_message(const calc_ipc_client *client, const char *message) {
    uint8_t answer[65536]; /* the default limit, so it is never too small */
    size_t length = 0;
    const calc_ipc_status status =
        calc_ipc_client_call_bytes(client, (const uint8_t *)message, strlen(message), answer, sizeof answer, &length);
    if (status == CALC_IPC_STATUS_OK) {
        fwrite(answer, 1, length, stdout);
        putchar('\n');
    }
    return status;
}

/* Sends the request, or without one the message. */
static calc_ipc_status ask(const char *url, const calc_ipc_request *request, const char *message) {
    calc_ipc_client *client = NULL;
    calc_ipc_status status = calc_ipc_client_create(url, NULL, &client);
    if (status == CALC_IPC_STATUS_OK) {
        status = request != NULL ? calculate(client, request) : send_message(client, message);
    }
    calc_ipc_client_destroy(client);
    return status;
}

static bool read_number(const char *text, int64_t *number) {
    char *end = NULL;
    errno = 0;
    *number = strtoll(text, &end, 10);
    return errno == 0 && end != text && *end == '\0';
}

static bool read_request(char **words, calc_ipc_request *request) {
    return calc_ipc_operation_from_name(words[0], &request->operation) == CALC_IPC_STATUS_OK &&
           read_number(words[1], &request->arg1) && read_number(words[2], &request->arg2);
}

int main(int argc, char **argv) {
    calc_ipc_request request;
    if (argc != 3 && (argc != 5 || !read_request(argv + 2, &request))) {
        fprintf(stderr, "usage: %s serve URL | URL ADD|SUB|MUL|DIV NUMBER NUMBER | URL MESSAGE\n", argv[0]);
        return 2;
    }
    const bool serves = argc == 3 && strcmp(argv[1], "serve") == 0;
    const calc_ipc_status status = serves ? serve(argv[2]) : ask(argv[1], argc == 5 ? &request : NULL, argv[2]);
    if (status != CALC_IPC_STATUS_OK) {
        fprintf(stderr, "%s\n", calc_ipc_last_error());
    }
    return status == CALC_IPC_STATUS_OK ? 0 : 1;
}
