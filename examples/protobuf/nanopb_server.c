/* The same server as server.cpp, by nanopb: every message has its place on the stack, and no call needs a heap.
 *
 *     calc_nanopb_server unix:///run/measurements
 *     calc_nanopb_server shm://measurements
 *     calc_nanopb_server                           (standard input and output: what exec:// executes)
 */
#include "measurements.pb.h"

#include <calc_ipc.h>
#include <pb_decode.h>
#include <pb_encode.h>

#include <signal.h>
#include <stdio.h>
#include <string.h>

/* No message of ours is longer, and none that is gets past the library: the caller is told TOO_LARGE. */
#define LONGEST_MESSAGE 1024
_Static_assert(LONGEST_MESSAGE >= measurements_v1_SummariseRequest_size &&
                   LONGEST_MESSAGE >= measurements_v1_SummariseResponse_size,
               "every message of measurements.options fits");

/* A length of over `capacity` says that the handler failed. */
static const size_t FAILED = SIZE_MAX;

static void summarise(const measurements_v1_SummariseRequest *request, measurements_v1_SummariseResponse *response) {
    memcpy(response->sensor, request->sensor, sizeof response->sensor);
    if (request->values_count == 0) {
        response->which_outcome = measurements_v1_SummariseResponse_error_tag;
        strcpy(response->outcome.error, "no values"); /* an answer: the call succeeded */
        return;
    }
    response->which_outcome = measurements_v1_SummariseResponse_summary_tag;
    measurements_v1_Summary *summary = &response->outcome.summary;
    double sum = 0;
    summary->count = request->values_count;
    summary->least = summary->greatest = request->values[0];
    for (pb_size_t i = 0; i < request->values_count; ++i) {
        const double value = request->values[i];
        summary->least = value < summary->least ? value : summary->least;
        summary->greatest = value > summary->greatest ? value : summary->greatest;
        sum += value;
    }
    summary->mean = sum / request->values_count;
}

static size_t handle(const uint8_t *request, size_t length, uint8_t *response, size_t capacity, void *user_data) {
    (void)user_data;
    measurements_v1_SummariseRequest asked = measurements_v1_SummariseRequest_init_zero;
    measurements_v1_SummariseResponse answer = measurements_v1_SummariseResponse_init_zero;
    pb_istream_t in = pb_istream_from_buffer(request, length);
    if (!pb_decode(&in, measurements_v1_SummariseRequest_fields, &asked)) {
        calc_ipc_current_failure(PB_GET_ERROR(&in));
        return FAILED;
    }
    summarise(&asked, &answer);
    pb_ostream_t out = pb_ostream_from_buffer(response, capacity);
    if (!pb_encode(&out, measurements_v1_SummariseResponse_fields, &answer)) {
        calc_ipc_current_failure(PB_GET_ERROR(&out));
        return FAILED;
    }
    return out.bytes_written;
}

/* Why a request had no answer: the client is told no more than that its request failed, or was too large. */
static void tell(const calc_ipc_event *event, void *observer_data) {
    (void)observer_data;
    if (event->status != CALC_IPC_STATUS_OK) {
        fprintf(stderr, "%s\n", event->text);
    }
}

/* For the signal handler, from which calc_ipc_server_request_stop() may be called. */
static calc_ipc_server *server = NULL;

static void on_signal(int number) {
    (void)number;
    calc_ipc_server_request_stop(server);
}

int main(int argc, char **argv) {
    calc_ipc_server_options options;
    calc_ipc_server_options_init(&options, sizeof options);
    options.max_message = LONGEST_MESSAGE;
    options.observer = tell;
    calc_ipc_status status =
        calc_ipc_server_create_bytes(argc > 1 ? argv[1] : "stdio:", handle, NULL, &options, &server);
    if (status == CALC_IPC_STATUS_OK) {
        signal(SIGINT, on_signal);
        signal(SIGTERM, on_signal);
        if (argc > 1) {
            printf("serving %s\n", calc_ipc_server_url(server)); /* with the real port, if it was 0 */
            fflush(stdout);
        }
        status = calc_ipc_server_run(server);
        signal(SIGINT, SIG_IGN); /* a second one must not find a server that is freed */
        signal(SIGTERM, SIG_IGN);
    }
    if (status != CALC_IPC_STATUS_OK) {
        fprintf(stderr, "%s\n", calc_ipc_last_error());
    }
    calc_ipc_server_destroy(server);
    return status == CALC_IPC_STATUS_OK ? 0 : 1;
}
