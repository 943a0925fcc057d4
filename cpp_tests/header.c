/* The C header alone, in every version of C and C++ that it promises (header.cpp includes this file). */
#include <calc_ipc.h>
#include <calc_ipc.h> /* twice, for the guard */

#ifdef __cplusplus
#define LAYOUT(condition, name) static_assert(condition, name)
#else
#define LAYOUT(condition, name) _Static_assert(condition, name)
#endif

/* Where a number of 64 bits may begin in a struct: x86 with 32 bits pads nothing before it. */
#if defined(__i386__)
#define NUMBER 4
#else
#define NUMBER 8
#endif

/* The layout is the ABI: written out, so that a change has to be meant. */
LAYOUT(sizeof(calc_ipc_status) == 4, "status");
LAYOUT(sizeof(calc_ipc_request) == NUMBER + 16, "request");
LAYOUT(offsetof(calc_ipc_request, arg1) == NUMBER, "arg1");
LAYOUT(offsetof(calc_ipc_request, arg2) == NUMBER + 8, "arg2");
LAYOUT(sizeof(calc_ipc_response) == NUMBER + 264, "response");
LAYOUT(offsetof(calc_ipc_response, result) == NUMBER, "result");
LAYOUT(offsetof(calc_ipc_response, error) == NUMBER + 8, "error");
LAYOUT(CALC_IPC_ERROR_CAPACITY == 256, "error");
/* No padding, which a caller could not set to 0; the first version ended before in_place. */
LAYOUT(offsetof(calc_ipc_server_options, size) == 0, "size");
LAYOUT(offsetof(calc_ipc_server_options, in_place) == sizeof(size_t) + 8 * 4, "server options, first version");
LAYOUT(offsetof(calc_ipc_server_options, stall_timeout_ms) == sizeof(size_t) + 9 * 4, "stall_timeout_ms");
LAYOUT(sizeof(calc_ipc_server_options) == sizeof(size_t) + 10 * 4 + 2 * sizeof(void *), "server options");
LAYOUT(offsetof(calc_ipc_client_options, size) == 0, "size");
LAYOUT(sizeof(calc_ipc_client_options) == sizeof(size_t) + 6 * 4, "client options, first version");
LAYOUT(CALC_IPC_STATUS_OK == 0 && CALC_IPC_STATUS_HANDLER_FAILED == -18, "statuses");
LAYOUT(CALC_IPC_FRAME_MAX == 4 + 4 + 255, "the longest frame is an ERR with a full text");
LAYOUT(CALC_IPC_VERSION_NUMBER ==
           CALC_IPC_VERSION_MAJOR * 1000000 + CALC_IPC_VERSION_MINOR * 1000 + CALC_IPC_VERSION_PATCH,
       "version");

extern int calc_ipc_header_test_is_no_empty_file;
