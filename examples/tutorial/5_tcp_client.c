/* Step 5: a client in C; the server is in C++ and does not notice. */
#include <calc_ipc.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv) {
    const long port = argc == 2 ? strtol(argv[1], NULL, 10) : 0;
    if (port < 1 || port > UINT16_MAX) {
        fprintf(stderr, "usage: %s PORT\n", argv[0]);
        return 2;
    }
    calc_ipc_tcp_client *client = NULL;
    const calc_ipc_request request = {CALC_IPC_OPERATION_DIV, 100, 4};
    calc_ipc_response response;
    calc_ipc_status status = calc_ipc_tcp_client_create("localhost", (uint16_t)port, NULL, &client);
    if (status == CALC_IPC_STATUS_OK) {
        status = calc_ipc_tcp_client_call(client, &request, &response);
    }
    if (status != CALC_IPC_STATUS_OK) {
        fprintf(stderr, "%s\n", calc_ipc_last_error());
    } else if (response.success) {
        printf("%" PRId64 "\n", response.result);
    } else {
        printf("error: %s\n", response.error);
    }
    calc_ipc_tcp_client_destroy(client); /* NULL is fine */
    return status == CALC_IPC_STATUS_OK ? 0 : 1;
}
