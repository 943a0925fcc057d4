/* A server in a loop of one's own, here epoll: one thread, which wakes only when there is something to do.
 *
 *     calc_howto_epoll_server unix:///run/calc.sock        (until SIGINT or SIGTERM)
 */
#include <calc_ipc.h>

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <unistd.h>

/* Signals come as bytes of a descriptor, so that the loop ends where it waits; -1 if they cannot. */
static int watch_signals(void) {
    sigset_t ends;
    sigemptyset(&ends);
    sigaddset(&ends, SIGINT);
    sigaddset(&ends, SIGTERM);
    return sigprocmask(SIG_BLOCK, &ends, NULL) == 0 ? signalfd(-1, &ends, SFD_CLOEXEC) : -1;
}

static int watch(int loop, int fd) {
    struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};
    return epoll_ctl(loop, EPOLL_CTL_ADD, fd, &event);
}

/* Runs until a signal or a failure; 0 after a signal. */
static int run(int loop, int signals, const calc_ipc_server *server) {
    for (;;) {
        struct epoll_event event;
        const int ready = epoll_wait(loop, &event, 1, -1);
        if (ready < 0 && errno != EINTR) {
            return -1;
        }
        if (ready == 1 && event.data.fd == signals) {
            return 0;
        }
        if (ready == 1) {
            const calc_ipc_status status = calc_ipc_server_dispatch(server, 0); /* one turn: it never waits */
            if (status != CALC_IPC_STATUS_OK && status != CALC_IPC_STATUS_TIMED_OUT) {
                return -1;
            }
        }
    }
}

int main(int argc, char **argv) {
    const int signals = watch_signals();
    const int loop = epoll_create1(EPOLL_CLOEXEC);
    calc_ipc_server *server = NULL;
    int requests = -1;
    int failed = argc != 2 || signals < 0 || loop < 0 ||
                 calc_ipc_server_create(argv[1], NULL, NULL, NULL, &server) != CALC_IPC_STATUS_OK ||
                 calc_ipc_server_fd(server, &requests) != CALC_IPC_STATUS_OK || watch(loop, signals) != 0 ||
                 watch(loop, requests) != 0;
    if (!failed) {
        printf("serving %s\n", calc_ipc_server_url(server));
        fflush(stdout);
        failed = run(loop, signals, server) != 0;
    }
    if (failed) {
        fprintf(stderr, "usage: %s URL (%s)\n", argv[0], calc_ipc_last_error());
    }
    if (requests >= 0) {
        epoll_ctl(loop, EPOLL_CTL_DEL, requests, NULL); /* before destroy, which closes it */
    }
    calc_ipc_server_destroy(server);
    close(loop);
    close(signals);
    return failed;
}
