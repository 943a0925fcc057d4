/* One program, unchanged over every transport: only the string that names the server differs.
 *
 *     c_url serve URL      answers until SIGTERM, on Windows while its input lasts; says first where, on standard error
 *     c_url ask URL        arithmetic, a batch, and messages of up to 1 MiB; prints what it got
 *     c_url over URL FILE  serves there (exec: is served already), and executes itself to ask; fails unless that
 *                          prints what FILE says
 *     c_url                is "c_url serve stdio:", what exec: executes
 *
 * c_url.sh compares what two programs print over each. */
#include "c_check.h"

#include <inttypes.h>
#if defined(_WIN32)
#define popen _popen
#define pclose _pclose
/* The command interpreter takes the outermost quotes off. */
#define ASK "\"\"%s\" ask \"%s\"\""
#else
#include <signal.h>
#define ASK "'%s' ask '%s'"
#endif

#define LONGEST (1u << 20)
#define BATCH 5000

/* Answers a body that is a request with the body of its response. Gives 0 for any other. */
static size_t calculate(const uint8_t *body, size_t length, uint8_t *answer) {
    uint8_t frame[CALC_IPC_FRAME_MAX];
    calc_ipc_request request;
    calc_ipc_response response;
    if (length + 4 > sizeof frame) {
        return 0;
    }
    const uint8_t prefix[4] = {(uint8_t)length, (uint8_t)(length >> 8), 0, 0};
    memcpy(frame, prefix, 4);
    memcpy(frame + 4, body, length);
    if (calc_ipc_request_deserialize(frame, length + 4, &request) != CALC_IPC_STATUS_OK) {
        return 0;
    }
    size_t framed = 0;
    CHECK_OK(calc_ipc_execute(&request, &response));
    CHECK_OK(calc_ipc_response_serialize(&response, frame, sizeof frame, &framed));
    memcpy(answer, frame + 4, framed - 4);
    return framed - 4;
}

/* Calculates, since a body that is a request is one; returns other bodies in reverse. */
static size_t serve_one(const uint8_t *request, size_t length, uint8_t *response, size_t capacity, void *user_data) {
    (void)user_data;
    CHECK(request != NULL && response != NULL && capacity == LONGEST);
    const size_t answered = calculate(request, length, response);
    if (answered != 0) {
        return answered;
    }
    for (size_t i = 0; i < length; ++i) {
        response[i] = request[length - 1 - i];
    }
    return length;
}

static calc_ipc_server *server = NULL;

#if defined(_WIN32)
/* What a program of Windows is told by when it has to end: it has no SIGTERM. */
static void serve_until_told(bool is_over_input) {
    if (is_over_input) {
        CHECK_OK(calc_ipc_server_run(server));
        return;
    }
    CHECK_OK(calc_ipc_server_start(server));
    while (getchar() != EOF) {
    }
    CHECK_OK(calc_ipc_server_stop(server));
}
#else
static void on_signal(int number) {
    (void)number;
    calc_ipc_server_request_stop(server);
}

static void serve_until_told(bool is_over_input) {
    (void)is_over_input;
    signal(SIGTERM, on_signal);
    CHECK_OK(calc_ipc_server_run(server));
}
#endif

static void create_server(const char *url) {
    calc_ipc_server_options options;
    calc_ipc_server_options_init(&options, sizeof options);
    options.max_message = LONGEST;
    CHECK_OK(calc_ipc_server_create_bytes(url, serve_one, NULL, &options, &server));
}

static int serve(const char *url) {
    create_server(url);
    fprintf(stderr, "%s\n", calc_ipc_server_url(server));
    serve_until_told(strcmp(url, "stdio:") == 0);
    calc_ipc_server_destroy(server);
    return 0;
}

static void ask_numbers(const calc_ipc_client *client) {
    static const calc_ipc_request REQUESTS[] = {
        {CALC_IPC_OPERATION_ADD, 10, 20},           {CALC_IPC_OPERATION_SUB, 50, 30}, {CALC_IPC_OPERATION_MUL, 7, 8},
        {CALC_IPC_OPERATION_MUL, 1000000, 1000000}, {CALC_IPC_OPERATION_DIV, 100, 4}, {CALC_IPC_OPERATION_DIV, 10, 0},
        {CALC_IPC_OPERATION_ADD, INT64_MAX, 1},
    };
    for (size_t i = 0; i < sizeof REQUESTS / sizeof REQUESTS[0]; ++i) {
        calc_ipc_response response;
        CHECK_OK(calc_ipc_client_call(client, &REQUESTS[i], &response));
        printf("%s %" PRId64 " %" PRId64 ": ", calc_ipc_operation_name(REQUESTS[i].operation), REQUESTS[i].arg1,
               REQUESTS[i].arg2);
        if (response.success) {
            printf("%" PRId64 "\n", response.result);
        } else {
            printf("%s\n", response.error);
        }
    }
}

static void ask_batch(const calc_ipc_client *client) {
    static calc_ipc_request requests[BATCH];
    static calc_ipc_response responses[BATCH];
    for (int64_t i = 0; i < BATCH; ++i) {
        requests[i] = (calc_ipc_request){CALC_IPC_OPERATION_MUL, i, i};
    }
    size_t completed = 0;
    CHECK_OK(calc_ipc_client_call_many(client, requests, BATCH, responses, &completed));
    int64_t sum = 0;
    for (size_t i = 0; i < completed; ++i) {
        CHECK(responses[i].success && responses[i].result == (int64_t)(i * i));
        sum += responses[i].result;
    }
    printf("%zu squares: %" PRId64 "\n", completed, sum);
}

/* FNV-1a: http://www.isthe.com/chongo/tech/comp/fnv/ */
static uint64_t fingerprint(const uint8_t *bytes, size_t length) {
    uint64_t hash = 0xCBF29CE484222325u;
    for (size_t i = 0; i < length; ++i) {
        hash = (hash ^ bytes[i]) * 0x100000001B3u;
    }
    return hash;
}

static void ask_bytes(const calc_ipc_client *client) {
    static const size_t LENGTHS[] = {0, 1, 4096, 65536, 65537, LONGEST};
    static uint8_t message[LONGEST + 1];
    static uint8_t answer[LONGEST];
    for (size_t i = 0; i < sizeof message; ++i) {
        message[i] = (uint8_t)(i * 7 % 251);
    }
    size_t length = 0;
    for (size_t i = 0; i < sizeof LENGTHS / sizeof LENGTHS[0]; ++i) {
        CHECK_OK(calc_ipc_client_call_bytes(client, message, LENGTHS[i], answer, sizeof answer, &length));
        CHECK(length == LENGTHS[i]);
        printf("%zu bytes: %016" PRIx64 "\n", length, fingerprint(answer, length));
    }
    CHECK_STATUS(BUFFER_TOO_SMALL, calc_ipc_client_call_bytes(client, message, 100, answer, 99, &length));
    printf("no room for %zu bytes\n", length);
    CHECK(!calc_ipc_last_not_executed()); /* There was an answer. */
    CHECK_STATUS(TOO_LARGE, calc_ipc_client_call_bytes(client, message, LONGEST + 1, answer, sizeof answer, &length));
    CHECK(calc_ipc_last_not_executed()); /* Nothing was sent. */
    CHECK_OK(calc_ipc_client_call_bytes(client, NULL, 0, NULL, 0, &length));
    printf("and nothing: %zu bytes\n", length);
    CHECK(calc_ipc_last_not_executed()); /* A success leaves it as it was. */
}

static int ask(const char *url) {
    calc_ipc_client_options options;
    calc_ipc_client_options_init(&options, sizeof options);
    options.max_message = LONGEST;
    calc_ipc_client *client = NULL;
    CHECK_OK(calc_ipc_client_create(url, &options, &client));
    ask_numbers(client);
    ask_batch(client);
    ask_bytes(client);
    calc_ipc_client_destroy(client);
    return 0;
}

/* Whether both say the same; says where they differ. */
static int compare(FILE *printed, FILE *expected) {
    char got[256] = "", wanted[256] = "";
    for (int line = 1;; ++line) {
        const bool has_got = fgets(got, sizeof got, printed) != NULL;
        const bool has_wanted = fgets(wanted, sizeof wanted, expected) != NULL;
        got[strcspn(got, "\r\n")] = '\0';
        wanted[strcspn(wanted, "\r\n")] = '\0';
        if (!has_got && !has_wanted) {
            return 1;
        }
        if (has_got != has_wanted || strcmp(got, wanted) != 0) {
            fprintf(stderr, "line %d: '%s' instead of '%s'\n", line, has_got ? got : "", has_wanted ? wanted : "");
            return 0;
        }
    }
}

static int over(const char *program, const char *url, const char *path) {
    const bool is_served = strncmp(url, "exec:", 5) == 0;
    if (!is_served) {
        create_server(url);
        CHECK_OK(calc_ipc_server_start(server));
        url = calc_ipc_server_url(server);
    }
    char command[1024];
    const int length = snprintf(command, sizeof command, ASK, program, url);
    CHECK(length > 0 && (size_t)length < sizeof command);
    FILE *expected = fopen(path, "r");
    FILE *printed = popen(command, "r");
    CHECK(expected != NULL && printed != NULL);
    const int is_same = compare(printed, expected);
    fclose(expected);
    CHECK(pclose(printed) == 0);
    if (!is_served) {
        CHECK_OK(calc_ipc_server_stop(server));
    }
    calc_ipc_server_destroy(server);
    if (!is_same) {
        return 1;
    }
    puts("passed"); /* which run.cmd looks for */
    return 0;
}

int main(int argc, char **argv) {
    if (argc == 4 && strcmp(argv[1], "over") == 0) {
        return over(argv[0], argv[2], argv[3]);
    }
    if (argc == 3 && strcmp(argv[1], "ask") == 0) {
        return ask(argv[2]);
    }
    return serve(argc == 3 && strcmp(argv[1], "serve") == 0 ? argv[2] : "stdio:");
}
