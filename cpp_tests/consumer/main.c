#include <calc_ipc.h>

#include <stdio.h>

int main(void) {
    const calc_ipc_request request = {CALC_IPC_OPERATION_ADD, 10, 20};
    calc_ipc_response response;
    calc_ipc_pipe *pipe = NULL;
    if (calc_ipc_version() != CALC_IPC_VERSION_NUMBER ||
        calc_ipc_pipe_create(NULL, NULL, NULL, &pipe) != CALC_IPC_STATUS_OK ||
        calc_ipc_pipe_call(pipe, &request, &response) != CALC_IPC_STATUS_OK) {
        fprintf(stderr, "%s\n", calc_ipc_last_error());
        return 1;
    }
    calc_ipc_pipe_destroy(pipe);
    return response.success && response.result == 30 ? 0 : 1;
}
