/* Calls in an event loop of Windows: several servers at once, one thread, nobody blocks.
 *
 *     calc_c_windows_event_loop npipe://calc shm://calc tcp://localhost:7000
 *
 * Any loop will do that waits for handles: MsgWaitForMultipleObjects, for one, beside a window's messages.
 */
#include <calc_ipc.h>

#include <inttypes.h>
#include <stdio.h>
#include <windows.h>

enum { SERVERS_MAX = MAXIMUM_WAIT_OBJECTS, CALLS = 4 };

/* Prints one completion; 0 when there is none for now. A call that has no answer counts in `failed`. */
static int take(const calc_ipc_client *client, const char *url, int *failed) {
    uint8_t answer[CALC_IPC_FRAME_MAX]; /* room for any answer to a request */
    calc_ipc_completion done = {.size = sizeof done};
    calc_ipc_response response;
    if (calc_ipc_client_next(client, 0, answer, sizeof answer, &done) != CALC_IPC_STATUS_OK) {
        return 0;
    }
    if (done.status != CALC_IPC_STATUS_OK ||
        calc_ipc_response_parse(answer, (size_t)done.length, &response) != CALC_IPC_STATUS_OK) {
        fprintf(stderr, "%s: call %" PRIu64 ": %s\n", url, done.tag, calc_ipc_last_error());
        ++*failed;
    } else if (response.success) {
        printf("%s: call %" PRIu64 ": %" PRId64 "\n", url, done.tag, response.result);
    } else {
        printf("%s: call %" PRIu64 ": %s\n", url, done.tag, response.error);
    }
    return 1;
}

int main(int argc, char **argv) {
    calc_ipc_client *clients[SERVERS_MAX] = {NULL};
    HANDLE watched[SERVERS_MAX];
    const int count = argc - 1;
    int left = 0;
    int failed = 0;
    int status = count < 1 || count > SERVERS_MAX;
    for (int i = 0; i < count && status == 0; ++i) {
        status |= calc_ipc_client_create(argv[i + 1], NULL, &clients[i]) != CALC_IPC_STATUS_OK ||
                  calc_ipc_client_wait_handle(clients[i], &watched[i]) != CALC_IPC_STATUS_OK;
        for (int64_t tag = 0; tag < CALLS && status == 0; ++tag) {
            const calc_ipc_request request = {.operation = CALC_IPC_OPERATION_MUL, .arg1 = tag, .arg2 = 7};
            status |= calc_ipc_client_submit_request(clients[i], CALC_IPC_TIMEOUT_DEFAULT, &request, (uint64_t)tag,
                                                     NULL) != CALC_IPC_STATUS_OK;
            ++left;
        }
    }
    if (status != 0) {
        fprintf(stderr, "usage: %s URL... (%s)\n", argv[0], calc_ipc_last_error());
    }
    while (status == 0 && left > 0) {
        const DWORD first = WaitForMultipleObjects((DWORD)count, watched, FALSE, INFINITE) - WAIT_OBJECT_0;
        status |= first >= (DWORD)count;
        while (status == 0 && take(clients[first], argv[first + 1], &failed)) {
            --left;
        }
    }
    for (int i = 0; i < count && i < SERVERS_MAX; ++i) {
        calc_ipc_client_destroy(clients[i]);
    }
    return status != 0 || failed != 0;
}
