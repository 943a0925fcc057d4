/* The contract of the C interface, declared once more: where the header differs, this does not
 * compile, neither as C nor as C++. Programs outside this repository are compiled against it. */
#include <calc_ipc.h>
#include <calc_ipc.h> /* twice, for the guard */

#ifdef __cplusplus
extern "C" {
#define SAME(what, value) static_assert((what) == (value), #what)
#else
#define SAME(what, value) _Static_assert((what) == (value), #what)
#endif

typedef int32_t calc_ipc_status;
typedef void (*calc_ipc_handler)(const calc_ipc_request *request, calc_ipc_response *response, void *user_data);

SAME(CALC_IPC_STATUS_OK, 0);
SAME(CALC_IPC_STATUS_HANDLER_FAILED, -18);
SAME(CALC_IPC_OPERATION_ADD, 0);
SAME(CALC_IPC_OPERATION_SUB, 1);
SAME(CALC_IPC_OPERATION_MUL, 2);
SAME(CALC_IPC_OPERATION_DIV, 3);
SAME(CALC_IPC_ERROR_CAPACITY, 256);
SAME(CALC_IPC_FRAME_MAX, 263);
SAME(CALC_IPC_SERVER_UID_OWN, 0xFFFFFFFFu);
SAME(CALC_IPC_SERVER_UID_ANY, 0xFFFFFFFEu);
SAME(CALC_IPC_VERSION_NUMBER,
     CALC_IPC_VERSION_MAJOR * 1000000 + CALC_IPC_VERSION_MINOR * 1000 + CALC_IPC_VERSION_PATCH);

const char *calc_ipc_status_message(int32_t status);
const char *calc_ipc_last_error(void);
bool calc_ipc_last_not_executed(void);
uint32_t calc_ipc_version(void);

calc_ipc_status calc_ipc_request_serialize(const calc_ipc_request *, uint8_t *buffer, size_t capacity, size_t *length);
calc_ipc_status calc_ipc_request_deserialize(const uint8_t *frame, size_t length, calc_ipc_request *out);
calc_ipc_status calc_ipc_response_serialize(const calc_ipc_response *, uint8_t *buffer, size_t capacity,
                                            size_t *length);
calc_ipc_status calc_ipc_response_deserialize(const uint8_t *frame, size_t length, calc_ipc_response *out);
calc_ipc_status calc_ipc_execute(const calc_ipc_request *, calc_ipc_response *out);
calc_ipc_status calc_ipc_message_send(int fd, const uint8_t *frame, size_t length);
calc_ipc_status calc_ipc_message_recv(int fd, uint8_t *buffer, size_t capacity, size_t *length);
calc_ipc_status calc_ipc_fd_read_exact(int fd, void *buffer, size_t length);
calc_ipc_status calc_ipc_fd_write_exact(int fd, const void *buffer, size_t length);
calc_ipc_status calc_ipc_current_failure(const char *text);
calc_ipc_status calc_ipc_current_peer(calc_ipc_peer *);
const char *calc_ipc_operation_name(int32_t operation);
calc_ipc_status calc_ipc_operation_from_name(const char *name, int32_t *out);

void calc_ipc_server_options_init(calc_ipc_server_options *, size_t size);
void calc_ipc_client_options_init(calc_ipc_client_options *, size_t size);

calc_ipc_status calc_ipc_pipe_create(calc_ipc_handler, void *user_data, const calc_ipc_client_options *,
                                     calc_ipc_pipe **out);
calc_ipc_status calc_ipc_pipe_spawn(const char *const argv[], const calc_ipc_client_options *, calc_ipc_pipe **out);
calc_ipc_status calc_ipc_pipe_call(const calc_ipc_pipe *, const calc_ipc_request *, calc_ipc_response *);
void calc_ipc_pipe_destroy(calc_ipc_pipe *);
calc_ipc_status calc_ipc_pipe_serve(int in, int out, calc_ipc_handler, void *user_data,
                                    const calc_ipc_server_options *);

/* The address is the only thing in which the transports differ. */
#define TRANSPORT(T, ...)                                                                                              \
    calc_ipc_status calc_ipc_##T##_server_create(__VA_ARGS__, calc_ipc_handler, void *user_data,                       \
                                                 const calc_ipc_server_options *, calc_ipc_##T##_server **out);        \
    calc_ipc_status calc_ipc_##T##_server_run(const calc_ipc_##T##_server *);                                          \
    calc_ipc_status calc_ipc_##T##_server_start(const calc_ipc_##T##_server *);                                        \
    calc_ipc_status calc_ipc_##T##_server_stop(const calc_ipc_##T##_server *);                                         \
    void calc_ipc_##T##_server_request_stop(const calc_ipc_##T##_server *);                                            \
    void calc_ipc_##T##_server_destroy(calc_ipc_##T##_server *);                                                       \
    calc_ipc_status calc_ipc_##T##_client_create(__VA_ARGS__, const calc_ipc_client_options *,                         \
                                                 calc_ipc_##T##_client **out);                                         \
    calc_ipc_status calc_ipc_##T##_client_call(const calc_ipc_##T##_client *, const calc_ipc_request *,                \
                                               calc_ipc_response *);                                                   \
    void calc_ipc_##T##_client_destroy(calc_ipc_##T##_client *)

TRANSPORT(fifo, const char *request_path, const char *response_path);
TRANSPORT(shm, const char *name);
TRANSPORT(uds, const char *path);
TRANSPORT(seqpacket, const char *path);
TRANSPORT(tcp, const char *host, uint16_t port);
TRANSPORT(named_pipe, const char *name);
uint16_t calc_ipc_tcp_server_port(const calc_ipc_tcp_server *);

typedef size_t (*calc_ipc_bytes_handler)(const uint8_t *request, size_t length, uint8_t *response, size_t capacity,
                                         void *user_data);

typedef void (*calc_ipc_observer)(const calc_ipc_event *event, void *observer_data);
SAME(CALC_IPC_EVENT_CAME, 1);
SAME(CALC_IPC_EVENT_LEFT, 2);
SAME(CALC_IPC_EVENT_REFUSED, 3);
SAME(CALC_IPC_EVENT_DROPPED, 4);
SAME(CALC_IPC_EVENT_HANDLER_FAILED, 5);

calc_ipc_status calc_ipc_server_create(const char *url, calc_ipc_handler, void *user_data,
                                       const calc_ipc_server_options *, calc_ipc_server **out);
calc_ipc_status calc_ipc_server_create_bytes(const char *url, calc_ipc_bytes_handler, void *user_data,
                                             const calc_ipc_server_options *, calc_ipc_server **out);
typedef struct calc_ipc_reply calc_ipc_reply;
typedef void (*calc_ipc_deferred_handler)(calc_ipc_reply *reply, const uint8_t *request, size_t length,
                                          void *user_data);
calc_ipc_status calc_ipc_server_create_deferred(const char *url, calc_ipc_deferred_handler, void *user_data,
                                                const calc_ipc_server_options *, calc_ipc_server **out);
calc_ipc_status calc_ipc_reply_send(calc_ipc_reply *, const uint8_t *answer, size_t length);
calc_ipc_status calc_ipc_reply_send_response(calc_ipc_reply *, const calc_ipc_response *);
void calc_ipc_reply_fail(calc_ipc_reply *, const char *text);
calc_ipc_status calc_ipc_reply_check(const calc_ipc_reply *);
calc_ipc_status calc_ipc_server_run(const calc_ipc_server *);
calc_ipc_status calc_ipc_server_start(const calc_ipc_server *);
calc_ipc_status calc_ipc_server_stop(const calc_ipc_server *);
void calc_ipc_server_request_stop(const calc_ipc_server *);
void calc_ipc_server_destroy(calc_ipc_server *);
const char *calc_ipc_server_url(const calc_ipc_server *);
calc_ipc_status calc_ipc_server_stats(const calc_ipc_server *, calc_ipc_stats *out);
calc_ipc_status calc_ipc_server_fd(const calc_ipc_server *, int *fd);
calc_ipc_status calc_ipc_server_wait_handle(const calc_ipc_server *, void **handle);
calc_ipc_status calc_ipc_server_dispatch(const calc_ipc_server *, uint32_t timeout_ms);

calc_ipc_status calc_ipc_client_create(const char *url, const calc_ipc_client_options *, calc_ipc_client **out);
calc_ipc_status calc_ipc_client_call(const calc_ipc_client *, const calc_ipc_request *, calc_ipc_response *);
calc_ipc_status calc_ipc_client_call_many(const calc_ipc_client *, const calc_ipc_request *requests, size_t count,
                                          calc_ipc_response *responses, size_t *completed);
calc_ipc_status calc_ipc_client_call_bytes(const calc_ipc_client *, const uint8_t *request, size_t length,
                                           uint8_t *response, size_t capacity, size_t *response_length);
void calc_ipc_client_destroy(calc_ipc_client *);

/* What programs do with it; no line may warn. */
int use(struct calc_ipc_uds_server *server, const struct calc_ipc_uds_client *client);
int use(struct calc_ipc_uds_server *server, const struct calc_ipc_uds_client *client) {
    struct calc_ipc_request request = {CALC_IPC_OPERATION_ADD, 10, 20};
    struct calc_ipc_response response;
    struct calc_ipc_client_options options;
    calc_ipc_client_options_init(&options, sizeof options);
    options.server_uid = CALC_IPC_SERVER_UID_ANY;
    request.operation = CALC_IPC_OPERATION_DIV;
    calc_ipc_status status = calc_ipc_uds_client_call(client, &request, &response);
    if (status != CALC_IPC_STATUS_OK || !response.success || response.error[0] != '\0') {
        return -1;
    }
    calc_ipc_uds_server_stop(server); /* its status is nobody's concern here */
    (void)calc_ipc_uds_server_stop(server);
    calc_ipc_uds_server_destroy(server);
    return options.server_uid == CALC_IPC_SERVER_UID_OWN ? 1 : 0;
}

#ifdef __cplusplus
}
#endif
