/* A server of messages of its own: remembers values by name, over whatever transport its URL names, until SIGINT or
 * SIGTERM.
 *
 *     calc_c_bytes_server unix:///run/values
 *     calc_c_bytes_server tcp://localhost:7000
 *     calc_c_bytes_server                         (standard input and output: what exec:// executes)
 *
 * "set NAME VALUE" answers "ok", "get NAME" answers the value, which may be any bytes. Whatever else fails, and the
 * client gets CALC_IPC_STATUS_HANDLER_FAILED. calc_c_any_transport asks it.
 */
#include <calc_ipc.h>

#include <signal.h>
#include <stdio.h>
#include <string.h>

#define VALUES 1000
#define LONGEST_NAME 32
#define LONGEST_VALUE 4000

struct value {
    char name[LONGEST_NAME];
    size_t name_length;
    uint8_t bytes[LONGEST_VALUE];
    size_t length;
};

/* What the handler works on, its user_data. It runs in one thread at a time, so nothing here needs a lock. */
struct values {
    struct value all[VALUES];
    size_t count;
};

static struct value *find(struct values *values, const char *name, size_t length) {
    for (size_t i = 0; i < values->count; ++i) {
        struct value *value = &values->all[i];
        if (value->name_length == length && memcmp(value->name, name, length) == 0) {
            return value;
        }
    }
    return NULL;
}

/* The value of this name, new if there is none yet; NULL if there is no room for it. */
static struct value *find_or_add(struct values *values, const char *name, size_t length) {
    struct value *value = find(values, name, length);
    if (value == NULL && values->count < VALUES && length <= LONGEST_NAME) {
        value = &values->all[values->count++];
        memcpy(value->name, name, length);
        value->name_length = length;
    }
    return value;
}

/* A length of over `capacity` says that the handler failed. */
static const size_t FAILED = SIZE_MAX;

static size_t get(struct values *values, const char *name, size_t length, uint8_t *answer, size_t capacity) {
    const struct value *value = find(values, name, length);
    if (value == NULL || value->length > capacity) {
        return FAILED;
    }
    memcpy(answer, value->bytes, value->length);
    return value->length;
}

static size_t set(struct values *values, const char *name, size_t length, uint8_t *answer, size_t capacity) {
    const char *space = memchr(name, ' ', length);
    if (space == NULL || capacity < 2) {
        return FAILED;
    }
    const size_t name_length = (size_t)(space - name);
    const size_t value_length = length - name_length - 1;
    struct value *value = value_length <= LONGEST_VALUE ? find_or_add(values, name, name_length) : NULL;
    if (value == NULL) {
        return FAILED;
    }
    memcpy(value->bytes, space + 1, value_length);
    value->length = value_length;
    memcpy(answer, "ok", 2);
    return 2;
}

static size_t handle(const uint8_t *request, size_t length, uint8_t *response, size_t capacity, void *user_data) {
    const char *text = (const char *)request; /* not NUL-terminated */
    if (length > 4 && memcmp(text, "get ", 4) == 0) {
        return get(user_data, text + 4, length - 4, response, capacity);
    }
    if (length > 4 && memcmp(text, "set ", 4) == 0) {
        return set(user_data, text + 4, length - 4, response, capacity);
    }
    return FAILED;
}

/* For the signal handler, from which calc_ipc_server_request_stop() may be called. */
static calc_ipc_server *server = NULL;

static void on_signal(int number) {
    (void)number;
    calc_ipc_server_request_stop(server);
}

int main(int argc, char **argv) {
    static struct values values;
    calc_ipc_status status =
        calc_ipc_server_create_bytes(argc > 1 ? argv[1] : "stdio:", handle, &values, NULL, &server);
    if (status == CALC_IPC_STATUS_OK) {
        signal(SIGINT, on_signal);
        signal(SIGTERM, on_signal);
        if (argc > 1) {
            printf("serving %s\n", calc_ipc_server_url(server)); /* with the real port, if it was 0 */
            fflush(stdout);
        }
        status = calc_ipc_server_run(server);
        signal(SIGINT, SIG_IGN); /* a second one must not find a server that is freed */
        signal(SIGTERM, SIG_IGN);
    }
    if (status != CALC_IPC_STATUS_OK) {
        fprintf(stderr, "%s\n", calc_ipc_last_error());
    }
    calc_ipc_server_destroy(server);
    return status == CALC_IPC_STATUS_OK ? 0 : 1;
}
