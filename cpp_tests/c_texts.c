/* What calc_ipc_last_error() tells people of each failure: which thing it was, why, and what to do. */
#include "c_folder.h"

#include <unistd.h>

static char folder[80];

/* The path of a name in the folder; good until the next call. */
static const char *at(const char *name) {
    static char path[256];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

/* The other name that a pair of FIFOs has. */
static const char *answers_of(const char *path) {
    static char answers[256];
    snprintf(answers, sizeof answers, "%s.answers", path);
    return answers;
}

static calc_ipc_status serve_unix(const char *path) {
    calc_ipc_uds_server *server = NULL;
    const calc_ipc_status status = calc_ipc_uds_server_create(path, NULL, NULL, NULL, &server);
    calc_ipc_uds_server_destroy(server);
    return status;
}

static calc_ipc_status serve_fifo(const char *path) {
    calc_ipc_fifo_server *server = NULL;
    const calc_ipc_status status = calc_ipc_fifo_server_create(path, answers_of(path), NULL, NULL, NULL, &server);
    calc_ipc_fifo_server_destroy(server);
    return status;
}

static calc_ipc_status serve_shm(const char *name) {
    calc_ipc_shm_server *server = NULL;
    const calc_ipc_status status = calc_ipc_shm_server_create(name, NULL, NULL, NULL, &server);
    calc_ipc_shm_server_destroy(server);
    return status;
}

static calc_ipc_status serve_tcp(const char *host) {
    calc_ipc_tcp_server *server = NULL;
    const calc_ipc_status status = calc_ipc_tcp_server_create(host, 7000, NULL, NULL, NULL, &server);
    calc_ipc_tcp_server_destroy(server);
    return status;
}

static calc_ipc_status serve_url(const char *url) {
    calc_ipc_server *server = NULL;
    const calc_ipc_status status = calc_ipc_server_create(url, NULL, NULL, NULL, &server);
    calc_ipc_server_destroy(server);
    return status;
}

static calc_ipc_status ask_unix(const char *path) {
    calc_ipc_uds_client *client = NULL;
    const calc_ipc_status status = calc_ipc_uds_client_create(path, NULL, &client);
    calc_ipc_uds_client_destroy(client);
    return status;
}

static calc_ipc_status ask_fifo(const char *path) {
    calc_ipc_fifo_client *client = NULL;
    const calc_ipc_status status = calc_ipc_fifo_client_create(path, answers_of(path), NULL, &client);
    calc_ipc_fifo_client_destroy(client);
    return status;
}

static calc_ipc_status ask_url(const char *url) {
    calc_ipc_client *client = NULL;
    const calc_ipc_status status = calc_ipc_client_create(url, NULL, &client);
    calc_ipc_client_destroy(client);
    return status;
}

/* A call to a shell that runs this script. */
static calc_ipc_status call_shell(const char *script) {
    const char *const argv[] = {"/bin/sh", "-c", script, NULL};
    const calc_ipc_request request = {CALC_IPC_OPERATION_ADD, 1, 2};
    calc_ipc_response response;
    calc_ipc_pipe *pipe = NULL;
    CHECK_OK(calc_ipc_pipe_spawn(argv, NULL, &pipe));
    const calc_ipc_status status = calc_ipc_pipe_call(pipe, &request, &response);
    calc_ipc_pipe_destroy(pipe);
    return status;
}

static size_t echo(const uint8_t *request, size_t length, uint8_t *response, size_t capacity, void *user_data) {
    (void)user_data;
    CHECK(length <= capacity);
    memcpy(response, request, length);
    return length;
}

/* A call of a calculator's client to a server of messages of its own. */
static calc_ipc_status call_echo(const char *path) {
    const calc_ipc_request request = {CALC_IPC_OPERATION_ADD, 1, 2};
    calc_ipc_response response;
    calc_ipc_server *server = NULL;
    calc_ipc_uds_client *client = NULL;
    char url[300];
    snprintf(url, sizeof url, "unix://%s", path);
    CHECK_OK(calc_ipc_server_create_bytes(url, echo, NULL, NULL, &server));
    CHECK_OK(calc_ipc_server_start(server));
    CHECK_OK(calc_ipc_uds_client_create(path, NULL, &client));
    const calc_ipc_status status = calc_ipc_uds_client_call(client, &request, &response);
    calc_ipc_uds_client_destroy(client);
    calc_ipc_server_destroy(server);
    return status;
}

/* One failure. `in_folder`: the argument is a name in the folder, which the text then has to name. */
typedef struct text_case {
    calc_ipc_status (*fail)(const char *);
    const char *argument;
    bool in_folder;
    calc_ipc_status status;
    const char *says[3];
} text_case;

#define HUNDRED "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"

static const text_case CASES[] = {
    {serve_unix, "no/x", true, CALC_IPC_STATUS_SYSTEM, {"there is no folder", "create", "no/x"}},
    {serve_fifo, "no/x", true, CALC_IPC_STATUS_SYSTEM, {"there is no folder", "create", "no/x"}},
    {serve_unix, "file", true, CALC_IPC_STATUS_ADDRESS_IN_USE, {"regular file", "no socket", "choose another path"}},
    {serve_fifo, "file", true, CALC_IPC_STATUS_ADDRESS_IN_USE, {"regular file", "no FIFO", "choose another path"}},
    {serve_unix, "", false, CALC_IPC_STATUS_INVALID_ARGUMENT, {"Unix socket", "is empty", "path"}},
    {serve_fifo, "", false, CALC_IPC_STATUS_INVALID_ARGUMENT, {"FIFO", "is empty", "path"}},
    {serve_shm, "", false, CALC_IPC_STATUS_INVALID_ARGUMENT, {"''", "no name", "shared memory"}},
    {serve_shm, HUNDRED HUNDRED HUNDRED, false, CALC_IPC_STATUS_INVALID_ARGUMENT, {"300 bytes", "shared memory", "98"}},
    {serve_unix, HUNDRED HUNDRED, false, CALC_IPC_STATUS_INVALID_ARGUMENT, {"200 bytes", "Unix socket", "107"}},
    {serve_tcp, "*", false, CALC_IPC_STATUS_INVALID_ARGUMENT, {"'*' is no host", "0.0.0.0", "allow_remote"}},
    {serve_tcp,
     "0.0.0.0",
     false,
     CALC_IPC_STATUS_PERMISSION_DENIED,
     {"0.0.0.0:7000", "other machines", "allow_remote"}},
    {serve_url, "tcp://x:99999", false, CALC_IPC_STATUS_INVALID_ARGUMENT, {"99999", "65535", "stdio: alone"}},
    {serve_url,
     "exec:///bin/cat",
     false,
     CALC_IPC_STATUS_INVALID_ARGUMENT,
     {"exec is for clients", "stdio: alone", "'"}},
    {ask_unix, "x", true, CALC_IPC_STATUS_NOT_CONNECTED, {"nothing is there", "start the server", "Unix socket"}},
    {ask_fifo, "x", true, CALC_IPC_STATUS_NOT_CONNECTED, {"nothing is there", "start the server", "FIFO"}},
    {ask_unix, "no/x", true, CALC_IPC_STATUS_NOT_CONNECTED, {"there is no folder", "Unix socket", "no/x"}},
    {ask_unix, "file", true, CALC_IPC_STATUS_NOT_CONNECTED, {"a regular file is there", "no socket", "file"}},
    {ask_fifo, "file", true, CALC_IPC_STATUS_NOT_CONNECTED, {"a regular file is there", "no FIFO", "file"}},
    {ask_url, "tcp://x:99999", false, CALC_IPC_STATUS_INVALID_ARGUMENT, {"99999", "65535", "exec:///path"}},
    {ask_url,
     "http://x",
     false,
     CALC_IPC_STATUS_INVALID_ARGUMENT,
     {"'http' is not known", "a client's URL", "exec:///"}},
    {ask_url, "stdio:", false, CALC_IPC_STATUS_INVALID_ARGUMENT, {"for servers", "a client's URL", "exec:///"}},
    {ask_url, "exec:///bin/cat -n", false, CALC_IPC_STATUS_NOT_CONNECTED, {"/bin/cat -n", "path alone", "no argument"}},
    {call_shell, "exit 3", false, CALC_IPC_STATUS_CLOSED, {"/bin/sh", "process", "exited with status 3"}},
    {call_shell, "kill -9 $$", false, CALC_IPC_STATUS_CLOSED, {"/bin/sh", "process", "killed by SIGKILL"}},
    {call_echo, "echo", true, CALC_IPC_STATUS_MALFORMED, {"'ADD 1 2'", "no response", "call_bytes"}},
};

/* Whether the failure is told as it should be; if not, says how it is told. */
static bool is_told(const text_case *c) {
    const char *argument = c->in_folder ? at(c->argument) : c->argument;
    const calc_ipc_status status = c->fail(argument);
    const char *text = calc_ipc_last_error();
    bool is_right = status == c->status && (!c->in_folder || strstr(text, argument) != NULL);
    for (size_t word = 0; word < 3; ++word) {
        is_right = is_right && strstr(text, c->says[word]) != NULL;
    }
    is_right = is_right && strstr(text, "lock /") == NULL && strstr(text, "stdio::") == NULL;
    if (!is_right) {
        fprintf(stderr, "%s: %d: %s\n", argument, (int)status, text);
    }
    return is_right;
}

int main(void) {
    make_folder(folder, sizeof folder);
    FILE *file = fopen(at("file"), "w");
    CHECK(file != NULL && fclose(file) == 0);
    bool all_are = true;
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; ++i) {
        all_are = is_told(&CASES[i]) && all_are;
    }
    CHECK(unlink(at("file")) == 0);
    CHECK(rmdir(folder) == 0);
    return all_are ? 0 : 1;
}
