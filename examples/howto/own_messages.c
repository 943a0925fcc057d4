/* Structs as messages, in C: a server that takes orders, and a client. Both are in one process here, to be tried at
 * once.
 *
 *     calc_howto_own_messages unix:///tmp/orders.sock        (any URL will do, but for exec: and stdio:)
 */
#include "orders.h"

#include <calc_ipc.h>

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* What came may be anything: look at its length, and at each field before it is used. */
static int is_order(const struct order *order, size_t length) {
    return length == sizeof *order && order->version == ORDERS_VERSION && order->count >= 1 && order->count <= 1000 &&
           order->cents >= 0 && order->cents <= 100000000 && memchr(order->name, '\0', sizeof order->name) != NULL;
}

static size_t take_order(const uint8_t *request, size_t length, uint8_t *response, size_t capacity, void *user_data) {
    const struct order *order = (const void *)request; /* aligned for any type up to CALC_IPC_ALIGNMENT */
    struct receipt *receipt = (void *)response;
    uint32_t *last_number = user_data;
    if (!is_order(order, length) || capacity < sizeof *receipt) {
        calc_ipc_current_failure("this is no order"); /* for the server's observer */
        return SIZE_MAX;                              /* for the client, HANDLER_FAILED */
    }
    *receipt = (struct receipt){.cents = order->cents * order->count, .number = ++*last_number};
    return sizeof *receipt;
}

static calc_ipc_status place(const calc_ipc_client *client, const struct order *order, struct receipt *receipt) {
    size_t length = 0;
    const calc_ipc_status status = calc_ipc_client_call_bytes(client, (const uint8_t *)order, sizeof *order,
                                                              (uint8_t *)receipt, sizeof *receipt, &length);
    return status == CALC_IPC_STATUS_OK && length != sizeof *receipt ? CALC_IPC_STATUS_MALFORMED : status;
}

int main(int argc, char **argv) {
    calc_ipc_server *server = NULL;
    calc_ipc_client *client = NULL;
    uint32_t last_number = 0;
    const struct order lamps = {.cents = 1250, .version = ORDERS_VERSION, .count = 3, .name = "lamp"};
    const struct order nothing = {.version = ORDERS_VERSION, .name = "lamp"};
    struct receipt receipt;
    int status = argc != 2 ||
                 calc_ipc_server_create_bytes(argv[1], take_order, &last_number, NULL, &server) != CALC_IPC_STATUS_OK ||
                 calc_ipc_server_start(server) != CALC_IPC_STATUS_OK ||
                 calc_ipc_client_create(calc_ipc_server_url(server), NULL, &client) != CALC_IPC_STATUS_OK ||
                 place(client, &lamps, &receipt) != CALC_IPC_STATUS_OK;
    if (status != 0) {
        fprintf(stderr, "usage: %s URL (%s)\n", argv[0], calc_ipc_last_error());
    } else {
        printf("receipt %" PRIu32 ": %" PRId64 " cents\n", receipt.number, receipt.cents);
        if (place(client, &nothing, &receipt) == CALC_IPC_STATUS_HANDLER_FAILED) {
            printf("an order of nothing is refused\n");
        }
    }
    calc_ipc_client_destroy(client);
    calc_ipc_server_destroy(server);
    return status;
}
