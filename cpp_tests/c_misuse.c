/* What a host may do wrong, or have done to it, over every transport by its URL: absurd sizes, wrong order, tiny
 * stacks, closed standard descriptors, other locales, a lost folder, signals all the time. Each in a child. */
#include "c_folder.h"

#include <locale.h>
#include <pthread.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* The smallest that is promised. */
#ifdef __SANITIZE_ADDRESS__
#define TINY_STACK (512 << 10)
#elif defined(__aarch64__) /* The C library makes none smaller there: PTHREAD_STACK_MIN. */
#define TINY_STACK (128 << 10)
#else
#define TINY_STACK (32 << 10)
#endif

static char folder[80];
static char url[128];
static const char *const SCHEMES[] = {"unix", "seqpacket", "fifo", "shm", "tcp"};
enum { SCHEME_COUNT = 5 };

/* Where a server of the scheme listens in this test. */
static void name_url(const char *scheme) {
    static int serial;
    ++serial;
    if (strcmp(scheme, "shm") == 0) {
        snprintf(url, sizeof url, "shm://calc_ipc-misuse-%d-%d", (int)getpid(), serial);
    } else if (strcmp(scheme, "tcp") == 0) {
        const int pid = (int)getpid();
        snprintf(url, sizeof url, "tcp://127.%d.%d.%d:17399", 201 + serial % 50, pid >> 8 & 255, pid & 255);
    } else {
        snprintf(url, sizeof url, "%s://%s/%d", scheme, folder, serial);
    }
}

static void ask(const calc_ipc_client *client, int64_t number) {
    const calc_ipc_request request = {CALC_IPC_OPERATION_ADD, number, 1};
    calc_ipc_response response;
    CHECK_OK(calc_ipc_client_call(client, &request, &response));
    CHECK(response.success && response.result == number + 1);
}

/* A server that starts, a client that asks so often, and the end of both. */
static void serve_and_ask(int count) {
    calc_ipc_server *server;
    calc_ipc_client *client;
    CHECK_OK(calc_ipc_server_create(url, NULL, NULL, NULL, &server));
    CHECK_OK(calc_ipc_server_start(server));
    CHECK_OK(calc_ipc_client_create(url, NULL, &client));
    for (int i = 0; i < count; ++i) {
        ask(client, i);
    }
    calc_ipc_client_destroy(client);
    CHECK_OK(calc_ipc_server_stop(server));
    calc_ipc_server_destroy(server);
}

static void over_each_transport(int count) {
    for (int i = 0; i < SCHEME_COUNT; ++i) {
        name_url(SCHEMES[i]);
        serve_and_ask(count);
    }
}

static void test_sizes(void) {
    uint8_t buffer[CALC_IPC_FRAME_MAX];
    size_t length = 0;
    const calc_ipc_request request = {CALC_IPC_OPERATION_ADD, INT64_MIN, INT64_MIN};
    calc_ipc_request parsed;
    for (size_t size = 0; size <= sizeof buffer; ++size) {
        const calc_ipc_status status = calc_ipc_request_serialize(&request, buffer, size, &length);
        CHECK(status == (size < 49 ? CALC_IPC_STATUS_BUFFER_TOO_SMALL : CALC_IPC_STATUS_OK));
        CHECK(length == 49);
        CHECK(calc_ipc_request_deserialize(buffer, size, &parsed) == CALC_IPC_STATUS_OK || size != 49);
    }
    CHECK_OK(calc_ipc_request_serialize(&request, buffer, SIZE_MAX, &length)); /* more room than there is is not used */
    union {
        size_t size;
        calc_ipc_server_options server;
        calc_ipc_client_options client;
        unsigned char bytes[4096];
    } options;
    name_url("unix");
    for (size_t size = 0; size <= sizeof options; ++size) {
        calc_ipc_server *server = NULL;
        memset(&options, 0, sizeof options);
        calc_ipc_server_options_init(&options.server, sizeof options.server);
        options.size = size;
        const calc_ipc_status status = calc_ipc_server_create(url, NULL, NULL, &options.server, &server);
        CHECK(status == CALC_IPC_STATUS_OK || status == CALC_IPC_STATUS_INVALID_ARGUMENT);
        CHECK((status == CALC_IPC_STATUS_OK) == (server != NULL));
        CHECK(size != sizeof options.server || status == CALC_IPC_STATUS_OK);
        calc_ipc_server_destroy(server);
    }
    calc_ipc_server *server = NULL;
    calc_ipc_server_options_init(&options.server, sizeof options.server);
    options.size = SIZE_MAX;
    CHECK_STATUS(INVALID_ARGUMENT, calc_ipc_server_create(url, NULL, NULL, &options.server, &server));
}

static void test_order(void) {
    for (int i = 0; i < SCHEME_COUNT; ++i) {
        calc_ipc_server *server;
        calc_ipc_client *client;
        name_url(SCHEMES[i]);
        CHECK_OK(calc_ipc_server_create(url, NULL, NULL, NULL, &server));
        CHECK_OK(calc_ipc_server_stop(server)); /* without start */
        CHECK_STATUS(STOPPED, calc_ipc_server_run(server));
        CHECK_STATUS(STOPPED, calc_ipc_server_start(server));
        CHECK_OK(calc_ipc_server_stop(server));
        calc_ipc_server_destroy(server);
        CHECK_OK(calc_ipc_server_create(url, NULL, NULL, NULL, &server));
        CHECK_OK(calc_ipc_server_start(server));
        CHECK_STATUS(BUSY, calc_ipc_server_start(server));
        CHECK_STATUS(BUSY, calc_ipc_server_run(server));
        CHECK_OK(calc_ipc_client_create(url, NULL, &client));
        ask(client, 1);
        calc_ipc_server_destroy(server); /* without stop, under a client */
        const calc_ipc_request request = {CALC_IPC_OPERATION_ADD, 1, 1};
        calc_ipc_response response;
        CHECK_STATUS(CLOSED, calc_ipc_client_call(client, &request, &response));
        CHECK_STATUS(CLOSED, calc_ipc_client_call(client, &request, &response));
        calc_ipc_client_destroy(client);
    }
}

static void make_and_end_another(const calc_ipc_request *request, calc_ipc_response *response, void *data) {
    (void)data;
    name_url("unix");
    serve_and_ask(10);
    CHECK_OK(calc_ipc_execute(request, response));
}

static void test_reentry(void) {
    for (int i = 0; i < SCHEME_COUNT; ++i) {
        calc_ipc_server *server;
        calc_ipc_client *client;
        char outer[sizeof url];
        name_url(SCHEMES[i]);
        memcpy(outer, url, sizeof outer);
        CHECK_OK(calc_ipc_server_create(outer, make_and_end_another, NULL, NULL, &server));
        CHECK_OK(calc_ipc_server_start(server));
        CHECK_OK(calc_ipc_client_create(outer, NULL, &client));
        ask(client, 41);
        ask(client, 42);
        calc_ipc_client_destroy(client);
        calc_ipc_server_destroy(server);
    }
}

static void *ask_in_thread(void *data) {
    (void)data;
    over_each_transport(20);
    return NULL;
}

/* As the header promises; 20 KiB were enough without optimisation. The library's own threads have the default. */
static void test_tiny_stacks(void) {
    pthread_attr_t attributes;
    pthread_t thread;
    CHECK(pthread_attr_init(&attributes) == 0);
    CHECK(pthread_attr_setstacksize(&attributes, TINY_STACK) == 0);
    CHECK(pthread_create(&thread, &attributes, ask_in_thread, NULL) == 0);
    CHECK(pthread_join(thread, NULL) == 0);
    pthread_attr_destroy(&attributes);
}

static void test_closed_descriptors(void) {
    for (int first = 0; first < 3; ++first) {
        const int kept = dup(2);
        close(first);
        over_each_transport(20);
        CHECK(dup2(kept, first) == first);
        close(kept);
    }
}

static void test_locales(void) {
    static const char *const locales[] = {"de_DE.UTF-8", "tr_TR.UTF-8", "C.UTF-8", "C", ""};
    for (size_t i = 0; i < sizeof locales / sizeof *locales; ++i) {
        if (setlocale(LC_ALL, locales[i]) != NULL) {
            setenv("TZ", "Pacific/Kiritimati", 1);
            tzset();
            over_each_transport(20);
            CHECK(setlocale(LC_ALL, NULL) != NULL);
        }
    }
}

static void test_lost_folder(void) {
    char gone[96];
    snprintf(gone, sizeof gone, "%s/gone", folder);
    CHECK(mkdir(gone, 0700) == 0 && chdir(gone) == 0 && rmdir(gone) == 0);
    over_each_transport(20);
    umask(0777);
    over_each_transport(20);
    umask(0);
    over_each_transport(20);
}

static volatile sig_atomic_t handled;

static void count(int number) {
    (void)number;
    ++handled;
}

/* 10,000 signals a second for the process: whichever thread, and whatever it waits for. */
static void test_signals(void) {
    for (int restart = 0; restart < 2; ++restart) {
        struct sigaction action;
        memset(&action, 0, sizeof action);
        action.sa_handler = count;
        action.sa_flags = restart ? SA_RESTART : 0;
        CHECK(sigaction(SIGALRM, &action, NULL) == 0);
        timer_t timer;
        struct itimerspec often;
        CHECK(timer_create(CLOCK_MONOTONIC, NULL, &timer) == 0);
        often.it_interval.tv_sec = 0;
        often.it_interval.tv_nsec = 100000;
        often.it_value = often.it_interval;
        CHECK(timer_settime(timer, 0, &often, NULL) == 0);
        const sig_atomic_t before = handled;
        do {
            over_each_transport(1000);
        } while (handled < before + 2000);
        CHECK(timer_delete(timer) == 0);
    }
}

/* Runs a test in a child, so that it may spoil what it likes. */
static void run(const char *name, void (*test)(void)) {
    const pid_t child = fork();
    int status = -1;
    if (child == 0) {
        test();
        _exit(0);
    }
    CHECK(child > 0 && waitpid(child, &status, 0) == child);
    if (status != 0) {
        fprintf(stderr, "%s: wait status %#x\n", name, (unsigned)status);
        exit(1);
    }
}

#define RUN(test) run(#test, test)

int main(void) {
    make_folder(folder, sizeof folder);
    RUN(test_sizes);
    RUN(test_order);
    RUN(test_reentry);
    RUN(test_tiny_stacks);
    RUN(test_closed_descriptors);
    RUN(test_locales);
    RUN(test_lost_folder);
    RUN(test_signals);
    CHECK(rmdir(folder) == 0); /* nothing is left in it */
    return 0;
}
