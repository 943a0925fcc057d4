/* A server of the library for the gateway's tests, until SIGTERM.
 *
 *     backend calculator URL [JOURNAL]
 *     backend bytes URL [NAME [MAX_MESSAGE [MAX_CLIENTS]]]
 *
 * The first calculates; where there is a JOURNAL, it takes 2 ms, and writes the first number of each request to it, as
 * 8 bytes. Messages of the second: "echo ..." is answered by itself, "who" by NAME, "fill N" by N bytes; "hang" is
 * never answered; "ADD ..." is answered by what is no response of a calculator; whatever else fails. "asked" is printed
 * before a handler hangs.
 */
#include <calc_ipc.h>

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static calc_ipc_server *server = NULL;

static void on_signal(int number) {
    (void)number;
    calc_ipc_server_request_stop(server);
}

/* What is in a file outlives this process, however it ends. */
static void note(int journal, int64_t number) {
    if (journal >= 0 && write(journal, &number, sizeof number) != (ssize_t)sizeof number) {
        abort();
    }
}

/* So that there is time to be killed in, before a request is executed and before its answer is sent. */
static void linger(void) {
    const struct timespec millisecond = {.tv_nsec = 1000000};
    nanosleep(&millisecond, NULL);
}

static void calculate(const calc_ipc_request *request, calc_ipc_response *response, void *user_data) {
    const int journal = *(const int *)user_data;
    if (journal >= 0) {
        linger();
        note(journal, request->arg1);
        linger();
    }
    calc_ipc_execute(request, response);
}

static int begins(const char *text, size_t length, const char *word) {
    return length >= strlen(word) && memcmp(text, word, strlen(word)) == 0;
}

static size_t give(const void *answer, size_t length, uint8_t *room, size_t capacity) {
    if (length > capacity) {
        return SIZE_MAX;
    }
    memcpy(room, answer, length);
    return length;
}

static size_t fill(const char *text, size_t length, uint8_t *room, size_t capacity) {
    char number[16] = {0};
    memcpy(number, text, length < sizeof number ? length : sizeof number - 1);
    const size_t wanted = strtoul(number, NULL, 10);
    if (wanted > capacity) {
        return SIZE_MAX;
    }
    memset(room, 'a', wanted);
    return wanted;
}

static void hang(void) {
    puts("asked");
    fflush(stdout);
    for (;;) {
        pause();
    }
}

static size_t answer(const uint8_t *request, size_t length, uint8_t *room, size_t capacity, void *user_data) {
    const char *text = (const char *)request; /* not NUL-terminated */
    if (begins(text, length, "echo")) {
        return give(request, length, room, capacity);
    }
    if (begins(text, length, "who")) {
        return give(user_data, strlen(user_data), room, capacity);
    }
    if (begins(text, length, "fill ")) {
        return fill(text + 5, length - 5, room, capacity);
    }
    if (begins(text, length, "hang")) {
        hang();
    }
    return begins(text, length, "ADD ") ? give("what?", 5, room, capacity) : SIZE_MAX;
}

static uint32_t number(int argc, char **argv, int at, uint32_t otherwise) {
    return argc > at ? (uint32_t)strtoul(argv[at], NULL, 10) : otherwise;
}

static calc_ipc_status create(int argc, char **argv) {
    static int journal = -1;
    static char nameless[] = "nameless";
    if (strcmp(argv[1], "calculator") == 0) {
        if (argc > 3) {
            journal = open(argv[3], O_WRONLY | O_APPEND | O_CREAT, 0600);
        }
        return calc_ipc_server_create(argv[2], calculate, &journal, NULL, &server);
    }
    calc_ipc_server_options options;
    calc_ipc_server_options_init(&options, sizeof options);
    options.max_message = number(argc, argv, 4, options.max_message);
    options.max_clients = number(argc, argv, 5, options.max_clients);
    return calc_ipc_server_create_bytes(argv[2], answer, argc > 3 ? argv[3] : nameless, &options, &server);
}

int main(int argc, char **argv) {
    if (argc < 3) {
        fputs("backend calculator URL [JOURNAL]\n"
              "backend bytes URL [NAME [MAX_MESSAGE [MAX_CLIENTS]]]\n",
              stderr);
        return 2;
    }
    calc_ipc_status status = create(argc, argv);
    if (status == CALC_IPC_STATUS_OK) {
        signal(SIGTERM, on_signal);
        printf("serving %s\n", calc_ipc_server_url(server));
        fflush(stdout);
        status = calc_ipc_server_run(server);
    }
    if (status != CALC_IPC_STATUS_OK) {
        fprintf(stderr, "%s\n", calc_ipc_last_error());
    }
    calc_ipc_server_destroy(server);
    return status == CALC_IPC_STATUS_OK ? 0 : 1;
}
