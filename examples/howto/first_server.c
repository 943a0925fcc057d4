#include <calc_ipc.h>
#include <stdio.h>

int main(void) {
    calc_ipc_server *server = NULL;
    /* No handler is the calculator, no options are the defaults. */
    if (calc_ipc_server_create("unix:///tmp/first.sock", NULL, NULL, NULL, &server) != CALC_IPC_STATUS_OK ||
        calc_ipc_server_run(server) != CALC_IPC_STATUS_OK) {
        fprintf(stderr, "%s\n", calc_ipc_last_error());
    }
    calc_ipc_server_destroy(server);
    return 1; /* run ends only by calc_ipc_server_stop(), or as it failed */
}
