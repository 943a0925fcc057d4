/* Texts in capitals by ZeroMQ: REQ and REP.
 *
 *     before_zeromq serve ipc:///tmp/upper.ipc
 *     before_zeromq ask ipc:///tmp/upper.ipc hello
 */
#include <zmq.h>

#include <ctype.h>
#include <stdio.h>
#include <string.h>

enum { LONGEST = 65536 };

static int serve(void *context, const char *url) {
    void *socket = zmq_socket(context, ZMQ_REP);
    int result = zmq_bind(socket, url);
    while (result == 0) {
        char text[LONGEST];
        const int length = zmq_recv(socket, text, sizeof text, 0); /* a longer message is cut */
        for (int i = 0; i < length && i < LONGEST; ++i) {
            text[i] = (char)toupper((unsigned char)text[i]);
        }
        result = length < 0 || zmq_send(socket, text, (size_t)length, 0) < 0 ? -1 : 0;
    }
    zmq_close(socket);
    return result;
}

static int ask(void *context, const char *url, const char *text) {
    void *socket = zmq_socket(context, ZMQ_REQ);
    const int patience = 30000; /* by default it waits for ever */
    const int none = 0;
    char answer[LONGEST];
    int length = -1;
    zmq_setsockopt(socket, ZMQ_RCVTIMEO, &patience, sizeof patience);
    zmq_setsockopt(socket, ZMQ_LINGER, &none, sizeof none); /* by default, ending waits until the request is sent */
    if (zmq_connect(socket, url) == 0 && zmq_send(socket, text, strlen(text), 0) >= 0) {
        length = zmq_recv(socket, answer, sizeof answer, 0);
    }
    if (length >= 0) {
        printf("%.*s\n", length, answer);
    }
    zmq_close(socket);
    return length < 0 ? -1 : 0;
}

int main(int argc, char **argv) {
    void *context = zmq_ctx_new();
    int result = -1;
    if (argc == 3 && strcmp(argv[1], "serve") == 0) {
        result = serve(context, argv[2]);
    } else if (argc == 4 && strcmp(argv[1], "ask") == 0) {
        result = ask(context, argv[2], argv[3]);
    }
    if (result != 0) {
        fprintf(stderr, "%s\n", zmq_strerror(zmq_errno()));
    }
    zmq_ctx_term(context);
    return result != 0;
}
