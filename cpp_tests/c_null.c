/* NULL wherever a pointer is required is INVALID_ARGUMENT, and destroy(NULL) does nothing. As C11 and as C++. */
#include "c_check.h"

#define CHECK_INVALID(call) CHECK_STATUS(INVALID_ARGUMENT, call)

static const calc_ipc_request REQUEST = {CALC_IPC_OPERATION_ADD, 1, 2};
static calc_ipc_request request;
static calc_ipc_response response;
static uint8_t buffer[CALC_IPC_FRAME_MAX];
static size_t length = 12345;

static void test_protocol(void) {
    CHECK_INVALID(calc_ipc_request_serialize(NULL, buffer, sizeof buffer, &length));
    CHECK_INVALID(calc_ipc_request_serialize(&REQUEST, NULL, sizeof buffer, &length));
    CHECK_INVALID(calc_ipc_request_serialize(&REQUEST, buffer, sizeof buffer, NULL));
    CHECK_INVALID(calc_ipc_request_deserialize(NULL, sizeof buffer, &request));
    CHECK_INVALID(calc_ipc_request_deserialize(buffer, sizeof buffer, NULL));
    CHECK_INVALID(calc_ipc_response_serialize(NULL, buffer, sizeof buffer, &length));
    CHECK_INVALID(calc_ipc_response_serialize(&response, NULL, sizeof buffer, &length));
    CHECK_INVALID(calc_ipc_response_serialize(&response, buffer, sizeof buffer, NULL));
    CHECK_INVALID(calc_ipc_response_deserialize(NULL, sizeof buffer, &response));
    CHECK_INVALID(calc_ipc_response_deserialize(buffer, sizeof buffer, NULL));
    CHECK_INVALID(calc_ipc_execute(NULL, &response));
    CHECK_INVALID(calc_ipc_execute(&REQUEST, NULL));
    CHECK_INVALID(calc_ipc_operation_from_name(NULL, &request.operation));
    CHECK_INVALID(calc_ipc_operation_from_name("ADD", NULL));
    CHECK_INVALID(calc_ipc_current_failure(NULL));
    CHECK_INVALID(calc_ipc_current_peer(NULL));
    CHECK_INVALID(calc_ipc_message_send(1, NULL, 5));
    CHECK_INVALID(calc_ipc_message_recv(0, NULL, sizeof buffer, &length));
    CHECK_INVALID(calc_ipc_message_recv(0, buffer, sizeof buffer, NULL));
    CHECK_INVALID(calc_ipc_fd_read_exact(0, NULL, 5));
    CHECK_INVALID(calc_ipc_fd_write_exact(1, NULL, 5));
    CHECK(length == 12345); /* outputs are written on success only */
    calc_ipc_server_options_init(NULL, sizeof(calc_ipc_server_options));
    calc_ipc_client_options_init(NULL, sizeof(calc_ipc_client_options));
}

static void test_pipe(void) {
    /* A failed create sets its handle to NULL. */
    calc_ipc_pipe *pipe = (calc_ipc_pipe *)buffer;
    const char *const nothing[] = {NULL};
    CHECK_INVALID(calc_ipc_pipe_create(NULL, NULL, NULL, NULL));
    CHECK_INVALID(calc_ipc_pipe_spawn(NULL, NULL, &pipe));
    CHECK(pipe == NULL);
    pipe = (calc_ipc_pipe *)buffer;
    CHECK_INVALID(calc_ipc_pipe_spawn(nothing, NULL, &pipe));
    CHECK(pipe == NULL);
    CHECK_INVALID(calc_ipc_pipe_spawn(nothing, NULL, NULL));
    CHECK_INVALID(calc_ipc_pipe_call(NULL, &REQUEST, &response));
#if defined(_WIN32)
    CHECK_STATUS(UNSUPPORTED, calc_ipc_pipe_create(NULL, NULL, NULL, &pipe));
    CHECK(pipe == NULL);
#else
    CHECK_OK(calc_ipc_pipe_create(NULL, NULL, NULL, &pipe));
    CHECK_INVALID(calc_ipc_pipe_call(pipe, NULL, &response));
    CHECK_INVALID(calc_ipc_pipe_call(pipe, &REQUEST, NULL));
    CHECK_OK(calc_ipc_pipe_call(pipe, &REQUEST, &response));
    calc_ipc_pipe_destroy(pipe);
#endif
    calc_ipc_pipe_destroy(NULL);
}

static void test_fifo(void) {
    const char *const path = "/nonexistent-calc_ipc/null";
    calc_ipc_fifo_server *server = (calc_ipc_fifo_server *)buffer;
    calc_ipc_fifo_client *client = (calc_ipc_fifo_client *)buffer;
    CHECK_INVALID(calc_ipc_fifo_server_create(NULL, path, NULL, NULL, NULL, &server));
    CHECK_INVALID(calc_ipc_fifo_client_create(NULL, path, NULL, &client));
    CHECK(server == NULL && client == NULL);
    server = (calc_ipc_fifo_server *)buffer;
    client = (calc_ipc_fifo_client *)buffer;
    CHECK_INVALID(calc_ipc_fifo_server_create(path, NULL, NULL, NULL, NULL, &server));
    CHECK_INVALID(calc_ipc_fifo_client_create(path, NULL, NULL, &client));
    CHECK(server == NULL && client == NULL);
    CHECK_INVALID(calc_ipc_fifo_server_create(path, path, NULL, NULL, NULL, NULL));
    CHECK_INVALID(calc_ipc_fifo_client_create(path, path, NULL, NULL));
    CHECK_INVALID(calc_ipc_fifo_server_run(NULL));
    CHECK_INVALID(calc_ipc_fifo_server_start(NULL));
    CHECK_INVALID(calc_ipc_fifo_server_stop(NULL));
    calc_ipc_fifo_server_request_stop(NULL);
    calc_ipc_fifo_server_destroy(NULL);
    CHECK_INVALID(calc_ipc_fifo_client_call(NULL, &REQUEST, &response));
    calc_ipc_fifo_client_destroy(NULL);
}

static void test_shm(void) {
    const char *const name = "calc_ipc-null";
    calc_ipc_shm_server *server = (calc_ipc_shm_server *)buffer;
    calc_ipc_shm_client *client = (calc_ipc_shm_client *)buffer;
    CHECK_INVALID(calc_ipc_shm_server_create(NULL, NULL, NULL, NULL, &server));
    CHECK_INVALID(calc_ipc_shm_client_create(NULL, NULL, &client));
    CHECK(server == NULL && client == NULL);
    CHECK_INVALID(calc_ipc_shm_server_create(name, NULL, NULL, NULL, NULL));
    CHECK_INVALID(calc_ipc_shm_client_create(name, NULL, NULL));
    CHECK_INVALID(calc_ipc_shm_server_run(NULL));
    CHECK_INVALID(calc_ipc_shm_server_start(NULL));
    CHECK_INVALID(calc_ipc_shm_server_stop(NULL));
    calc_ipc_shm_server_request_stop(NULL);
    calc_ipc_shm_server_destroy(NULL);
    CHECK_INVALID(calc_ipc_shm_client_call(NULL, &REQUEST, &response));
    calc_ipc_shm_client_destroy(NULL);
}

static void test_uds(void) {
    const char *const path = "/nonexistent-calc_ipc/null";
    calc_ipc_uds_server *server = (calc_ipc_uds_server *)buffer;
    calc_ipc_uds_client *client = (calc_ipc_uds_client *)buffer;
    CHECK_INVALID(calc_ipc_uds_server_create(NULL, NULL, NULL, NULL, &server));
    CHECK_INVALID(calc_ipc_uds_client_create(NULL, NULL, &client));
    CHECK(server == NULL && client == NULL);
    CHECK_INVALID(calc_ipc_uds_server_create(path, NULL, NULL, NULL, NULL));
    CHECK_INVALID(calc_ipc_uds_client_create(path, NULL, NULL));
    CHECK_INVALID(calc_ipc_uds_server_run(NULL));
    CHECK_INVALID(calc_ipc_uds_server_start(NULL));
    CHECK_INVALID(calc_ipc_uds_server_stop(NULL));
    calc_ipc_uds_server_request_stop(NULL);
    calc_ipc_uds_server_destroy(NULL);
    CHECK_INVALID(calc_ipc_uds_client_call(NULL, &REQUEST, &response));
    calc_ipc_uds_client_destroy(NULL);
}

static void test_seqpacket(void) {
    const char *const path = "/nonexistent-calc_ipc/null";
    calc_ipc_seqpacket_server *server = (calc_ipc_seqpacket_server *)buffer;
    calc_ipc_seqpacket_client *client = (calc_ipc_seqpacket_client *)buffer;
    CHECK_INVALID(calc_ipc_seqpacket_server_create(NULL, NULL, NULL, NULL, &server));
    CHECK_INVALID(calc_ipc_seqpacket_client_create(NULL, NULL, &client));
    CHECK(server == NULL && client == NULL);
    CHECK_INVALID(calc_ipc_seqpacket_server_create(path, NULL, NULL, NULL, NULL));
    CHECK_INVALID(calc_ipc_seqpacket_client_create(path, NULL, NULL));
    CHECK_INVALID(calc_ipc_seqpacket_server_run(NULL));
    CHECK_INVALID(calc_ipc_seqpacket_server_start(NULL));
    CHECK_INVALID(calc_ipc_seqpacket_server_stop(NULL));
    calc_ipc_seqpacket_server_request_stop(NULL);
    calc_ipc_seqpacket_server_destroy(NULL);
    CHECK_INVALID(calc_ipc_seqpacket_client_call(NULL, &REQUEST, &response));
    calc_ipc_seqpacket_client_destroy(NULL);
}

static void test_tcp(void) {
    const char *const host = "localhost";
    calc_ipc_tcp_server *server = (calc_ipc_tcp_server *)buffer;
    calc_ipc_tcp_client *client = (calc_ipc_tcp_client *)buffer;
    CHECK_INVALID(calc_ipc_tcp_server_create(NULL, 0, NULL, NULL, NULL, &server));
    CHECK_INVALID(calc_ipc_tcp_client_create(NULL, 1, NULL, &client));
    CHECK(server == NULL && client == NULL);
    CHECK_INVALID(calc_ipc_tcp_server_create(host, 0, NULL, NULL, NULL, NULL));
    CHECK_INVALID(calc_ipc_tcp_client_create(host, 1, NULL, NULL));
    CHECK_INVALID(calc_ipc_tcp_server_run(NULL));
    CHECK_INVALID(calc_ipc_tcp_server_start(NULL));
    CHECK_INVALID(calc_ipc_tcp_server_stop(NULL));
    CHECK(calc_ipc_tcp_server_port(NULL) == 0);
    calc_ipc_tcp_server_request_stop(NULL);
    calc_ipc_tcp_server_destroy(NULL);
    CHECK_INVALID(calc_ipc_tcp_client_call(NULL, &REQUEST, &response));
    calc_ipc_tcp_client_destroy(NULL);
}

/* Every function is there, and says so where the system has no such thing. */
static void test_named_pipe(void) {
    calc_ipc_named_pipe_server *server = (calc_ipc_named_pipe_server *)buffer;
    calc_ipc_named_pipe_client *client = (calc_ipc_named_pipe_client *)buffer;
#if !defined(_WIN32)
    CHECK_STATUS(UNSUPPORTED, calc_ipc_named_pipe_server_create("calc", NULL, NULL, NULL, &server));
    CHECK_STATUS(UNSUPPORTED, calc_ipc_named_pipe_client_create("calc", NULL, &client));
#endif
    CHECK_INVALID(calc_ipc_named_pipe_server_create(NULL, NULL, NULL, NULL, &server));
    CHECK_INVALID(calc_ipc_named_pipe_client_create(NULL, NULL, &client));
    CHECK(server == NULL && client == NULL);
    CHECK_INVALID(calc_ipc_named_pipe_server_run(NULL));
    CHECK_INVALID(calc_ipc_named_pipe_server_start(NULL));
    CHECK_INVALID(calc_ipc_named_pipe_server_stop(NULL));
    calc_ipc_named_pipe_server_request_stop(NULL);
    calc_ipc_named_pipe_server_destroy(NULL);
    CHECK_INVALID(calc_ipc_named_pipe_client_call(NULL, &REQUEST, &response));
    calc_ipc_named_pipe_client_destroy(NULL);
}

static size_t nothing(const uint8_t *message, size_t message_length, uint8_t *answer, size_t capacity,
                      void *user_data) {
    (void)message, (void)message_length, (void)answer, (void)capacity, (void)user_data;
    return 0;
}

static void nobody(calc_ipc_reply *reply, const uint8_t *message, size_t message_length, void *user_data) {
    (void)reply, (void)message, (void)message_length, (void)user_data;
}

static void test_deferred(void) {
    const char *const url = "unix:///nonexistent-calc_ipc/null";
    calc_ipc_server *server = (calc_ipc_server *)buffer;
    CHECK_INVALID(calc_ipc_server_create_deferred(url, NULL, NULL, NULL, &server));
    CHECK(server == NULL);
    CHECK_INVALID(calc_ipc_server_create_deferred(NULL, nobody, NULL, NULL, &server));
    CHECK_INVALID(calc_ipc_server_create_deferred(url, nobody, NULL, NULL, NULL));
    CHECK_INVALID(calc_ipc_reply_send(NULL, buffer, 1));
    CHECK_INVALID(calc_ipc_reply_send_response(NULL, &response));
    CHECK_INVALID(calc_ipc_reply_check(NULL));
    calc_ipc_reply_fail(NULL, "nobody hears it");
}

static void test_url_server(void) {
    const char *const url = "unix:///nonexistent-calc_ipc/null";
    calc_ipc_server *server = (calc_ipc_server *)buffer;
    CHECK_INVALID(calc_ipc_server_create(NULL, NULL, NULL, NULL, &server));
    CHECK(server == NULL);
    CHECK_INVALID(calc_ipc_server_create(url, NULL, NULL, NULL, NULL));
    server = (calc_ipc_server *)buffer;
    CHECK_INVALID(calc_ipc_server_create_bytes(url, NULL, NULL, NULL, &server));
    CHECK(server == NULL);
    CHECK_INVALID(calc_ipc_server_create_bytes(NULL, nothing, NULL, NULL, &server));
    CHECK_INVALID(calc_ipc_server_create_bytes(url, nothing, NULL, NULL, NULL));
    CHECK_INVALID(calc_ipc_server_run(NULL));
    CHECK_INVALID(calc_ipc_server_start(NULL));
    CHECK_INVALID(calc_ipc_server_stop(NULL));
    calc_ipc_stats stats;
    memset(&stats, 0, sizeof stats);
    stats.size = sizeof stats;
    int fd = -1;
    void *handle = NULL;
    CHECK_INVALID(calc_ipc_server_stats(NULL, &stats));
    CHECK_INVALID(calc_ipc_server_fd(NULL, &fd));
    CHECK_INVALID(calc_ipc_server_wait_handle(NULL, &handle));
    CHECK_INVALID(calc_ipc_server_dispatch(NULL, 1));
    CHECK(calc_ipc_server_url(NULL) == NULL);
    calc_ipc_server_request_stop(NULL);
    calc_ipc_server_destroy(NULL);
}

static void test_url_client(void) {
    const char *const url = "unix:///nonexistent-calc_ipc/null";
    calc_ipc_client *client = (calc_ipc_client *)buffer;
    size_t completed = 12345;
    CHECK_INVALID(calc_ipc_client_create(NULL, NULL, &client));
    CHECK(client == NULL);
    CHECK_INVALID(calc_ipc_client_create(url, NULL, NULL));
    CHECK_INVALID(calc_ipc_client_call(NULL, &REQUEST, &response));
    CHECK_INVALID(calc_ipc_client_call_many(NULL, &REQUEST, 1, &response, NULL));
    CHECK_INVALID(calc_ipc_client_call_many(NULL, &REQUEST, 1, &response, &completed));
    CHECK(completed == 0); /* the one output that is always written */
    CHECK_INVALID(calc_ipc_client_call_bytes(NULL, buffer, 1, buffer, 1, &length));
    CHECK(length == 12345);
    calc_ipc_client_destroy(NULL);
}

int main(void) {
    test_protocol();
    test_pipe();
    test_fifo();
    test_shm();
    test_uds();
    test_seqpacket();
    test_tcp();
    test_named_pipe();
    test_url_server();
    test_deferred();
    test_url_client();
    puts("passed"); /* which run.cmd looks for */
    return 0;
}
