/* A large message in C, built where the server reads it, and its answer read where the server wrote it.
 *
 *     calc_howto_large_messages shm://pictures        (both sides in one process, to be tried at once)
 */
#include <calc_ipc.h>

#include <stdio.h>
#include <string.h>

enum { PICTURE = 8 << 20 };

/* Answers a picture with its negative, of the same size. */
static size_t invert(const uint8_t *request, size_t length, uint8_t *response, size_t capacity, void *user_data) {
    (void)user_data;
    if (length > capacity) {
        return SIZE_MAX;
    }
    for (size_t i = 0; i < length; ++i) {
        response[i] = (uint8_t)~request[i];
    }
    return length;
}

/* Both sides say how long their messages may be: 64 KiB is the default, 64 MiB the most. */
static calc_ipc_status serve(const char *url, calc_ipc_server **server) {
    calc_ipc_server_options options;
    calc_ipc_server_options_init(&options, sizeof options);
    options.max_message = PICTURE;
    const calc_ipc_status status = calc_ipc_server_create_bytes(url, invert, NULL, &options, server);
    return status == CALC_IPC_STATUS_OK ? calc_ipc_server_start(*server) : status;
}

static calc_ipc_status connect_to(const char *url, calc_ipc_client **client) {
    calc_ipc_client_options options;
    calc_ipc_client_options_init(&options, sizeof options);
    options.max_message = PICTURE;
    return calc_ipc_client_create(url, &options, client);
}

/* Sends pictures of one colour, all by one loan, and counts the answers that are their negatives. */
static calc_ipc_status send_pictures(const calc_ipc_client *client, uint8_t count, unsigned *right) {
    uint8_t *picture = NULL;
    const uint8_t *negative = NULL;
    size_t length = 0;
    calc_ipc_status status = calc_ipc_client_loan(client, PICTURE, &picture);
    for (uint8_t colour = 0; colour < count && status == CALC_IPC_STATUS_OK; ++colour) {
        memset(picture, colour, PICTURE); /* the camera's work */
        status = calc_ipc_client_call_loaned(client, CALC_IPC_TIMEOUT_DEFAULT, picture, PICTURE, &negative, &length);
        /* What negative points to is there until the next call with this loan. */
        *right += status == CALC_IPC_STATUS_OK && length == PICTURE && negative[0] == 255 - colour &&
                  negative[PICTURE - 1] == 255 - colour;
    }
    calc_ipc_client_give_back(client, picture);
    return status;
}

int main(int argc, char **argv) {
    calc_ipc_server *server = NULL;
    calc_ipc_client *client = NULL;
    unsigned right = 0;
    if (argc != 2 || serve(argv[1], &server) != CALC_IPC_STATUS_OK ||
        connect_to(argv[1], &client) != CALC_IPC_STATUS_OK || send_pictures(client, 20, &right) != CALC_IPC_STATUS_OK) {
        fprintf(stderr, "usage: %s URL (%s)\n", argv[0], calc_ipc_last_error());
    }
    printf("%u pictures of 8 MiB, and their negatives\n", right);
    calc_ipc_client_destroy(client);
    calc_ipc_server_destroy(server);
    return right == 20 ? 0 : 1;
}
