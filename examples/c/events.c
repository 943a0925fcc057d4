/* Events from a server to its clients: a listener's call is answered when something happens.
 *
 *     calc_c_events serve  unix:///run/news             (until SIGINT or SIGTERM)
 *     calc_c_events listen unix:///run/news 3           (prints the next 3 events; without a number, all)
 *     calc_c_events tell   unix:///run/news "it rains"
 *
 * A listener says which event it saw last, so that none gets lost between two calls. While nothing has happened since,
 * the server keeps its reply, and reads nothing more of that connection.
 */
#include <calc_ipc.h>

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LISTENERS_MAX = 1000, EVENTS_KEPT = 64, LONGEST = 200 };

/* What the handler works on, its user_data. It runs in one thread at a time, so nothing here needs a lock. */
struct news {
    char events[EVENTS_KEPT][LONGEST]; /* "NUMBER TEXT": event n is at n % EVENTS_KEPT; the first is number 1 */
    uint64_t last;
    calc_ipc_reply *waiting[LISTENERS_MAX]; /* one for each connection at most, and some of those that have gone */
    size_t count;
};

/* Answers with an event. If the listener has gone meanwhile, there is nothing to do. */
static void send_event(const struct news *news, calc_ipc_reply *reply, uint64_t number) {
    const char *event = news->events[number % EVENTS_KEPT];
    (void)calc_ipc_reply_send(reply, (const uint8_t *)event, strlen(event));
}

/* Ends the replies to listeners that have gone, so that there is one at most for each connection. */
static void forget_gone(struct news *news) {
    const size_t count = news->count;
    news->count = 0;
    for (size_t i = 0; i < count; ++i) {
        if (calc_ipc_reply_check(news->waiting[i]) == CALC_IPC_STATUS_OK) {
            news->waiting[news->count++] = news->waiting[i];
        } else {
            calc_ipc_reply_fail(news->waiting[i], "the listener has gone");
        }
    }
}

/* The first event after the one that the listener saw, at once or when there is one. */
static void listen_after(struct news *news, calc_ipc_reply *reply, uint64_t seen) {
    const uint64_t oldest = news->last > EVENTS_KEPT ? news->last - EVENTS_KEPT : 0;
    if (seen < news->last) {
        send_event(news, reply, (seen > oldest ? seen : oldest) + 1);
        return;
    }
    if (news->count == LISTENERS_MAX) {
        forget_gone(news);
    }
    news->waiting[news->count++] = reply;
}

static void tell(struct news *news, calc_ipc_reply *reply, const char *text) {
    const uint64_t number = ++news->last;
    snprintf(news->events[number % EVENTS_KEPT], LONGEST, "%" PRIu64 " %s", number, text);
    while (news->count > 0) {
        send_event(news, news->waiting[--news->count], number);
    }
    (void)calc_ipc_reply_send(reply, (const uint8_t *)"told", 4);
}

static void handle(calc_ipc_reply *reply, const uint8_t *request, size_t length, void *user_data) {
    char text[LONGEST + 1] = ""; /* NUL-terminated, which the request is not */
    memcpy(text, request, length < LONGEST ? length : LONGEST);
    if (strncmp(text, "tell ", 5) == 0) {
        tell(user_data, reply, text + 5);
    } else if (strncmp(text, "after ", 6) == 0) {
        listen_after(user_data, reply, strtoull(text + 6, NULL, 10));
    } else {
        calc_ipc_reply_fail(reply, "neither tell nor after");
    }
}

/* For the signal handler, from which calc_ipc_server_request_stop() may be called. */
static calc_ipc_server *server = NULL;

static void on_signal(int number) {
    (void)number;
    calc_ipc_server_request_stop(server);
}

static calc_ipc_status serve(const char *url) {
    static struct news news;
    calc_ipc_server_options options;
    calc_ipc_server_options_init(&options, sizeof options);
    options.max_clients = LISTENERS_MAX;
    calc_ipc_status status = calc_ipc_server_create_deferred(url, handle, &news, &options, &server);
    if (status == CALC_IPC_STATUS_OK) {
        signal(SIGINT, on_signal);
        signal(SIGTERM, on_signal);
        printf("serving %s\n", calc_ipc_server_url(server)); /* with the real port, if it was 0 */
        fflush(stdout);
        status = calc_ipc_server_run(server);
        signal(SIGINT, SIG_IGN); /* a second one must not find a server that is freed */
        signal(SIGTERM, SIG_IGN);
    }
    calc_ipc_server_destroy(server);
    while (news.count > 0) { /* each reply is ended, also after the server */
        calc_ipc_reply_fail(news.waiting[--news.count], "the server has stopped");
    }
    return status;
}

/* Sends a message, waits however long the answer takes, and puts a NUL after it. */
static calc_ipc_status ask(const calc_ipc_client *client, const char *message, char *answer) {
    size_t length = 0;
    const calc_ipc_status status = calc_ipc_client_call_bytes_within(
        client, CALC_IPC_TIMEOUT_NONE, (const uint8_t *)message, strlen(message), (uint8_t *)answer, LONGEST, &length);
    answer[status == CALC_IPC_STATUS_OK ? length : 0] = '\0'; /* after a failure, `length` may be over LONGEST */
    return status;
}

static calc_ipc_status print_events(const calc_ipc_client *client, uint64_t count) {
    char request[LONGEST], event[LONGEST + 1] = "0";
    calc_ipc_status status = CALC_IPC_STATUS_OK;
    while (status == CALC_IPC_STATUS_OK && count-- > 0) {
        snprintf(request, sizeof request, "after %" PRIu64, (uint64_t)strtoull(event, NULL, 10));
        status = ask(client, request, event);
        if (status == CALC_IPC_STATUS_OK) {
            puts(event);
            fflush(stdout);
        }
    }
    return status;
}

static calc_ipc_status tell_server(const calc_ipc_client *client, const char *text) {
    char request[LONGEST], answer[LONGEST + 1];
    snprintf(request, sizeof request, "tell %s", text);
    return ask(client, request, answer);
}

int main(int argc, char **argv) {
    if (argc < 3) {
        fprintf(stderr, "usage: %s serve URL | listen URL [COUNT] | tell URL TEXT\n", argv[0]);
        return 2;
    }
    const char *argument = argc > 3 ? argv[3] : NULL;
    calc_ipc_client *client = NULL;
    calc_ipc_status status;
    if (strcmp(argv[1], "serve") == 0) {
        status = serve(argv[2]);
    } else if ((status = calc_ipc_client_create(argv[2], NULL, &client)) == CALC_IPC_STATUS_OK) {
        status = strcmp(argv[1], "tell") == 0
                     ? tell_server(client, argument != NULL ? argument : "")
                     : print_events(client, argument != NULL ? strtoull(argument, NULL, 10) : UINT64_MAX);
    }
    if (status != CALC_IPC_STATUS_OK) {
        fprintf(stderr, "%s\n", calc_ipc_last_error());
    }
    calc_ipc_client_destroy(client);
    return status == CALC_IPC_STATUS_OK ? 0 : 1;
}
