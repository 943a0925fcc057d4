/* What client and server agree on: the structs that travel, in C and C++. */
#ifndef ORDERS_H
#define ORDERS_H

#include <stdint.h>

enum { ORDERS_VERSION = 1, ORDERS_NAME = 24 };

/* Fields of fixed size, the largest first, so that no padding carries bytes of this process along. */
struct order {
    int64_t cents;          /* the price of one */
    uint32_t version;       /* ORDERS_VERSION: a server refuses what it does not know */
    uint32_t count;         /* how many */
    char name[ORDERS_NAME]; /* ends with a NUL */
};

struct receipt {
    int64_t cents;
    uint32_t number;
    uint32_t reserved; /* 0 */
};

#ifdef __cplusplus
static_assert(sizeof(order) == 40 && sizeof(receipt) == 16, "no padding");
#else
_Static_assert(sizeof(struct order) == 40 && sizeof(struct receipt) == 16, "no padding");
#endif

#endif
