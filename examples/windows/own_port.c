/* Calls beside the I/O of a program that has a completion port of its own: several servers at once, one thread, nobody
 * blocks.
 *
 *     calc_c_windows_own_port npipe://calc shm://calc tcp://localhost:7000
 *
 * A port takes files and sockets, and no events. So a thread of the system's pool waits for each client's handle, and
 * posts a packet to the port; the program's thread takes it like those of its files. The handle stays signalled while
 * there are completions, so the wait is for one time, and begins again once all were taken.
 */
#include <calc_ipc.h>

#include <inttypes.h>
#include <stdio.h>
#include <windows.h>

enum { SERVERS_MAX = 64, CALLS = 4 };

/* A client that the port hears of. */
typedef struct {
    const char *url;
    calc_ipc_client *client;
    HANDLE event; /* the library's */
    HANDLE wait;  /* the pool's, NULL: none */
    HANDLE port;
} watched;

/* On a thread of the pool: nothing but the packet, whose key says whose it is. */
static void CALLBACK post(void *of, BOOLEAN is_timeout) {
    const watched *who = of;
    (void)is_timeout;
    PostQueuedCompletionStatus(who->port, 0, (ULONG_PTR)who, NULL);
}

static int watch(watched *who) {
    return RegisterWaitForSingleObject(&who->wait, who->event, post, who, INFINITE,
                                       WT_EXECUTEONLYONCE | WT_EXECUTEINWAITTHREAD) != 0;
}

/* Nobody posts any more when it returns, so that what it posts about may go. */
static void unwatch(watched *who) {
    if (who->wait != NULL) {
        UnregisterWaitEx(who->wait, INVALID_HANDLE_VALUE);
        who->wait = NULL;
    }
}

/* Connects, and submits some calls. */
static int start(watched *who) {
    if (calc_ipc_client_create(who->url, NULL, &who->client) != CALC_IPC_STATUS_OK ||
        calc_ipc_client_wait_handle(who->client, &who->event) != CALC_IPC_STATUS_OK) {
        return 0;
    }
    for (int64_t tag = 0; tag < CALLS; ++tag) {
        const calc_ipc_request request = {.operation = CALC_IPC_OPERATION_MUL, .arg1 = tag, .arg2 = 7};
        if (calc_ipc_client_submit_request(who->client, CALC_IPC_TIMEOUT_DEFAULT, &request, (uint64_t)tag, NULL) !=
            CALC_IPC_STATUS_OK) {
            return 0;
        }
    }
    return watch(who);
}

/* Prints one completion; 0 when there is none for now. A call that has no answer counts in `failed`. */
static int take(const watched *who, int *failed) {
    uint8_t answer[CALC_IPC_FRAME_MAX]; /* room for any answer to a request */
    calc_ipc_completion done = {.size = sizeof done};
    calc_ipc_response response;
    if (calc_ipc_client_next(who->client, 0, answer, sizeof answer, &done) != CALC_IPC_STATUS_OK) {
        return 0;
    }
    if (done.status != CALC_IPC_STATUS_OK ||
        calc_ipc_response_parse(answer, (size_t)done.length, &response) != CALC_IPC_STATUS_OK) {
        fprintf(stderr, "%s: call %" PRIu64 ": %s\n", who->url, done.tag, calc_ipc_last_error());
        ++*failed;
    } else if (response.success) {
        printf("%s: call %" PRIu64 ": %" PRId64 "\n", who->url, done.tag, response.result);
    } else {
        printf("%s: call %" PRIu64 ": %s\n", who->url, done.tag, response.error);
    }
    return 1;
}

/* Takes packets until all calls are done; whether each had an answer. */
static int run(HANDLE port, int left) {
    int failed = 0;
    while (left > 0) {
        DWORD count = 0;
        ULONG_PTR key = 0;
        OVERLAPPED *io = NULL;
        const BOOL has_succeeded = GetQueuedCompletionStatus(port, &count, &key, &io, INFINITE);
        if (io != NULL) {
            continue; /* Here the program goes on with its own I/O, or sees that it has failed. */
        }
        if (!has_succeeded) {
            return 0;
        }
        watched *who = (watched *)key;
        unwatch(who);
        while (take(who, &failed)) {
            --left;
        }
        if (!watch(who)) {
            return 0;
        }
    }
    return failed == 0;
}

int main(int argc, char **argv) {
    static watched all[SERVERS_MAX];
    const int count = argc - 1;
    HANDLE port = CreateIoCompletionPort(INVALID_HANDLE_VALUE, NULL, 0, 1);
    int is_well = port != NULL && count > 0 && count <= SERVERS_MAX;
    for (int i = 0; i < count && is_well; ++i) {
        all[i].url = argv[i + 1];
        all[i].port = port;
        is_well = start(&all[i]);
    }
    if (!is_well) {
        fprintf(stderr, "usage: %s URL... (%s)\n", argv[0], calc_ipc_last_error());
    }
    is_well = is_well && run(port, count * CALLS);
    for (int i = 0; i < count && i < SERVERS_MAX; ++i) {
        unwatch(&all[i]);
        calc_ipc_client_destroy(all[i].client);
    }
    if (port != NULL) {
        CloseHandle(port);
    }
    return is_well ? 0 : 1;
}
