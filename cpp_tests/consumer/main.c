#include <calc_ipc.h>

#include <stdio.h>

int main(void) {
    const calc_ipc_request request = {CALC_IPC_OPERATION_ADD, 10, 20};
    calc_ipc_response response;
    calc_ipc_server *server = NULL;
    calc_ipc_client *client = NULL;
    if (calc_ipc_version() != CALC_IPC_VERSION_NUMBER ||
        calc_ipc_server_create("tcp://localhost:0", NULL, NULL, NULL, &server) != CALC_IPC_STATUS_OK ||
        calc_ipc_server_start(server) != CALC_IPC_STATUS_OK ||
        calc_ipc_client_create(calc_ipc_server_url(server), NULL, &client) != CALC_IPC_STATUS_OK ||
        calc_ipc_client_call(client, &request, &response) != CALC_IPC_STATUS_OK) {
        fprintf(stderr, "%s\n", calc_ipc_last_error());
        return 1;
    }
    calc_ipc_client_destroy(client);
    calc_ipc_server_destroy(server);
    return response.success && response.result == 30 ? 0 : 1;
}
