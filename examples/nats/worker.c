/* Joins a queue group of NATS, and has each message that the group gives it answered by a server of calc_ipc, until
 * SIGINT or SIGTERM. Then it answers what it was given, and ends. As many as you like may be started, on any machine.
 *
 *     calc_nats_worker nats://broker:4222 calculator workers unix:///run/calc.sock
 *
 * Its answer is the server's. If there is none, it is empty, and its headers say why: calc-ipc-status, the name of a
 * status of calc_ipc.h without CALC_IPC_STATUS_; calc-ipc-executed, whether the request was, which is "no", "maybe" or
 * "yes"; and calc-ipc-error, for people.
 */
#include <calc_ipc.h>
#include <nats/nats.h>

#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* The longest answer: that of the calc_ipc client, by default. NATS takes a MiB. */
#define LONGEST_ANSWER 65536

struct worker {
    calc_ipc_client *server;
    atomic_ulong answered;
    atomic_bool is_closed;
    uint8_t answer[LONGEST_ANSWER]; /* of one message at a time, as the subscription gives them */
};

/* How long the caller waits, as it says, so that a server that hangs keeps no worker for longer. */
static uint32_t timeout_of(natsMsg *message) {
    const char *text = NULL;
    unsigned long timeout_ms = 0;
    if (natsMsgHeader_Get(message, "calc-ipc-timeout-ms", &text) == NATS_OK) {
        timeout_ms = strtoul(text, NULL, 10);
    }
    return timeout_ms > 0 && timeout_ms < CALC_IPC_TIMEOUT_DEFAULT ? (uint32_t)timeout_ms : CALC_IPC_TIMEOUT_DEFAULT;
}

static const char *executed(calc_ipc_status status) {
    if (calc_ipc_last_not_executed()) {
        return "no";
    }
    switch (status) {
    case CALC_IPC_STATUS_HANDLER_FAILED:
    case CALC_IPC_STATUS_TOO_LARGE: /* of the answer, as the next one */
    case CALC_IPC_STATUS_BUFFER_TOO_SMALL:
        return "yes";
    default:
        return "maybe";
    }
}

/* What stands behind CALC_IPC_STATUS_, by the number without its sign. */
static const char *const NAMES[] = {"OK",
                                    "INVALID_ARGUMENT",
                                    "MALFORMED",
                                    "TOO_LARGE",
                                    "BUFFER_TOO_SMALL",
                                    "TIMED_OUT",
                                    "CLOSED",
                                    "PEER_DIED",
                                    "NOT_CONNECTED",
                                    "ADDRESS_IN_USE",
                                    "PERMISSION_DENIED",
                                    "BUSY",
                                    "FORKED",
                                    "STOPPED",
                                    "UNSUPPORTED",
                                    "SYSTEM",
                                    "INTERNAL",
                                    "REFUSED",
                                    "HANDLER_FAILED",
                                    "CANCELLED"};

static const char *name_of(calc_ipc_status status) {
    const bool is_known = status <= 0 && -status < (calc_ipc_status)(sizeof NAMES / sizeof *NAMES);
    return is_known ? NAMES[-status] : "INTERNAL";
}

/* Says why there is no answer. */
static natsStatus explain(natsMsg *answer, calc_ipc_status status) {
    natsStatus set = natsMsgHeader_Set(answer, "calc-ipc-status", name_of(status));
    set = set == NATS_OK ? natsMsgHeader_Set(answer, "calc-ipc-executed", executed(status)) : set;
    return set == NATS_OK ? natsMsgHeader_Set(answer, "calc-ipc-error", calc_ipc_last_error()) : set;
}

static natsStatus reply(natsConnection *connection, const char *to, const struct worker *worker, size_t length,
                        calc_ipc_status status) {
    natsMsg *answer = NULL;
    natsStatus sent = natsMsg_Create(&answer, to, NULL, (const char *)worker->answer, (int)length);
    if (sent == NATS_OK && status != CALC_IPC_STATUS_OK) {
        sent = explain(answer, status);
    }
    sent = sent == NATS_OK ? natsConnection_PublishMsg(connection, answer) : sent;
    natsMsg_Destroy(answer);
    return sent;
}

static void on_message(natsConnection *connection, natsSubscription *subscription, natsMsg *message, void *closure) {
    (void)subscription;
    struct worker *worker = closure;
    size_t length = 0;
    const calc_ipc_status status = calc_ipc_client_call_bytes_within(
        worker->server, timeout_of(message), (const uint8_t *)natsMsg_GetData(message),
        (size_t)natsMsg_GetDataLength(message), worker->answer, sizeof worker->answer, &length);
    const char *to = natsMsg_GetReply(message);
    if (to != NULL) { /* otherwise nobody waits for the answer */
        const natsStatus sent = reply(connection, to, worker, status == CALC_IPC_STATUS_OK ? length : 0, status);
        if (sent != NATS_OK) {
            fprintf(stderr, "no answer could be sent: %s\n", natsStatus_GetText(sent));
        }
    }
    natsMsg_Destroy(message);
    ++worker->answered;
}

static void on_closed(natsConnection *connection, void *closure) {
    (void)connection;
    struct worker *worker = closure;
    worker->is_closed = true;
}

/* A worker that waits for its server's return, but for one that it starts itself. */
static calc_ipc_status connect_server(struct worker *worker, const char *url) {
    calc_ipc_client_options options;
    calc_ipc_client_options_init(&options, sizeof options);
    options.reconnect = strncmp(url, "exec:", 5) != 0;
    return calc_ipc_client_create(url, &options, &worker->server);
}

/* The broker may go and come back: the worker joins again, for ever. */
static natsStatus connect_broker(struct worker *worker, const char *url, natsConnection **connection) {
    natsOptions *options = NULL;
    natsStatus status = natsOptions_Create(&options);
    status = status == NATS_OK ? natsOptions_SetURL(options, url) : status;
    status = status == NATS_OK ? natsOptions_SetMaxReconnect(options, -1) : status;
    status = status == NATS_OK ? natsOptions_SetReconnectWait(options, 200) : status;
    status = status == NATS_OK ? natsOptions_SetClosedCB(options, on_closed, worker) : status;
    status = status == NATS_OK ? natsConnection_Connect(connection, options) : status;
    natsOptions_Destroy(options);
    return status;
}

/* Answers messages in a thread of NATS until a signal comes, and then those that were given before. */
static natsStatus work(struct worker *worker, char **argv, const sigset_t *signals) {
    natsConnection *connection = NULL;
    natsSubscription *subscription = NULL;
    natsStatus status = connect_broker(worker, argv[1], &connection);
    status = status == NATS_OK
                 ? natsConnection_QueueSubscribe(&subscription, connection, argv[2], argv[3], on_message, worker)
                 : status;
    status = status == NATS_OK ? natsConnection_Flush(connection) : status;
    if (status == NATS_OK) {
        printf("serving %s\n", argv[2]);
        fflush(stdout);
        int number = 0;
        sigwait(signals, &number);
        status = natsConnection_Drain(connection);
        while (status == NATS_OK && !worker->is_closed) {
            nanosleep(&(struct timespec){.tv_nsec = 10 * 1000 * 1000}, NULL);
        }
    }
    natsSubscription_Destroy(subscription);
    natsConnection_Destroy(connection);
    return status;
}

int main(int argc, char **argv) {
    static struct worker worker;
    if (argc != 5) {
        fprintf(stderr, "usage: %s NATS-URL SUBJECT QUEUE-GROUP CALC-IPC-URL\n", argv[0]);
        return 2;
    }
    /* Blocked before any thread begins, so that sigwait gets them. */
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGTERM);
    sigprocmask(SIG_BLOCK, &signals, NULL);

    if (connect_server(&worker, argv[4]) != CALC_IPC_STATUS_OK) {
        fprintf(stderr, "%s\n", calc_ipc_last_error());
        return 1;
    }
    const natsStatus status = work(&worker, argv, &signals);
    if (status != NATS_OK) {
        fprintf(stderr, "%s: %s\n", argv[1], natsStatus_GetText(status));
    } else {
        printf("answered %lu\n", worker.answered);
    }
    calc_ipc_client_destroy(worker.server);
    nats_Close();
    return status == NATS_OK ? 0 : 1;
}
