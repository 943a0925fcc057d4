/* A folder for a test's files, in TMPDIR. */
#ifndef C_FOLDER_H
#define C_FOLDER_H

#include "c_check.h"

/* Makes one with a name that nobody else has, and writes its path. The test removes it. */
static inline void make_folder(char *path, size_t size) {
    const char *parent = getenv("TMPDIR");
    const int length = snprintf(path, size, "%s/calc_ipc_test.XXXXXX", parent != NULL ? parent : "/tmp");
    CHECK(length > 0 && (size_t)length < size);
    CHECK(mkdtemp(path) != NULL);
}

#endif
