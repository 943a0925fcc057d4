// The C++ header alone and twice, and after it the C one.
#include <calc_ipc.hpp>

#include "header.c"

// The options of C++ are those of C, so that one can be passed for the other.
static_assert(sizeof(calc_ipc::ServerOptions) == sizeof(calc_ipc_server_options));
static_assert(sizeof(calc_ipc::ClientOptions) == sizeof(calc_ipc_client_options));
