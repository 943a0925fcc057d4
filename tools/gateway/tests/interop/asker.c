/* A client of the library for the gateway's tests, until its standard input ends.
 *
 *     asker URL
 *
 * Each line asks, and is answered by a line: "OPERATION A B", three numbers, by "result N" or "error TEXT"; "bytes
 * HEX", a message of any kind, by "bytes HEX". A call that fails is "status N".
 */
#include <calc_ipc.h>

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LONGEST 65536

static calc_ipc_client *client = NULL;

static void failed(calc_ipc_status status) {
    fprintf(stderr, "%s\n", calc_ipc_last_error());
    printf("status %d\n", (int)status);
}

static void calculate(const char *line) {
    calc_ipc_request request;
    calc_ipc_response response;
    if (sscanf(line, "%" SCNd32 " %" SCNd64 " %" SCNd64, &request.operation, &request.arg1, &request.arg2) != 3) {
        abort();
    }
    const calc_ipc_status status = calc_ipc_client_call(client, &request, &response);
    if (status != CALC_IPC_STATUS_OK) {
        failed(status);
    } else if (response.success) {
        printf("result %" PRId64 "\n", response.result);
    } else {
        printf("error %s\n", response.error);
    }
}

static unsigned digit(char text) { return (unsigned)(text <= '9' ? text - '0' : text - 'a' + 10); }

/* The bytes that are written so; gives how many. */
static size_t read_hex(const char *text, uint8_t *bytes) {
    size_t length = 0;
    while (length < LONGEST && isxdigit((unsigned char)text[2 * length])) {
        bytes[length] = (uint8_t)(digit(text[2 * length]) << 4 | digit(text[2 * length + 1]));
        ++length;
    }
    return length;
}

static void carry(const char *hex) {
    static uint8_t message[LONGEST];
    static uint8_t answer[LONGEST];
    size_t length = 0;
    const calc_ipc_status status =
        calc_ipc_client_call_bytes(client, message, read_hex(hex, message), answer, sizeof answer, &length);
    if (status != CALC_IPC_STATUS_OK) {
        failed(status);
        return;
    }
    fputs("bytes ", stdout);
    for (size_t i = 0; i < length; ++i) {
        printf("%02x", answer[i]);
    }
    puts("");
}

int main(int argc, char **argv) {
    static char line[2 * LONGEST + 100];
    if (argc != 2) {
        fputs("asker URL\n", stderr);
        return 2;
    }
    if (calc_ipc_client_create(argv[1], NULL, &client) != CALC_IPC_STATUS_OK) {
        fprintf(stderr, "%s\n", calc_ipc_last_error());
        return 1;
    }
    puts("ready");
    fflush(stdout);
    while (fgets(line, sizeof line, stdin) != NULL) {
        if (strncmp(line, "bytes ", 6) == 0) {
            carry(line + 6);
        } else {
            calculate(line);
        }
        fflush(stdout);
    }
    calc_ipc_client_destroy(client);
    return 0;
}
