/* The whole C interface once, as a C11 program and as a C++ one. */
#include "c_folder.h"

#include <pthread.h>
#include <unistd.h>

/* A handler of one's own: user_data is a number to add. */
static void add_more(const calc_ipc_request *request, calc_ipc_response *response, void *user_data) {
    CHECK(!response->success && response->result == 0 && response->error[0] == '\0');
    response->success = true;
    response->result = request->arg1 + request->arg2 + *(const int64_t *)user_data;
}

static int64_t more = 1000;

static const calc_ipc_request TEN_AND_TWENTY = {CALC_IPC_OPERATION_ADD, 10, 20};

static void test_protocol(void) {
    uint8_t frame[CALC_IPC_FRAME_MAX];
    size_t length = 0;
    CHECK_OK(calc_ipc_request_serialize(&TEN_AND_TWENTY, frame, sizeof frame, &length));
    CHECK(length == 13 && memcmp(frame, "\x09\0\0\0ADD 10 20", length) == 0);

    calc_ipc_request request;
    CHECK_OK(calc_ipc_request_deserialize(frame, length, &request));
    CHECK(request.operation == CALC_IPC_OPERATION_ADD && request.arg1 == 10 && request.arg2 == 20);

    size_t needed = 0;
    CHECK_STATUS(BUFFER_TOO_SMALL, calc_ipc_request_serialize(&request, frame, length - 1, &needed));
    CHECK(needed == length);

    calc_ipc_response response;
    CHECK_OK(calc_ipc_execute(&request, &response));
    CHECK(response.success && response.result == 30);
    CHECK_OK(calc_ipc_response_serialize(&response, frame, sizeof frame, &length));
    memset(&response, 0xAA, sizeof response);
    CHECK_OK(calc_ipc_response_deserialize(frame, length, &response));
    CHECK(response.success && response.result == 30 && response.error[0] == '\0');

    request.operation = 99;
    CHECK_OK(calc_ipc_execute(&request, &response));
    CHECK(!response.success && strcmp(response.error, "Unknown operation") == 0);

    int32_t operation = -1;
    CHECK_OK(calc_ipc_operation_from_name("MUL", &operation));
    CHECK(operation == CALC_IPC_OPERATION_MUL && strcmp(calc_ipc_operation_name(operation), "MUL") == 0);
    CHECK(calc_ipc_operation_name(99) == NULL);
}

static void test_message(void) {
    int ends[2];
    CHECK(pipe(ends) == 0);
    uint8_t frame[CALC_IPC_FRAME_MAX];
    uint8_t received[CALC_IPC_FRAME_MAX];
    size_t length = 0;
    size_t received_length = 0;
    CHECK_OK(calc_ipc_request_serialize(&TEN_AND_TWENTY, frame, sizeof frame, &length));
    CHECK_OK(calc_ipc_message_send(ends[1], frame, length));
    CHECK_OK(calc_ipc_message_recv(ends[0], received, sizeof received, &received_length));
    CHECK(received_length == length && memcmp(frame, received, length) == 0);
    CHECK_OK(calc_ipc_fd_write_exact(ends[1], "abc", 3));
    CHECK_OK(calc_ipc_fd_read_exact(ends[0], received, 3));
    CHECK(memcmp(received, "abc", 3) == 0);
    close(ends[1]);
    CHECK_STATUS(CLOSED, calc_ipc_message_recv(ends[0], received, sizeof received, &received_length));
    close(ends[0]);
}

static void test_pipe(void) {
    calc_ipc_response response;
    calc_ipc_pipe *pipe = NULL;
    CHECK_OK(calc_ipc_pipe_create(NULL, NULL, NULL, &pipe));
    CHECK_OK(calc_ipc_pipe_call(pipe, &TEN_AND_TWENTY, &response));
    CHECK(response.success && response.result == 30);
    calc_ipc_pipe_destroy(pipe);

    const char *const argv[] = {PIPE_SERVER, NULL};
    CHECK_OK(calc_ipc_pipe_spawn(argv, NULL, &pipe));
    CHECK_OK(calc_ipc_pipe_call(pipe, &TEN_AND_TWENTY, &response));
    CHECK(response.success && response.result == 30);
    calc_ipc_pipe_destroy(pipe);
}

static void test_uds(const char *path) {
    calc_ipc_uds_server *server = NULL;
    CHECK_OK(calc_ipc_uds_server_create(path, add_more, &more, NULL, &server));
    CHECK_OK(calc_ipc_uds_server_start(server));
    calc_ipc_uds_client *client = NULL;
    calc_ipc_client_options options;
    calc_ipc_client_options_init(&options, sizeof options);
    CHECK(options.call_timeout_ms == 30000);
    CHECK_OK(calc_ipc_uds_client_create(path, &options, &client));
    calc_ipc_response response;
    CHECK_OK(calc_ipc_uds_client_call(client, &TEN_AND_TWENTY, &response));
    CHECK(response.success && response.result == 1030);
    calc_ipc_uds_client_destroy(client);
    CHECK_OK(calc_ipc_uds_server_stop(server));
    calc_ipc_uds_server_destroy(server);
}

static void test_seqpacket(const char *path) {
    calc_ipc_seqpacket_server *server = NULL;
    CHECK_OK(calc_ipc_seqpacket_server_create(path, add_more, &more, NULL, &server));
    CHECK_OK(calc_ipc_seqpacket_server_start(server));
    calc_ipc_seqpacket_client *client = NULL;
    calc_ipc_client_options options;
    calc_ipc_client_options_init(&options, sizeof options);
    CHECK(options.call_timeout_ms == 30000);
    CHECK_OK(calc_ipc_seqpacket_client_create(path, &options, &client));
    calc_ipc_response response;
    CHECK_OK(calc_ipc_seqpacket_client_call(client, &TEN_AND_TWENTY, &response));
    CHECK(response.success && response.result == 1030);
    calc_ipc_seqpacket_client_destroy(client);
    CHECK_OK(calc_ipc_seqpacket_server_stop(server));
    calc_ipc_seqpacket_server_destroy(server);
}

static void test_shm(const char *name) {
    calc_ipc_shm_server *server = NULL;
    CHECK_OK(calc_ipc_shm_server_create(name, add_more, &more, NULL, &server));
    CHECK_OK(calc_ipc_shm_server_start(server));
    calc_ipc_shm_client *client = NULL;
    CHECK_OK(calc_ipc_shm_client_create(name, NULL, &client));
    calc_ipc_response response;
    CHECK_OK(calc_ipc_shm_client_call(client, &TEN_AND_TWENTY, &response));
    CHECK(response.success && response.result == 1030);
    calc_ipc_shm_client_destroy(client);
    CHECK_OK(calc_ipc_shm_server_stop(server));
    calc_ipc_shm_server_destroy(server);
}

static void *run_fifo(void *server) {
    CHECK_OK(calc_ipc_fifo_server_run((const calc_ipc_fifo_server *)server));
    return NULL;
}

static void test_fifo(const char *request_path, const char *response_path) {
    calc_ipc_server_options options;
    calc_ipc_server_options_init(&options, sizeof options);
    CHECK(options.size == sizeof options && options.max_message == 65536 && options.mode == 0600);
    calc_ipc_fifo_server *server = NULL;
    CHECK_OK(calc_ipc_fifo_server_create(request_path, response_path, add_more, &more, &options, &server));
    pthread_t thread;
    CHECK(pthread_create(&thread, NULL, run_fifo, server) == 0);
    calc_ipc_fifo_client *client = NULL;
    CHECK_OK(calc_ipc_fifo_client_create(request_path, response_path, NULL, &client));
    calc_ipc_response response;
    CHECK_OK(calc_ipc_fifo_client_call(client, &TEN_AND_TWENTY, &response));
    CHECK(response.success && response.result == 1030);
    calc_ipc_fifo_client_destroy(client);
    /* Over a run that is still going on, which it stops and waits for. */
    calc_ipc_fifo_server_destroy(server);
    CHECK(pthread_join(thread, NULL) == 0);
}

static void test_tcp(void) {
    calc_ipc_tcp_server *server = NULL;
    CHECK_OK(calc_ipc_tcp_server_create("127.0.0.1", 0, add_more, &more, NULL, &server));
    CHECK_OK(calc_ipc_tcp_server_start(server));
    calc_ipc_tcp_client *client = NULL;
    CHECK_OK(calc_ipc_tcp_client_create("127.0.0.1", calc_ipc_tcp_server_port(server), NULL, &client));
    calc_ipc_response response;
    CHECK_OK(calc_ipc_tcp_client_call(client, &TEN_AND_TWENTY, &response));
    CHECK(response.success && response.result == 1030);
    calc_ipc_tcp_client_destroy(client);
    CHECK_OK(calc_ipc_tcp_server_stop(server));
    calc_ipc_tcp_server_destroy(server);
}

int main(void) {
    CHECK(calc_ipc_version() == CALC_IPC_VERSION_NUMBER);
    CHECK(calc_ipc_last_error() != NULL);

    char dir[80];
    char one[300];
    char two[300];
    make_folder(dir, sizeof dir);
    test_protocol();
    test_message();
    test_pipe();
    test_tcp();
    snprintf(one, sizeof one, "%s/socket", dir);
    test_uds(one);
    test_seqpacket(one);
    test_shm(strrchr(dir, '/'));
    snprintf(one, sizeof one, "%s/request", dir);
    snprintf(two, sizeof two, "%s/response", dir);
    test_fifo(one, two);
    CHECK(rmdir(dir) == 0); /* and so nothing is left in it */
    return 0;
}
