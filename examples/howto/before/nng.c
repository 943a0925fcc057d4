/* Texts in capitals by nng: req and rep.
 *
 *     before_nng serve ipc:///tmp/upper.ipc
 *     before_nng ask ipc:///tmp/upper.ipc hello
 */
#include <nng/nng.h>
#include <nng/protocol/reqrep0/rep.h>
#include <nng/protocol/reqrep0/req.h>

#include <ctype.h>
#include <stdio.h>
#include <string.h>

static int serve(const char *url) {
    nng_socket socket;
    int result = nng_rep0_open(&socket);
    if (result == 0) {
        result = nng_listen(socket, url, NULL, 0);
    }
    while (result == 0) {
        nng_msg *message = NULL;
        result = nng_recvmsg(socket, &message, 0);
        if (result == 0) {
            char *text = nng_msg_body(message);
            for (size_t i = 0; i < nng_msg_len(message); ++i) {
                text[i] = (char)toupper((unsigned char)text[i]);
            }
            result = nng_sendmsg(socket, message, 0);
        }
    }
    return result;
}

static int ask(const char *url, const char *text) {
    nng_socket socket;
    nng_msg *message = NULL;
    int result = nng_req0_open(&socket);
    if (result == 0) {
        nng_socket_set_ms(socket, NNG_OPT_RECVTIMEO, 30000); /* by default it waits for ever */
        result = nng_dial(socket, url, NULL, 0);
    }
    if (result == 0) {
        result = nng_msg_alloc(&message, 0);
    }
    if (result == 0) {
        nng_msg_append(message, text, strlen(text));
        result = nng_sendmsg(socket, message, 0);
    }
    if (result == 0) {
        result = nng_recvmsg(socket, &message, 0);
    }
    if (result == 0) {
        printf("%.*s\n", (int)nng_msg_len(message), (const char *)nng_msg_body(message));
        nng_msg_free(message);
    }
    nng_close(socket);
    return result;
}

int main(int argc, char **argv) {
    int result = NNG_EINVAL;
    if (argc == 3 && strcmp(argv[1], "serve") == 0) {
        result = serve(argv[2]);
    } else if (argc == 4 && strcmp(argv[1], "ask") == 0) {
        result = ask(argv[2], argv[3]);
    }
    if (result != 0) {
        fprintf(stderr, "%s\n", nng_strerror(result));
    }
    return result != 0;
}
