/* Checks for the C tests: the first that fails says where, and ends the program. */
#ifndef C_CHECK_H
#define C_CHECK_H

#include <calc_ipc.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CHECK(condition) check((condition), #condition, __FILE__, __LINE__)
#define CHECK_STATUS(name, call) check_status((call), CALC_IPC_STATUS_##name, #call, __FILE__, __LINE__)
#define CHECK_OK(call) CHECK_STATUS(OK, call)

static inline void check(bool holds, const char *what, const char *file, int line) {
    if (!holds) {
        fprintf(stderr, "%s:%d: not so: %s\n", file, line, what);
        exit(1);
    }
}

static inline void check_status(calc_ipc_status status, calc_ipc_status expected, const char *what, const char *file,
                                int line) {
    if (status != expected) {
        fprintf(stderr, "%s:%d: %s\n  gave %d (%s), not %d (%s)\n  last error: %s\n", file, line, what, (int)status,
                calc_ipc_status_message(status), (int)expected, calc_ipc_status_message(expected),
                calc_ipc_last_error());
        exit(1);
    }
}

#endif
