/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/**
 * @file calc_ipc.h
 * @brief The C interface of calc_ipc 0.1.0.
 *
 * Written by cbindgen from src/ffi.rs: do not edit by hand.
 */

#ifndef CALC_IPC_H
#define CALC_IPC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** Major version of this header. */
#define CALC_IPC_VERSION_MAJOR 0
/** Minor version of this header. */
#define CALC_IPC_VERSION_MINOR 1
/** Patch version of this header. */
#define CALC_IPC_VERSION_PATCH 0
/** All three, as text; calc_ipc_version() is the library's. */
#define CALC_IPC_VERSION_STRING "0.1.0"
/** All three, as major * 1000000 + minor * 1000 + patch. */
#define CALC_IPC_VERSION_NUMBER 1000

/** @cond INTERNAL */
#if defined(__cplusplus) || (defined(__STDC_VERSION__) && __STDC_VERSION__ >= 202311L)
#define CALC_IPC_API [[gnu::visibility("default")]]
#elif defined(__GNUC__)
#define CALC_IPC_API __attribute__((visibility("default")))
#else
#define CALC_IPC_API
#endif

#if (defined(__cplusplus) && __cplusplus >= 201703L) || \
    (defined(__STDC_VERSION__) && __STDC_VERSION__ >= 202311L)
#define CALC_IPC_NODISCARD [[nodiscard]]
#elif defined(__GNUC__)
#define CALC_IPC_NODISCARD __attribute__((warn_unused_result))
#else
#define CALC_IPC_NODISCARD
#endif
/** @endcond */

#endif  /* CALC_IPC_H */
