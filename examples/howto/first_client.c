#include <calc_ipc.h>
#include <stdio.h>

int main(void) {
    calc_ipc_client *client = NULL;
    calc_ipc_request request = {CALC_IPC_OPERATION_ADD, 10, 20};
    calc_ipc_response response;
    const int works = calc_ipc_client_create("unix:///tmp/first.sock", NULL, &client) == CALC_IPC_STATUS_OK &&
                      calc_ipc_client_call(client, &request, &response) == CALC_IPC_STATUS_OK;
    if (!works) {
        fprintf(stderr, "%s\n", calc_ipc_last_error());
    } else if (response.success) {
        printf("%lld\n", (long long)response.result);
    }
    calc_ipc_client_destroy(client);
    return works ? 0 : 1;
}
