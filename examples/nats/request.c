/* Sends each line that it reads to a subject of NATS, and prints what a worker of that subject answers.
 *
 *     echo "ADD 10 20" | calc_nats_request nats://broker:4222 calculator 1000        ("OK 30", within 1000 ms)
 */
#include <nats/nats.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LONGEST_LINE 65536

static natsStatus connect_broker(const char *url, natsConnection **connection) {
    natsOptions *options = NULL;
    natsStatus status = natsOptions_Create(&options);
    status = status == NATS_OK ? natsOptions_SetURL(options, url) : status;
    /* When the broker is lost, its answers are. */
    status = status == NATS_OK ? natsOptions_SetFailRequestsOnDisconnect(options, true) : status;
    status = status == NATS_OK ? natsConnection_Connect(connection, options) : status;
    natsOptions_Destroy(options);
    return status;
}

/* What became of a request that no worker answered, and whether one may have executed it. */
static void explain(natsStatus status, const char *timeout_ms) {
    switch (status) {
    case NATS_NO_RESPONDERS:
        fprintf(stderr, "no worker is there (executed: no)\n");
        break;
    case NATS_TIMEOUT:
        fprintf(stderr, "no answer within %s ms (executed: maybe)\n", timeout_ms);
        break;
    case NATS_CONNECTION_DISCONNECTED:
        fprintf(stderr, "the broker was lost (executed: maybe)\n");
        break;
    default:
        fprintf(stderr, "%s (executed: maybe)\n", natsStatus_GetText(status));
    }
}

/* The answer, or why the worker has none; whether it has. */
static bool print(natsMsg *answer) {
    const char *status = NULL;
    const char *error = "";
    const char *executed = "maybe";
    if (natsMsgHeader_Get(answer, "calc-ipc-status", &status) == NATS_OK) {
        natsMsgHeader_Get(answer, "calc-ipc-error", &error);
        natsMsgHeader_Get(answer, "calc-ipc-executed", &executed);
        fprintf(stderr, "%s: %s (executed: %s)\n", status, error, executed);
        return false;
    }
    fwrite(natsMsg_GetData(answer), 1, (size_t)natsMsg_GetDataLength(answer), stdout);
    putchar('\n');
    fflush(stdout);
    return true;
}

/* Whether there was an answer. The worker is told how long it is waited for. */
static bool ask(natsConnection *connection, const char *subject, const char *timeout_ms, const char *message) {
    natsMsg *request = NULL;
    natsMsg *answer = NULL;
    natsStatus status = natsMsg_Create(&request, subject, NULL, message, (int)strlen(message));
    status = status == NATS_OK ? natsMsgHeader_Set(request, "calc-ipc-timeout-ms", timeout_ms) : status;
    status = status == NATS_OK ? natsConnection_RequestMsg(&answer, connection, request, strtol(timeout_ms, NULL, 10))
                               : status;
    natsMsg_Destroy(request);
    if (status != NATS_OK) {
        explain(status, timeout_ms);
        return false;
    }
    const bool is_answered = print(answer);
    natsMsg_Destroy(answer);
    return is_answered;
}

int main(int argc, char **argv) {
    static char line[LONGEST_LINE];
    if (argc != 4 || strtol(argv[3], NULL, 10) <= 0) {
        fprintf(stderr, "usage: %s NATS-URL SUBJECT MILLISECONDS, and messages to read, one a line\n", argv[0]);
        return 2;
    }
    natsConnection *connection = NULL;
    const natsStatus status = connect_broker(argv[1], &connection);
    if (status != NATS_OK) {
        fprintf(stderr, "%s: %s\n", argv[1], natsStatus_GetText(status));
        return 1;
    }
    bool are_answered = true;
    while (fgets(line, sizeof line, stdin) != NULL) {
        const size_t length = strcspn(line, "\n");
        if (length == sizeof line - 1) { /* the rest of it would go as a message of its own */
            fprintf(stderr, "a line is longer than %zu bytes\n", sizeof line - 2);
            are_answered = false;
            break;
        }
        line[length] = '\0';
        are_answered = ask(connection, argv[2], argv[3], line) && are_answered;
    }
    natsConnection_Destroy(connection);
    nats_Close();
    return are_answered ? 0 : 1;
}
