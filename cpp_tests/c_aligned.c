/* A handler and a caller that use structs of vectors where the messages lie, compiled with -O2: the compiler relies on
 * their alignment, and a message that lies otherwise ends the program. Over every transport one at a time, and over one
 * many at once. */
#include "c_folder.h"

#include <stdint.h>
#include <unistd.h>

#include <sys/socket.h>
#include <sys/un.h>

#define UNIX "unix://"
#define MOST 400u

typedef struct {
    _Alignas(CALC_IPC_ALIGNMENT) float v[8];
} vector;
_Static_assert(_Alignof(vector) == CALC_IPC_ALIGNMENT && sizeof(vector) == 32, "as the compiler sees it");

/* Answers each vector with twice it; bytes behind the last whole one with what they are. */
static size_t twice(const uint8_t *request, size_t length, uint8_t *response, size_t capacity, void *user_data) {
    (void)user_data;
    if (length > capacity) {
        return capacity + 1;
    }
    const void *from = request;
    void *to = response;
    const vector *vectors = from;
    vector *results = to;
    const size_t count = length / sizeof(vector);
    for (size_t n = 0; n < count; ++n) {
        for (int i = 0; i < 8; ++i) {
            results[n].v[i] = vectors[n].v[i] * 2.0f;
        }
    }
    memcpy(results + count, vectors + count, length % sizeof(vector));
    return length;
}

static void fill(vector *vectors, size_t count) {
    for (size_t n = 0; n < count; ++n) {
        for (int i = 0; i < 8; ++i) {
            vectors[n].v[i] = (float)n + (float)i;
        }
    }
}

static void check_twice(const vector *results, size_t length) {
    const size_t count = length / sizeof(vector);
    for (size_t n = 0; n < count; ++n) {
        for (int i = 0; i < 8; ++i) {
            CHECK(results[n].v[i] == ((float)n + (float)i) * 2.0f);
        }
    }
}

static vector asked[MOST];
static vector answered[MOST];

static void ask_alone(const char *url) {
    calc_ipc_client *client = NULL;
    CHECK_OK(calc_ipc_client_create(url, NULL, &client));
    fill(asked, MOST);
    const void *from = asked;
    void *to = answered;
    for (size_t length = 0; length <= sizeof asked; length += length < 300 ? 1 : 997) {
        size_t got = 0;
        CHECK_OK(calc_ipc_client_call_bytes(client, from, length, to, sizeof answered, &got));
        CHECK(got == length);
        check_twice(answered, length);
    }
    calc_ipc_client_destroy(client);
}

static void ask_at_once(const char *path) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    CHECK(strlen(path) < sizeof address.sun_path);
    strcpy(address.sun_path, path);
    const int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    CHECK(fd >= 0 && connect(fd, (const struct sockaddr *)&address, sizeof address) == 0);
    /* Lengths of which none leaves the next body where it should lie. */
    uint8_t frames[16384];
    size_t end = 0;
    unsigned count = 0;
    for (uint32_t length = 32; end + 4 + length <= sizeof frames; length += 5, ++count) {
        memcpy(frames + end, &length, 4);
        memcpy(frames + end + 4, asked, length);
        end += 4 + length;
    }
    CHECK_OK(calc_ipc_fd_write_exact(fd, frames, end));
    uint32_t length = 32;
    for (; count > 0; --count, length += 5) {
        uint32_t prefix = 0;
        CHECK_OK(calc_ipc_fd_read_exact(fd, &prefix, 4));
        CHECK(prefix == length);
        CHECK_OK(calc_ipc_fd_read_exact(fd, answered, length));
        check_twice(answered, length);
    }
    close(fd);
}

static void serve_and_ask(const char *url) {
    calc_ipc_server *server = NULL;
    CHECK_OK(calc_ipc_server_create_bytes(url, twice, NULL, NULL, &server));
    CHECK_OK(calc_ipc_server_start(server));
    ask_alone(calc_ipc_server_url(server));
    if (strncmp(url, UNIX, strlen(UNIX)) == 0) {
        ask_at_once(url + strlen(UNIX));
    }
    calc_ipc_server_destroy(server);
}

int main(void) {
    char directory[80];
    make_folder(directory, sizeof directory);
    char url[4][100];
    snprintf(url[0], sizeof url[0], UNIX "%s/address", directory);
    snprintf(url[1], sizeof url[1], "fifo://%s/address", directory);
    snprintf(url[2], sizeof url[2], "shm://%s", strrchr(directory, '/') + 1);
    snprintf(url[3], sizeof url[3], "tcp://127.0.0.1:0");
    for (int n = 0; n < 4; ++n) {
        serve_and_ask(url[n]);
    }
    CHECK(rmdir(directory) == 0);
    return 0;
}
