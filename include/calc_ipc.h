/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/**
 * @file calc_ipc.h
 * @brief The C interface of calc_ipc 0.1.0: requests and responses between processes.
 *
 * Generated from src/ffi by cbindgen; change it there. What holds for every function is said
 * here, once.
 *
 * **Words.** A *message* is a body of bytes. A *frame* is what travels: the body's length as 4
 * bytes, little-endian, then the body. Functions are called calc_ipc_NOUN_VERB, those of a
 * transport calc_ipc_TRANSPORT_ROLE_VERB. Every function exists on every platform and gives
 * UNSUPPORTED where the platform has no such thing.
 *
 * **Arguments** come in the order handle, inputs, outputs. NULL gives INVALID_ARGUMENT, except
 * that a calc_ipc_handler, user_data and options may be NULL, and that destroying NULL does
 * nothing. Every other pointer has to be valid for what its type and its length say; inputs and
 * outputs do not overlap. The library keeps no pointer after the call returns, except user_data.
 * Paths and names are NUL-terminated UTF-8; one that is too long is an error and never cut.
 * Enumerations and flags are integers, which are checked.
 *
 * **Results.** A function that can fail returns a calc_ipc_status: 0 is OK, errors are
 * negative. The comments below omit the prefix CALC_IPC_STATUS_. They do not list INTERNAL,
 * which any function may return, nor INVALID_ARGUMENT where NULL or an invalid string is its only
 * cause. Outputs are written on OK only, except that a failed create sets the handle to NULL,
 * BUFFER_TOO_SMALL writes the length that is needed, and `completed` is always written.
 * calc_ipc_last_error() says more, for people. A call whose response has no result, as of a
 * division by zero, has succeeded: its status is OK.
 *
 * **Handles** are opaque. A create function makes one, and its destroy frees it, once. A function
 * that takes a const handle may be called from any thread at any time. No other function may use a
 * handle while destroy runs, unless the comment of destroy allows it. A client serves one call at a
 * time, and a call that comes while another one runs gets BUSY, unless its option `connections` lets it have
 * several: then calls wait for one that is free, within their time.
 *
 * **URLs** name an address of any transport, so that a program changes transport by changing a
 * string: calc_ipc_server_create() and calc_ipc_client_create() take one. A server binds the
 * address that it names, and a client connects to it:
 *
 *     unix:///path               a Unix domain socket at /path
 *     seqpacket:///path          one that keeps records apart (SOCK_SEQPACKET)
 *     fifo:///path               the pair of FIFOs /path.request and /path.response
 *     shm://name                 shared memory called name
 *     shm:///path                shared memory whose socket is /path, not one in /dev/shm: for
 *                                containers that share a folder
 *     tcp://host:port            a TCP port of an IPv4 address, of [an IPv6 address], of a name;
 *                                for a server, port 0 lets the system choose
 *     npipe://name               a named pipe of Windows, \\.\pipe\name there; npipe:////./pipe/name is
 *                                the same; elsewhere, UNSUPPORTED
 *     exec:///path/to/program    for a client: executes the program, which serves on its standard
 *                                input and output; on Windows, exec:///C:/path/to/program.exe
 *     stdio:                     for a server: the standard input and output of its program
 *     systemd:                   for a server: the listening socket that the service manager passed to
 *                                its process (sd_listen_fds(3)); of several, systemd:NAME is the one of
 *                                this FileDescriptorName=
 *
 * Paths are absolute. In paths and names, % and two hexadecimal digits stand for a byte: %25 for %, %3F
 * for ?, %23 for #; a plain ? or # is reserved for options of later versions. Any other URL gives
 * INVALID_ARGUMENT, and so does a URL that is only for the other side. A transport that the system does not
 * have gives UNSUPPORTED, and so does a named pipe of another machine, npipe://host/name.
 *
 * **Passed sockets.** systemd: is a Unix socket, stream or seqpacket, or a TCP socket, and served as what it
 * is; calc_ipc_server_url() tells its address. Its name stays when the server stops, and clients that come
 * then wait for the next server. The option `mode` says whether clients of other users are let in, and does not
 * change the socket's; `allow_remote` is needed as for tcp:. Clients see the service manager as their server
 * (`server_uid`). The environment stays as it is, and what is served is a duplicate: so the same socket can be
 * served again, and by two servers at once, which then share its clients. None, several without a name, and a
 * socket of another kind give INVALID_ARGUMENT.
 *
 * **Messages of your own.** calc_ipc_server_create_bytes() and calc_ipc_client_call_bytes() carry
 * any bytes, also none, up to the limit `max_message` of each side's options. Client and server do
 * not agree on a kind of message: a calculator calculates whatever body has the text of a request.
 *
 * **Calls that are not waited for.** calc_ipc_client_submit() sends a request and returns. Its answer,
 * or why there is none, is a completion, which calc_ipc_client_next() gives exactly once. Any threads
 * may do both at the same time. The descriptor of calc_ipc_client_fd() is readable when there is
 * something to take, for an event loop of the host's; the library has no thread for that. A call that
 * waits has a connection to itself, and gets BUSY if calls of which completions are to be taken have all.
 *
 * **Answers that come later.** The handler of calc_ipc_server_create_deferred() gets a reply, which any
 * thread ends at any time by calc_ipc_reply_send(). Until then that connection is parked: no further
 * request of it is read. So a server tells its clients of events: they call, and it answers when something
 * happens (examples/c/events.c).
 *
 * **Servers without a thread.** calc_ipc_server_dispatch() is one turn of a server, in the thread that
 * calls it, in place of run and start; the descriptor of calc_ipc_server_fd() is readable when there is
 * something to do in one.
 *
 * **Time.** The library never retries a call. calc_ipc_last_not_executed() says of a failed call
 * whether its request was certainly not executed, so that the caller can safely send it again. Once
 * a connection is lost, every call on it fails with the same status: create a new client. After
 * TIMED_OUT the client stays usable: the next call first waits for the late answer and drops it,
 * within its own deadline.
 *
 * **The host.** The library never exits, aborts, prints, changes a signal's disposition or
 * raises SIGPIPE or SIGXFSZ; its threads block all signals. A thread that calls it needs 32 KiB of
 * stack. Descriptors that are passed in stay the caller's and have to be open. Where there is no memory
 * for a message, a call gives SYSTEM, and a server closes the one connection that the message came
 * over. Where there is none for an answer of max_message bytes, run and start fail. The library takes
 * memory for a message only while 1 MiB is left for its small allocations. No function is a
 * cancellation point (pthreads(7)): a thread that is cancelled inside one ends after the function has
 * done its work, and handlers run with cancellation disabled.
 *
 * **Forks.** In a forked child, clients, pipes and servers that run or have run give FORKED,
 * and destroying them frees memory only. A server that has not been run or started yet may be run
 * or started in one forked child. The child then owns its address, and the parent's destroy leaves
 * the address alone.
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
/** All three, as text. */
#define CALC_IPC_VERSION_STRING "0.1.0"
/** All three, as major * 1000000 + minor * 1000 + patch; calc_ipc_version() is the library's. */
#define CALC_IPC_VERSION_NUMBER 1000

/** @cond INTERNAL */
#if defined(_WIN32)
/* What a DLL exports is said when it is made, and its import library has the functions under their plain names. */
#define CALC_IPC_API
#elif defined(__cplusplus) || (defined(__STDC_VERSION__) && __STDC_VERSION__ >= 202311L)
#define CALC_IPC_API [[gnu::visibility("default")]]
#elif defined(__GNUC__)
#define CALC_IPC_API __attribute__((visibility("default")))
#else
#define CALC_IPC_API
#endif
/** @endcond */

/**
 * Addition.
 */
#define CALC_IPC_OPERATION_ADD 0

/**
 * Subtraction.
 */
#define CALC_IPC_OPERATION_SUB 1

/**
 * Multiplication.
 */
#define CALC_IPC_OPERATION_MUL 2

/**
 * Division that truncates toward zero.
 */
#define CALC_IPC_OPERATION_DIV 3

/**
 * Bytes of the text of an error with its NUL. It will never grow.
 */
#define CALC_IPC_ERROR_CAPACITY 256

/**
 * Bytes of the longest frame of a request or response: a buffer of this size is never too small.
 */
#define CALC_IPC_FRAME_MAX 263

/**
 * In `uid`, `gid` and `pid` of a peer: not known.
 */
#define CALC_IPC_PEER_UNKNOWN 4294967295u

/**
 * A client came.
 */
#define CALC_IPC_EVENT_CAME 1

/**
 * A client that came has gone; `status` is STOPPED if it was there until serving ended, else OK.
 */
#define CALC_IPC_EVENT_LEFT 2

/**
 * A client was not let in; `text` says why, and `status` is REFUSED, PERMISSION_DENIED or SYSTEM.
 */
#define CALC_IPC_EVENT_REFUSED 3

/**
 * The server ended a client's connection; `text` says why, and `status` is TIMED_OUT, TOO_LARGE,
 * MALFORMED or SYSTEM.
 */
#define CALC_IPC_EVENT_DROPPED 4

/**
 * The handler failed on a client's request; `text` is what it said, `status` is HANDLER_FAILED.
 */
#define CALC_IPC_EVENT_HANDLER_FAILED 5

/**
 * For `server_uid`: the server has to run as the same user as the client, or as root.
 */
#define CALC_IPC_SERVER_UID_OWN 4294967295u

/**
 * For `server_uid`: the server may run as any user.
 */
#define CALC_IPC_SERVER_UID_ANY 4294967294u

/**
 * The alignment, in bytes, of the request and of the response that a calc_ipc_bytes_handler is given:
 * enough for any type of C.
 */
#define CALC_IPC_ALIGNMENT 16

/**
 * For `timeout_ms`: without limit. -1 and Windows' INFINITE are the same.
 */
#define CALC_IPC_TIMEOUT_NONE 4294967295u

/**
 * For `timeout_ms` of a call: what the client's option `call_timeout_ms` says.
 */
#define CALC_IPC_TIMEOUT_DEFAULT 4294967294u

/**
 * Calls of one connection that may be under way, or not taken, at once.
 */
#define CALC_IPC_IN_FLIGHT_MAX 64

/**
 * In `flags` of a completion that is no OK: no handler was or will be given the request.
 */
#define CALC_IPC_COMPLETION_NOT_EXECUTED 1

/**
 * A connection to a server behind any transport, which its URL names.
 *
 * calc_ipc_client_create(), then calc_ipc_client_call(), calc_ipc_client_call_many() and
 * calc_ipc_client_call_bytes() any number of times, then calc_ipc_client_destroy(). A lost
 * connection stays lost: create another client, or set the option `reconnect`.
 */
typedef struct calc_ipc_client calc_ipc_client;

/**
 * A connection to a server behind a pair of FIFOs.
 *
 * calc_ipc_fifo_client_create(), then calc_ipc_fifo_client_call() any number of times, then
 * calc_ipc_fifo_client_destroy(). A lost connection stays lost: create another client.
 */
typedef struct calc_ipc_fifo_client calc_ipc_fifo_client;

/**
 * A server behind a pair of FIFOs.
 *
 * calc_ipc_fifo_server_create(), then calc_ipc_fifo_server_run() in a thread of yours or
 * calc_ipc_fifo_server_start() for one of the library's, then calc_ipc_fifo_server_stop(), and at
 * last calc_ipc_fifo_server_destroy(), which also stops.
 */
typedef struct calc_ipc_fifo_server calc_ipc_fifo_server;

/**
 * A connection to a server behind a named pipe of Windows.
 *
 * calc_ipc_named_pipe_client_create(), then calc_ipc_named_pipe_client_call() any number of times, then
 * calc_ipc_named_pipe_client_destroy(). A lost connection stays lost: create another client.
 */
typedef struct calc_ipc_named_pipe_client calc_ipc_named_pipe_client;

/**
 * A server behind a named pipe of Windows. On other systems there is none: the creates give UNSUPPORTED, and a Unix
 * domain socket (calc_ipc_uds_server) is what comes closest.
 *
 * A name is `name` or its path, `\\.\pipe\name`; both are the same pipe, and so is the URL npipe://name. Windows ignores
 * case in names. A name has no slash and no backslash inside, no dot and no space at its end, and at most 240
 * characters of UTF-16. The server also takes the pipe `name`.lock, by which others know that it lives.
 *
 * The pipe carries frames, and what is written in one piece is read as it comes: a peer may open it for bytes or for
 * messages, of which each is then a frame. Such a peer of your own opens it for reading and writing (0x12019B, which
 * is what GENERIC_READ | GENERIC_WRITE has, less the right to make instances of the pipe), with SECURITY_SQOS_PRESENT | SECURITY_IDENTIFICATION.
 *
 * With the mode 0600 the user of the server may connect, and the system. With any bit for others, every user of this
 * machine may whom the system knows. Peers of lower integrity may not, and programs on other machines never.
 *
 * calc_ipc_named_pipe_server_create(), then calc_ipc_named_pipe_server_run() in a thread of yours or
 * calc_ipc_named_pipe_server_start() for one of the library's, then calc_ipc_named_pipe_server_stop(),
 * and at last calc_ipc_named_pipe_server_destroy(), which also stops.
 */
typedef struct calc_ipc_named_pipe_server calc_ipc_named_pipe_server;

/**
 * A child process that serves, and the connection to it.
 *
 * calc_ipc_pipe_create() or calc_ipc_pipe_spawn(), then calc_ipc_pipe_call() any number of times,
 * then calc_ipc_pipe_destroy(). A spawned program calls calc_ipc_pipe_serve() with 0 and 1.
 */
typedef struct calc_ipc_pipe calc_ipc_pipe;

/**
 * The right to answer one request, once: by calc_ipc_reply_send(), calc_ipc_reply_send_response() or
 * calc_ipc_reply_fail(), which end it. It is not to be used after that.
 */
typedef struct calc_ipc_reply calc_ipc_reply;

/**
 * A connection to a server behind a Unix domain socket that keeps records apart.
 *
 * calc_ipc_seqpacket_client_create(), then calc_ipc_seqpacket_client_call() any number of times, then
 * calc_ipc_seqpacket_client_destroy(). A lost connection stays lost: create another client.
 */
typedef struct calc_ipc_seqpacket_client calc_ipc_seqpacket_client;

/**
 * A server behind a Unix domain socket that keeps records apart (SOCK_SEQPACKET): all is as with
 * calc_ipc_uds_server, for clients that speak records.
 *
 * A frame of up to 65540 bytes is one record, its length included; a longer one is sent as records of 65540
 * bytes, of which the last may be shorter; none holds parts of two frames. What is received may be cut otherwise:
 * it is taken as bytes. But an empty record, and one of more than 65540 bytes, end the connection.
 *
 * calc_ipc_seqpacket_server_create(), then calc_ipc_seqpacket_server_run() in a thread of yours or
 * calc_ipc_seqpacket_server_start() for one of the library's, then calc_ipc_seqpacket_server_stop(),
 * and at last calc_ipc_seqpacket_server_destroy(), which also stops.
 */
typedef struct calc_ipc_seqpacket_server calc_ipc_seqpacket_server;

/**
 * A server behind any transport, which its URL names.
 *
 * calc_ipc_server_create() for requests of the calculator's kind, or
 * calc_ipc_server_create_bytes() for messages of your own; then calc_ipc_server_run() in a thread
 * of yours, calc_ipc_server_start() for one of the library's, or calc_ipc_server_fd() and
 * calc_ipc_server_dispatch() for an event loop of yours; then calc_ipc_server_stop(), and at last
 * calc_ipc_server_destroy(), which also stops. calc_ipc_server_url() is for clients.
 */
typedef struct calc_ipc_server calc_ipc_server;

/**
 * A connection to a server behind shared memory.
 *
 * calc_ipc_shm_client_create(), then calc_ipc_shm_client_call() any number of times, then
 * calc_ipc_shm_client_destroy(). A lost connection stays lost: create another client.
 */
typedef struct calc_ipc_shm_client calc_ipc_shm_client;

/**
 * A server behind shared memory.
 *
 * calc_ipc_shm_server_create(), then calc_ipc_shm_server_run() in a thread of yours or
 * calc_ipc_shm_server_start() for one of the library's, then calc_ipc_shm_server_stop(), and at
 * last calc_ipc_shm_server_destroy(), which also stops.
 */
typedef struct calc_ipc_shm_server calc_ipc_shm_server;

/**
 * A connection to a server behind a TCP port.
 *
 * calc_ipc_tcp_client_create(), then calc_ipc_tcp_client_call() any number of times, then
 * calc_ipc_tcp_client_destroy(). A lost connection stays lost: create another client.
 */
typedef struct calc_ipc_tcp_client calc_ipc_tcp_client;

/**
 * A server behind a TCP port.
 *
 * TCP authenticates nobody: every process that reaches the port may call the server. So the server
 * takes addresses of this machine only, unless `allow_remote` is set; then put something in front of
 * it that authenticates and encrypts. `mode` and `server_uid` have no meaning over TCP. A peer whose
 * machine vanishes is dropped after about eleven seconds.
 *
 * calc_ipc_tcp_server_create(), then calc_ipc_tcp_server_run() in a thread of yours or
 * calc_ipc_tcp_server_start() for one of the library's, then calc_ipc_tcp_server_stop(), and at
 * last calc_ipc_tcp_server_destroy(), which also stops.
 */
typedef struct calc_ipc_tcp_server calc_ipc_tcp_server;

/**
 * A connection to a server behind a Unix domain socket.
 *
 * calc_ipc_uds_client_create(), then calc_ipc_uds_client_call() any number of times, then
 * calc_ipc_uds_client_destroy(). A lost connection stays lost: create another client.
 */
typedef struct calc_ipc_uds_client calc_ipc_uds_client;

/**
 * A server behind a Unix domain socket.
 *
 * calc_ipc_uds_server_create(), then calc_ipc_uds_server_run() in a thread of yours or
 * calc_ipc_uds_server_start() for one of the library's, then calc_ipc_uds_server_stop(), and at
 * last calc_ipc_uds_server_destroy(), which also stops.
 */
typedef struct calc_ipc_uds_server calc_ipc_uds_server;

/**
 * How a call ended: CALC_IPC_STATUS_OK, or a negative number that says why it failed.
 *
 * Values are never changed and never used again.
 */
typedef int32_t calc_ipc_status;

/**
 * Who a client is, as the system says, not as the client does: the process that connected, as it was
 * then. What is not known is CALC_IPC_PEER_UNKNOWN: over TCP all; over FIFOs group and process; where a
 * program serves its standard input, or other descriptors, all, unless they are a Unix socket; and what
 * the namespaces of the server's process do not show.
 */
typedef struct calc_ipc_peer {
    /**
     * sizeof(calc_ipc_peer), set by the caller: as many bytes are written. In an event, the library
     * sets it: read no further.
     */
    uint32_t size;
    /**
     * The user that it acts as.
     */
    uint32_t uid;
    /**
     * The group that it acts as.
     */
    uint32_t gid;
    /**
     * The process. It may have ended, and another may have its number by now.
     */
    uint32_t pid;
    /**
     * The number of its connection, which no other one of the server's ever has.
     */
    uint64_t connection;
} calc_ipc_peer;

/**
 * What happened to a client.
 */
typedef struct calc_ipc_event {
    /**
     * Bytes of the struct, set by the library: read no further.
     */
    uint32_t size;
    /**
     * CALC_IPC_EVENT_CAME, or another. Ignore those that you do not know.
     */
    int32_t kind;
    /**
     * What kind of failure it is; OK: none.
     */
    int32_t status;
    /**
     * 0.
     */
    uint32_t reserved;
    /**
     * Who it happened to; not NULL, and gone when the call returns.
     */
    const struct calc_ipc_peer *peer;
    /**
     * What happened, for people; not NULL, and gone when the call returns.
     */
    const char *text;
} calc_ipc_event;

/**
 * A function that is told what happens to the clients of a server.
 *
 * Each CALC_IPC_EVENT_CAME is followed by exactly one CALC_IPC_EVENT_LEFT or CALC_IPC_EVENT_DROPPED of
 * the same connection. It is called inside run, in the threads that start makes, and inside
 * calc_ipc_server_dispatch(); where that is used, inside stop and destroy, too. It is called in several
 * threads at once, but not for one connection. It must not wait, since clients do meanwhile, and has to
 * return: no exception and no longjmp may leave it. It may call calc_ipc_server_request_stop(),
 * calc_ipc_server_stats() and calc_ipc_current_peer(); stopping its server gives BUSY, and destroying it
 * does nothing. `observer_data` is that of the options, and has to live until destroy returns.
 */
typedef void (*calc_ipc_observer)(const struct calc_ipc_event *event, void *observer_data);

/**
 * How a server treats its clients. calc_ipc_server_options_init() fills in the defaults.
 *
 * Any value but 0 sets a flag. A field that a later version adds keeps the behaviour of earlier
 * versions while it is 0.
 */
typedef struct calc_ipc_server_options {
    /**
     * sizeof(calc_ipc_server_options), as the program was compiled.
     */
    size_t size;
    /**
     * The most clients at once; further ones are REFUSED. 0: 1024, or 128 over shared memory. The
     * limit of open files (RLIMIT_NOFILE) bounds it. Default: 0.
     */
    uint32_t max_clients;
    /**
     * The longest body taken, in bytes, from 259 to 67108864. Default: 65536.
     */
    uint32_t max_message;
    /**
     * Threads that serve, 1024 at most. A handler of yours runs in all of them at once. 0: for the
     * calculator a thread for each CPU, 8 at most; for a handler of yours one. Default: 0.
     */
    uint32_t workers;
    /**
     * Permission bits of what the server creates in the file system, from 0001 to 0777. With bits for
     * the group or for others, a client need not run as the same user. Default: 0600.
     */
    uint32_t mode;
    /**
     * A client that sends no request for this many milliseconds is dropped; 0: never. Default: 0.
     */
    uint32_t idle_timeout_ms;
    /**
     * How many microseconds a thread spins, looking for the next request, before it sleeps in the
     * kernel; 1000 at most, 0: it never spins. Spinning keeps a core busy for that long after each
     * request, and saves the next request the tens of microseconds that waking a thread takes. A
     * thread that finds nothing by spinning spins less and less. Over shared memory it spins longer by a
     * microsecond for each 16 KiB of the longest request before, which takes the client as long to copy; 1000
     * in all at most. Default: 50.
     */
    uint32_t spin_us;
    /**
     * Flag: run returns once clients have come and the last one has gone. Default: 0.
     */
    uint32_t stop_when_idle;
    /**
     * Flag: addresses beyond this machine may be served. Default: 0.
     */
    uint32_t allow_remote;
    /**
     * Flag: over shared memory, a calc_ipc_bytes_handler is given requests of more than 52 bytes where they lie,
     * which saves a copy. Then a client that writes on while it waits can change what the handler has looked at, and
     * nothing else: copy what is checked before it is used. `mode` has to be 0600. Default: 0.
     */
    uint32_t in_place;
    /**
     * A client that has sent the beginning of a message has to send the rest within this many
     * milliseconds, plus 1000 for each MiB of the message, or is dropped; 0: 5000. Default: 0.
     */
    uint32_t stall_timeout_ms;
    /**
     * What is told of clients that come and go; NULL: nobody. Default: NULL.
     */
    calc_ipc_observer observer;
    /**
     * Passed to `observer`. Default: NULL.
     */
    void *observer_data;
} calc_ipc_server_options;

/**
 * How a client treats its server. calc_ipc_client_options_init() fills in the defaults.
 *
 * A field that a later version adds keeps the behaviour of earlier versions while it is 0.
 */
typedef struct calc_ipc_client_options {
    /**
     * sizeof(calc_ipc_client_options), as the program was compiled.
     */
    size_t size;
    /**
     * How many milliseconds the server may take to accept; 0: without limit. Default: 5000.
     */
    uint32_t connect_timeout_ms;
    /**
     * How many milliseconds a call may take; 0: without limit. Default: 30000.
     */
    uint32_t call_timeout_ms;
    /**
     * The longest body sent or taken, in bytes, from 259 to 67108864. Default: 65536.
     */
    uint32_t max_message;
    /**
     * How many microseconds a call spins, looking for its answer, before it sleeps in the kernel; 1000
     * at most, 0: it never spins. While both sides spin, each keeps a core busy, and a call takes about
     * a microsecond instead of the tens that waking takes. A client that finds nothing by spinning
     * spins less and less. Over shared memory it spins longer by a microsecond for each 16 KiB of its
     * request, which takes the server as long to copy; not for one that reads in place, or never spins.
     * 1000 in all at most. Default: 50.
     */
    uint32_t spin_us;
    /**
     * The user that the server has to run as: CALC_IPC_SERVER_UID_OWN, CALC_IPC_SERVER_UID_ANY, or a
     * user's id. Default: CALC_IPC_SERVER_UID_OWN.
     */
    uint32_t server_uid;
    /**
     * How many connections the client may have, 1024 at most, so that as many calls go on at once, whatever
     * threads make them. Each is opened when a call needs it, counts in the server's `max_clients`, and takes
     * descriptors of both. A call waits within its time for one that is free. One that the server refuses is
     * done without. exec: has one. 0: there is one, and a call that finds it taken is BUSY. Default: 0.
     */
    uint32_t connections;
    /**
     * Flag: a connection that was lost is made anew by the next call, and the create needs no server. No
     * request is sent twice. UNSUPPORTED by exec:. Default: 0.
     */
    uint32_t reconnect;
    /**
     * Has to be 0.
     */
    uint32_t reserved;
} calc_ipc_client_options;

/**
 * A question: one operation on two numbers.
 */
typedef struct calc_ipc_request {
    /**
     * One of CALC_IPC_OPERATION_*.
     */
    int32_t operation;
    /**
     * The left operand.
     */
    int64_t arg1;
    /**
     * The right operand.
     */
    int64_t arg2;
} calc_ipc_request;

/**
 * The answer to a request: a number, or why there is none.
 */
typedef struct calc_ipc_response {
    /**
     * Whether there is a result.
     */
    bool success;
    /**
     * The result, 0 if there is none.
     */
    int64_t result;
    /**
     * Why there is no result: NUL-terminated UTF-8 without control characters, empty if there is
     * one. In a response that the library is given, it ends at its NUL or after 255 bytes, and
     * what is not UTF-8, and control characters, become `?`.
     */
    char error[CALC_IPC_ERROR_CAPACITY];
} calc_ipc_response;

/**
 * A function that answers requests; NULL is the built-in calculator.
 *
 * It gets only known operations. `response` is zeroed before it is called, which means a failure
 * without a reason. The function has to return: no exception and no longjmp may leave it. It runs in
 * one thread at a time, not always the same one, unless `workers` of the options asks for more.
 * `user_data` is what was given with the function, and has to live until destroy returns.
 */
typedef void (*calc_ipc_handler)(const struct calc_ipc_request *request,
                                 struct calc_ipc_response *response,
                                 void *user_data);

/**
 * A function that answers messages of your own.
 *
 * It reads the `length` bytes at `request`, which is not NULL even if the message is empty, writes
 * its answer to the `capacity` bytes at `response`, which do not overlap them, and returns the
 * answer's length; more than `capacity` means that it failed, and the client gets HANDLER_FAILED.
 * `capacity` is the `max_message` of the server's options. Both addresses are multiples of
 * CALC_IPC_ALIGNMENT, so that a struct may be read and written in place. What `response` points to
 * holds nothing of use before; over shared memory a client may read there already what is written, also if the
 * function then fails: write nothing that is not for it. Everything else is as for calc_ipc_handler.
 */
typedef size_t (*calc_ipc_bytes_handler)(const uint8_t *request,
                                         size_t length,
                                         uint8_t *response,
                                         size_t capacity,
                                         void *user_data);

/**
 * A function that has messages of your own answered, now or later.
 *
 * It ends `reply`, or keeps it for any thread to end it at any later time. Until then the connection is parked: no
 * further request of it is read, and no timeout of the server's runs for it. So calls that one connection has under way
 * wait for each other; a client with the option `connections` has several. The `length` bytes at `request`, which is not
 * NULL even if the message is empty, are valid until the function returns, and begin at a multiple of
 * CALC_IPC_ALIGNMENT. Everything else is as for calc_ipc_handler.
 */
typedef void (*calc_ipc_deferred_handler)(struct calc_ipc_reply *reply,
                                          const uint8_t *request,
                                          size_t length,
                                          void *user_data);

/**
 * What a server did since it was created. Each number is exact, but one may be of a moment later than
 * another.
 */
typedef struct calc_ipc_stats {
    /**
     * sizeof(calc_ipc_stats), set by the caller: as many bytes are written.
     */
    uint32_t size;
    /**
     * 0.
     */
    uint32_t reserved;
    /**
     * Clients that are there.
     */
    uint64_t clients;
    /**
     * Clients that came.
     */
    uint64_t came;
    /**
     * Clients that were not let in.
     */
    uint64_t refused;
    /**
     * Clients whose connection the server ended.
     */
    uint64_t dropped;
    /**
     * Requests that were answered, or that the handler failed on.
     */
    uint64_t requests;
    /**
     * Requests that the handler failed on.
     */
    uint64_t failed;
    /**
     * Bytes of requests, without the 4 before each.
     */
    uint64_t bytes_in;
    /**
     * Bytes of answers, without the 4 before each.
     */
    uint64_t bytes_out;
} calc_ipc_stats;

/**
 * What a call that nobody waited for came to.
 */
typedef struct calc_ipc_completion {
    /**
     * sizeof(calc_ipc_completion), set by the caller: as many bytes are written.
     */
    uint32_t size;
    /**
     * What the call came to; of what is no OK, calc_ipc_last_error() tells more.
     */
    int32_t status;
    /**
     * CALC_IPC_COMPLETION_NOT_EXECUTED, or 0. Bits that are added later are to be ignored.
     */
    uint32_t flags;
    /**
     * 0.
     */
    uint32_t reserved;
    /**
     * Bytes of the answer.
     */
    uint64_t length;
    /**
     * What calc_ipc_client_submit() was given.
     */
    uint64_t tag;
    /**
     * The number that calc_ipc_client_submit() gave.
     */
    uint64_t id;
} calc_ipc_completion;

/**
 * It worked.
 */
#define CALC_IPC_STATUS_OK 0

/**
 * An argument is NULL, out of range or badly formed.
 */
#define CALC_IPC_STATUS_INVALID_ARGUMENT -1

/**
 * The bytes are not what the protocol says.
 */
#define CALC_IPC_STATUS_MALFORMED -2

/**
 * A message is over a limit.
 */
#define CALC_IPC_STATUS_TOO_LARGE -3

/**
 * The caller's buffer cannot hold the result.
 */
#define CALC_IPC_STATUS_BUFFER_TOO_SMALL -4

/**
 * The deadline passed. The request may have been executed: calc_ipc_last_not_executed().
 */
#define CALC_IPC_STATUS_TIMED_OUT -5

/**
 * The peer closed the connection.
 */
#define CALC_IPC_STATUS_CLOSED -6

/**
 * The peer died. Best effort: treat it like CALC_IPC_STATUS_CLOSED.
 */
#define CALC_IPC_STATUS_PEER_DIED -7

/**
 * No server is there.
 */
#define CALC_IPC_STATUS_NOT_CONNECTED -8

/**
 * A live server, or a file of something else, is at the address.
 */
#define CALC_IPC_STATUS_ADDRESS_IN_USE -9

/**
 * The system denied it, or the peer runs as another user.
 */
#define CALC_IPC_STATUS_PERMISSION_DENIED -10

/**
 * The handle is in use by another thread, or by this one.
 */
#define CALC_IPC_STATUS_BUSY -11

/**
 * The handle belongs to the process that this one was forked from.
 */
#define CALC_IPC_STATUS_FORKED -12

/**
 * The server was stopped.
 */
#define CALC_IPC_STATUS_STOPPED -13

/**
 * This platform, or this version of the library, does not support it.
 */
#define CALC_IPC_STATUS_UNSUPPORTED -14

/**
 * The operating system failed; calc_ipc_last_error() has its error number.
 */
#define CALC_IPC_STATUS_SYSTEM -15

/**
 * A bug in the library.
 */
#define CALC_IPC_STATUS_INTERNAL -16

/**
 * A server is there, but full.
 */
#define CALC_IPC_STATUS_REFUSED -17

/**
 * The server's handler failed.
 */
#define CALC_IPC_STATUS_HANDLER_FAILED -18

/**
 * The call was cancelled.
 */
#define CALC_IPC_STATUS_CANCELLED -19

#ifdef __cplusplus
extern "C" {
#endif // __cplusplus

/**
 * What a status means, in a few English words.
 *
 * @param status  Any number: one that is no status is called just that.
 * @return A text that is never NULL and never freed.
 */
CALC_IPC_API const char *calc_ipc_status_message(int32_t status);

/**
 * What failed last in this thread: on which path or connection, why, and the system's error number.
 *
 * Only meaningful after a function returned an error; successes leave it as it is.
 *
 * @return A text for people that is never NULL, empty before the first failure. It belongs to the
 *     library, changes with the thread's next failure and ends with the thread.
 */
CALC_IPC_API const char *calc_ipc_last_error(void);

/**
 * Whether the request of this thread's last failed call was certainly not executed, so that it can be
 * sent again, perhaps to another server, without being executed twice.
 *
 * Calls are calc_ipc_client_call(), calc_ipc_client_call_many(), calc_ipc_client_call_bytes(), and the
 * call functions of the transports and of the pipe; no other function changes it, nor does a call
 * that succeeds. After calc_ipc_client_call_many() it speaks of `requests[completed]` and all
 * later ones. The library itself retries nothing. What is known, and why:
 *
 * | failure | executed? |
 * |---|---|
 * | INVALID_ARGUMENT, BUSY, FORKED, UNSUPPORTED | no: found before anything is sent |
 * | REFUSED | no: a full server reads nothing from a client that it refuses |
 * | TOO_LARGE of a request | no: the client checks its own limit before sending; a server whose limit is exceeded closes the connection and does not call its handler |
 * | TOO_LARGE of an answer, BUFFER_TOO_SMALL, HANDLER_FAILED, MALFORMED | perhaps: there was an answer |
 * | TIMED_OUT, CLOSED, PEER_DIED, SYSTEM before all of the request was sent | no: a handler gets whole requests only, and the rest of a request that was cut is never sent. This includes failures while the server has not yet accepted the client (FIFO, shared memory), while the client waits for a late answer, and while there is no room to send |
 * | the same after the request was sent | perhaps: nobody can tell a server that ended before it read the request from one that ended before it answered |
 * | CLOSED, PEER_DIED and others that an earlier call ended with | no: nothing is sent any more |
 * | INTERNAL | perhaps |
 *
 * Where the server ended before the call: no over a Unix socket of either type, since the kernel refuses
 * the first byte. Over other transports it is no if the server's end was known before the call, from an
 * earlier call that failed or, over TCP, to the kernel; otherwise the request is written, nobody reads
 * it, and it is perhaps. That holds for the pipe of a child that has ended, too. Over shared memory a
 * request of up to 52 bytes is sent in one step, so that none of them is ever half sent.
 *
 * @return true: no handler was or will be given the request. false: perhaps one was; or no call of
 *     this thread has failed yet.
 */
CALC_IPC_API
bool calc_ipc_last_not_executed(void);

/**
 * The version of the library in use, to be compared with CALC_IPC_VERSION_NUMBER, the header's.
 *
 * @return major * 1000000 + minor * 1000 + patch.
 */
CALC_IPC_API uint32_t calc_ipc_version(void);

/**
 * Says who asks: whose request the handler that this thread is inside of answers, or to whom that
 * happened of which the observer is told.
 *
 * @param out  Takes the client; its `size` is set by the caller.
 * @return OK; INVALID_ARGUMENT: also if this thread is inside of neither, and a `size` that no version
 *     has.
 */
CALC_IPC_API
calc_ipc_status calc_ipc_current_peer(struct calc_ipc_peer *out);

/**
 * Sets each field to its default, and fields that this version does not know to 0.
 *
 * @param options  The struct; NULL does nothing.
 * @param size     sizeof(calc_ipc_server_options): exactly as many bytes are written.
 */
CALC_IPC_API
void calc_ipc_server_options_init(struct calc_ipc_server_options *options,
                                  size_t size);

/**
 * Sets each field to its default, and fields that this version does not know to 0.
 *
 * @param options  The struct; NULL does nothing.
 * @param size     sizeof(calc_ipc_client_options): exactly as many bytes are written.
 */
CALC_IPC_API
void calc_ipc_client_options_init(struct calc_ipc_client_options *options,
                                  size_t size);

/**
 * Says why a handler fails. A calc_ipc_bytes_handler calls it before it returns more than `capacity`, a
 * calc_ipc_handler before it returns with a response without `success`, a calc_ipc_deferred_handler before it ends its
 * reply by calc_ipc_reply_fail() without a text. A reply that is ended after its handler has returned has a text of its own,
 * or none.
 *
 * The client never sees the text, which is for the server's side: its calc_ipc_observer, and in Rust
 * `Server::last_failure`. The text of a handler that does not fail is dropped. Of several texts, the
 * last one counts.
 *
 * @param text  Why. At most 255 bytes of it are copied; control characters and what is not UTF-8
 *              become `?`.
 * @return OK; INVALID_ARGUMENT: also if this thread is not inside a handler.
 */
CALC_IPC_API
calc_ipc_status calc_ipc_current_failure(const char *text);

/**
 * Writes a request as a frame.
 *
 * @param request   The request.
 * @param buffer    Takes the frame, whole or not at all.
 * @param capacity  Bytes at `buffer`; CALC_IPC_FRAME_MAX are always enough.
 * @param length    Takes the bytes written, or on BUFFER_TOO_SMALL those needed.
 * @return OK; INVALID_ARGUMENT: an unknown operation; BUFFER_TOO_SMALL.
 */
CALC_IPC_API
calc_ipc_status calc_ipc_request_serialize(const struct calc_ipc_request *request,
                                           uint8_t *buffer,
                                           size_t capacity,
                                           size_t *length);

/**
 * Reads a request from a frame.
 *
 * @param frame   One whole frame, prefix included.
 * @param length  Bytes at `frame`.
 * @param out     Takes the request.
 * @return OK; MALFORMED: anything that calc_ipc_request_serialize() cannot write.
 */
CALC_IPC_API
calc_ipc_status calc_ipc_request_deserialize(const uint8_t *frame,
                                             size_t length,
                                             struct calc_ipc_request *out);

/**
 * Reads a request from a body: a frame without its prefix, as a handler of messages of its own gets it.
 *
 * @param body    The body; may be NULL if it is empty.
 * @param length  Bytes at `body`.
 * @param out     Takes the request.
 * @return OK; MALFORMED: no body of what calc_ipc_request_serialize() writes.
 */
CALC_IPC_API
calc_ipc_status calc_ipc_request_parse(const uint8_t *body,
                                       size_t length,
                                       struct calc_ipc_request *out);

/**
 * Writes a response as a frame.
 *
 * @param response  The response. Of a failure, `error` counts up to its NUL or 255 bytes; control
 *                  characters and what is not UTF-8 become `?`.
 * @param buffer    Takes the frame, whole or not at all.
 * @param capacity  Bytes at `buffer`; CALC_IPC_FRAME_MAX are always enough.
 * @param length    Takes the bytes written, or on BUFFER_TOO_SMALL those needed.
 * @return OK; BUFFER_TOO_SMALL.
 */
CALC_IPC_API
calc_ipc_status calc_ipc_response_serialize(const struct calc_ipc_response *response,
                                            uint8_t *buffer,
                                            size_t capacity,
                                            size_t *length);

/**
 * Reads a response from a frame.
 *
 * @param frame   One whole frame, prefix included.
 * @param length  Bytes at `frame`.
 * @param out     Takes the response.
 * @return OK; MALFORMED: anything that calc_ipc_response_serialize() cannot write.
 */
CALC_IPC_API
calc_ipc_status calc_ipc_response_deserialize(const uint8_t *frame,
                                              size_t length,
                                              struct calc_ipc_response *out);

/**
 * Reads a response from a body: a frame without its prefix, as calc_ipc_client_next() gives it.
 *
 * @param body    The body; may be NULL if it is empty.
 * @param length  Bytes at `body`.
 * @param out     Takes the response.
 * @return OK; MALFORMED: no body of what calc_ipc_response_serialize() writes.
 */
CALC_IPC_API
calc_ipc_status calc_ipc_response_parse(const uint8_t *body,
                                        size_t length,
                                        struct calc_ipc_response *out);

/**
 * Calculates, in this process: what the built-in handler answers.
 *
 * @param request  The request. An unknown operation is answered with a failed response.
 * @param out      Takes the response.
 * @return OK, also when the response says that there is no result.
 */
CALC_IPC_API
calc_ipc_status calc_ipc_execute(const struct calc_ipc_request *request,
                                 struct calc_ipc_response *out);

/**
 * The name of an operation on the wire, such as `ADD`.
 *
 * @param operation  Any number.
 * @return A text that is never freed; NULL if the operation is unknown.
 */
CALC_IPC_API const char *calc_ipc_operation_name(int32_t operation);

/**
 * The operation with a name.
 *
 * @param name  A name as on the wire, such as `ADD`, in upper case.
 * @param out   Takes one of CALC_IPC_OPERATION_*.
 * @return OK; INVALID_ARGUMENT: no operation has this name.
 */
CALC_IPC_API calc_ipc_status calc_ipc_operation_from_name(const char *name, int32_t *out);

/**
 * Sends one frame, all of it, over a pipe, socket or file.
 *
 * Blocks until that is done, also where the descriptor does not, and never raises SIGPIPE.
 *
 * @param fd      The descriptor to write to.
 * @param frame   One whole frame, prefix included, with any body.
 * @param length  Bytes at `frame`.
 * @return OK; MALFORMED: the prefix is not the length of what follows, and nothing is sent;
 *     CLOSED: no one reads any more; UNSUPPORTED; SYSTEM.
 */
CALC_IPC_API calc_ipc_status calc_ipc_message_send(int fd, const uint8_t *frame, size_t length);

/**
 * Receives one frame, whatever its body. Blocks until all of it is there.
 *
 * @param fd        The descriptor to read from.
 * @param buffer    Takes the frame, prefix included.
 * @param capacity  Bytes at `buffer`.
 * @param length    Takes the bytes received.
 * @return OK; TOO_LARGE: the frame is over `capacity`, and only its prefix was read, so close the
 *     descriptor; CLOSED: the bytes ended, between frames or within one; UNSUPPORTED; SYSTEM. On an
 *     error, `buffer` may hold a part of the frame.
 */
CALC_IPC_API
calc_ipc_status calc_ipc_message_recv(int fd,
                                      uint8_t *buffer,
                                      size_t capacity,
                                      size_t *length);

/**
 * Reads exactly as many bytes as asked for. Blocks until they are there.
 *
 * @param fd      The descriptor to read from.
 * @param buffer  Takes the bytes.
 * @param length  How many.
 * @return OK; CLOSED: the bytes ended before; UNSUPPORTED; SYSTEM. On an error, `buffer` may
 *     hold some bytes.
 */
CALC_IPC_API calc_ipc_status calc_ipc_fd_read_exact(int fd, void *buffer, size_t length);

/**
 * Writes exactly these bytes. Blocks until they are written, and never raises SIGPIPE.
 *
 * @param fd      The descriptor to write to.
 * @param buffer  The bytes.
 * @param length  How many.
 * @return OK; CLOSED: no one reads any more; UNSUPPORTED; SYSTEM.
 */
CALC_IPC_API calc_ipc_status calc_ipc_fd_write_exact(int fd, const void *buffer, size_t length);

/**
 * Forks a child that serves until the pipe is destroyed.
 *
 * The child has only the thread that called, and a lock that another thread held at that moment stays
 * locked in it (fork(2)), those of malloc() included. In a program with threads, use
 * calc_ipc_pipe_spawn() for a handler that may wait for such a lock. The child closes all descriptors
 * of the host except 2.
 *
 * @param handler    What answers, in the child; NULL is the calculator.
 * @param user_data  Passed to `handler`; the child has a copy of what it points to.
 * @param options    NULL: the defaults.
 * @param out        Takes the pipe, to be destroyed; NULL on failure.
 * @return OK; UNSUPPORTED; SYSTEM.
 */
CALC_IPC_API
calc_ipc_status calc_ipc_pipe_create(calc_ipc_handler handler,
                                     void *user_data,
                                     const struct calc_ipc_client_options *options,
                                     struct calc_ipc_pipe **out);

/**
 * Executes a program that serves on its standard input and output, as a child.
 *
 * @param argv     The program, a path or a name to be found in PATH, and its arguments, the last
 *                 of which is followed by NULL.
 * @param options  NULL: the defaults.
 * @param out      Takes the pipe, to be destroyed; NULL on failure.
 * @return OK; INVALID_ARGUMENT: also no program; NOT_CONNECTED: no such program;
 *     PERMISSION_DENIED: it may not be executed; UNSUPPORTED; SYSTEM.
 */
CALC_IPC_API
calc_ipc_status calc_ipc_pipe_spawn(const char *const *argv,
                                    const struct calc_ipc_client_options *options,
                                    struct calc_ipc_pipe **out);

/**
 * Asks the child, and waits for the answer.
 *
 * @param pipe      The pipe.
 * @param request   The request.
 * @param response  Takes the answer; `success` is false if there is no result.
 * @return OK; INVALID_ARGUMENT: an unknown operation; BUSY: another call is using the pipe;
 *     TIMED_OUT: the pipe stays usable, and a late answer is dropped; CLOSED or PEER_DIED: the
 *     child is gone; MALFORMED: the answer is no response; FORKED; SYSTEM. After TIMED_OUT, CLOSED
 *     and PEER_DIED, the request may have been executed.
 */
CALC_IPC_API
calc_ipc_status calc_ipc_pipe_call(const struct calc_ipc_pipe *pipe,
                                   const struct calc_ipc_request *request,
                                   struct calc_ipc_response *response);

/**
 * Closes the pipe, which tells the child to end, waits for it a bounded time, then kills it, and
 * frees everything. No other use of it may overlap that.
 *
 * @param pipe  The pipe, not to be used again; NULL does nothing.
 */
CALC_IPC_API void calc_ipc_pipe_destroy(struct calc_ipc_pipe *pipe);

/**
 * Serves one client until its requests end: what a spawned program calls with 0 and 1.
 *
 * @param input      The descriptor that requests come from.
 * @param output     The descriptor that answers go to.
 * @param handler    What answers; NULL is the calculator.
 * @param user_data  Passed to `handler`.
 * @param options    NULL: the defaults.
 * @return OK: the requests ended; INVALID_ARGUMENT: also a negative descriptor; UNSUPPORTED; or why
 *     serving failed.
 */
CALC_IPC_API
calc_ipc_status calc_ipc_pipe_serve(int input,
                                    int output,
                                    calc_ipc_handler handler,
                                    void *user_data,
                                    const struct calc_ipc_server_options *options);

/**
 * Creates a server at a pair of paths, where clients may connect from now on; they are served once
 * run or start begins. FIFOs that a dead server left there are replaced.
 *
 * Clients made by this library announce themselves over a third FIFO and get a pair of their own, so
 * that their answers never mix. The pair at the two paths serves other programs that write frames, one
 * at a time. FIFOs do not tell who writes, so clients have to run as the server's user.
 *
 * @param request_path   The FIFO of requests, whose name in its folder has at most 220 bytes;
 *                       `request_path`.hello and `request_path`.lock are created beside it.
 * @param response_path  The FIFO of answers; `response_path`.lock is created beside it.
 * @param handler        What answers; NULL is the calculator.
 * @param user_data      Passed to `handler`; has to live until destroy returns.
 * @param options        NULL: the defaults.
 * @param out            Takes the server, to be destroyed; NULL on failure.
 * @return OK; INVALID_ARGUMENT: also a path that is too long, the same path twice, or one that
 *     ends with .hello or .lock; ADDRESS_IN_USE: a live server, a FIFO that another program has
 *     open, or a file that is no FIFO, is there; PERMISSION_DENIED; UNSUPPORTED: also a `mode` for other users; SYSTEM.
 */
CALC_IPC_API
calc_ipc_status calc_ipc_fifo_server_create(const char *request_path,
                                            const char *response_path,
                                            calc_ipc_handler handler,
                                            void *user_data,
                                            const struct calc_ipc_server_options *options,
                                            struct calc_ipc_fifo_server **out);

/**
 * Serves in this thread until the server is stopped, or idle if the options say so.
 *
 * @param server  The server.
 * @return OK: stopped or idle; BUSY: it serves already; STOPPED: it was stopped before; FORKED;
 *     or why serving failed.
 */
CALC_IPC_API calc_ipc_status calc_ipc_fifo_server_run(const struct calc_ipc_fifo_server *server);

/**
 * Serves in a thread of the library until the server is stopped.
 *
 * @param server  The server.
 * @return OK: it serves; BUSY: it serves already; STOPPED: it was stopped before; FORKED; SYSTEM.
 */
CALC_IPC_API calc_ipc_status calc_ipc_fifo_server_start(const struct calc_ipc_fifo_server *server);

/**
 * Stops for good: frees the address, closes every connection and waits until serving has ended,
 * which takes 200 ms at most unless a handler is still running.
 *
 * @param server  The server. One that is stopped already stays so.
 * @return OK; BUSY: called in the server's own handler; FORKED; after start, also why serving
 *     failed.
 */
CALC_IPC_API calc_ipc_status calc_ipc_fifo_server_stop(const struct calc_ipc_fifo_server *server);

/**
 * Asks the server to stop and never waits; may be called in a signal handler. Follow it up with
 * stop or destroy.
 *
 * @param server  The server; NULL does nothing.
 */
CALC_IPC_API void calc_ipc_fifo_server_request_stop(const struct calc_ipc_fifo_server *server);

/**
 * Stops the server and frees it. It may be called while run runs in another thread, and waits for
 * it. In the server's own handler it does nothing.
 *
 * @param server  The server, not to be used again; NULL does nothing.
 */
CALC_IPC_API void calc_ipc_fifo_server_destroy(struct calc_ipc_fifo_server *server);

/**
 * Connects to the server at a pair of paths.
 *
 * @param request_path   The server's FIFO of requests.
 * @param response_path  The server's FIFO of answers.
 * @param options        NULL: the defaults.
 * @param out            Takes the client, to be destroyed; NULL on failure.
 * @return OK; NOT_CONNECTED: no server is there; TIMED_OUT: it did not accept in time; REFUSED: it
 *     is full; PERMISSION_DENIED: it runs as another user, or this user may not connect; UNSUPPORTED;
 *     SYSTEM.
 */
CALC_IPC_API
calc_ipc_status calc_ipc_fifo_client_create(const char *request_path,
                                            const char *response_path,
                                            const struct calc_ipc_client_options *options,
                                            struct calc_ipc_fifo_client **out);

/**
 * Asks the server, and waits for the answer.
 *
 * @param client    The client.
 * @param request   The request.
 * @param response  Takes the answer; `success` is false if there is no result.
 * @return OK; INVALID_ARGUMENT: an unknown operation; BUSY: another call is using the client;
 *     TIMED_OUT: the client stays usable, and a late answer is dropped; CLOSED or PEER_DIED: the
 *     connection is gone; MALFORMED: the answer is no response; REFUSED: the server is full;
 *     FORKED; SYSTEM. After TIMED_OUT, CLOSED and PEER_DIED, the request may have been executed.
 */
CALC_IPC_API
calc_ipc_status calc_ipc_fifo_client_call(const struct calc_ipc_fifo_client *client,
                                          const struct calc_ipc_request *request,
                                          struct calc_ipc_response *response);

/**
 * Closes the connection and frees the client. No other use of it may overlap that.
 *
 * @param client  The client, not to be used again; NULL does nothing.
 */
CALC_IPC_API void calc_ipc_fifo_client_destroy(struct calc_ipc_fifo_client *client);

/**
 * Creates a server with a name, under which clients may connect from now on; they are served once
 * run or start begins. What a dead server left there is replaced.
 *
 * @param name       The name, with or without a leading slash, at most 98 bytes more: files
 *                   /dev/shm/name and /dev/shm/name.lock.
 * @param handler    What answers; NULL is the calculator.
 * @param user_data  Passed to `handler`; has to live until destroy returns.
 * @param options    NULL: the defaults.
 * @param out        Takes the server, to be destroyed; NULL on failure.
 * @return OK; INVALID_ARGUMENT: also a name that is too long or has another slash;
 *     ADDRESS_IN_USE: a live server, or a file that is no server's, is there; PERMISSION_DENIED;
 *     UNSUPPORTED; SYSTEM.
 */
CALC_IPC_API
calc_ipc_status calc_ipc_shm_server_create(const char *name,
                                           calc_ipc_handler handler,
                                           void *user_data,
                                           const struct calc_ipc_server_options *options,
                                           struct calc_ipc_shm_server **out);

/**
 * Serves in this thread until the server is stopped, or idle if the options say so.
 *
 * @param server  The server.
 * @return OK: stopped or idle; BUSY: it serves already; STOPPED: it was stopped before; FORKED;
 *     or why serving failed.
 */
CALC_IPC_API calc_ipc_status calc_ipc_shm_server_run(const struct calc_ipc_shm_server *server);

/**
 * Serves in a thread of the library until the server is stopped.
 *
 * @param server  The server.
 * @return OK: it serves; BUSY: it serves already; STOPPED: it was stopped before; FORKED; SYSTEM.
 */
CALC_IPC_API calc_ipc_status calc_ipc_shm_server_start(const struct calc_ipc_shm_server *server);

/**
 * Stops for good: frees the address, closes every connection and waits until serving has ended,
 * which takes 200 ms at most unless a handler is still running.
 *
 * @param server  The server. One that is stopped already stays so.
 * @return OK; BUSY: called in the server's own handler; FORKED; after start, also why serving
 *     failed.
 */
CALC_IPC_API calc_ipc_status calc_ipc_shm_server_stop(const struct calc_ipc_shm_server *server);

/**
 * Asks the server to stop and never waits; may be called in a signal handler. Follow it up with
 * stop or destroy.
 *
 * @param server  The server; NULL does nothing.
 */
CALC_IPC_API void calc_ipc_shm_server_request_stop(const struct calc_ipc_shm_server *server);

/**
 * Stops the server and frees it. It may be called while run runs in another thread, and waits for
 * it. In the server's own handler it does nothing.
 *
 * @param server  The server, not to be used again; NULL does nothing.
 */
CALC_IPC_API void calc_ipc_shm_server_destroy(struct calc_ipc_shm_server *server);

/**
 * Connects to the server with a name.
 *
 * @param name     The name, with or without a leading slash.
 * @param options  NULL: the defaults.
 * @param out      Takes the client, to be destroyed; NULL on failure.
 * @return OK; NOT_CONNECTED: no server is there; TIMED_OUT: it did not accept in time; REFUSED: it
 *     is full; PERMISSION_DENIED: it runs as another user, or this user may not connect; UNSUPPORTED;
 *     SYSTEM.
 */
CALC_IPC_API
calc_ipc_status calc_ipc_shm_client_create(const char *name,
                                           const struct calc_ipc_client_options *options,
                                           struct calc_ipc_shm_client **out);

/**
 * Asks the server, and waits for the answer.
 *
 * @param client    The client.
 * @param request   The request.
 * @param response  Takes the answer; `success` is false if there is no result.
 * @return OK; INVALID_ARGUMENT: an unknown operation; BUSY: another call is using the client;
 *     TIMED_OUT: the client stays usable, and a late answer is dropped; CLOSED or PEER_DIED: the
 *     connection is gone; MALFORMED: the answer is no response; REFUSED: the server is full;
 *     FORKED; SYSTEM. After TIMED_OUT, CLOSED and PEER_DIED, the request may have been executed.
 */
CALC_IPC_API
calc_ipc_status calc_ipc_shm_client_call(const struct calc_ipc_shm_client *client,
                                         const struct calc_ipc_request *request,
                                         struct calc_ipc_response *response);

/**
 * Closes the connection and frees the client. No other use of it may overlap that.
 *
 * @param client  The client, not to be used again; NULL does nothing.
 */
CALC_IPC_API void calc_ipc_shm_client_destroy(struct calc_ipc_shm_client *client);

/**
 * Creates a server at a path, where clients may connect from now on; they are served once run or
 * start begins. A socket that a dead server left there is replaced.
 *
 * @param path       The socket, at most 107 bytes; `path`.lock is created beside it.
 * @param handler    What answers; NULL is the calculator.
 * @param user_data  Passed to `handler`; has to live until destroy returns.
 * @param options    NULL: the defaults.
 * @param out        Takes the server, to be destroyed; NULL on failure.
 * @return OK; INVALID_ARGUMENT: also a path that is too long; ADDRESS_IN_USE: a live server, or a
 *     file that is no socket of a server, is there; PERMISSION_DENIED; UNSUPPORTED; SYSTEM.
 */
CALC_IPC_API
calc_ipc_status calc_ipc_uds_server_create(const char *path,
                                           calc_ipc_handler handler,
                                           void *user_data,
                                           const struct calc_ipc_server_options *options,
                                           struct calc_ipc_uds_server **out);

/**
 * Serves in this thread until the server is stopped, or idle if the options say so.
 *
 * @param server  The server.
 * @return OK: stopped or idle; BUSY: it serves already; STOPPED: it was stopped before; FORKED;
 *     or why serving failed.
 */
CALC_IPC_API calc_ipc_status calc_ipc_uds_server_run(const struct calc_ipc_uds_server *server);

/**
 * Serves in a thread of the library until the server is stopped.
 *
 * @param server  The server.
 * @return OK: it serves; BUSY: it serves already; STOPPED: it was stopped before; FORKED; SYSTEM.
 */
CALC_IPC_API calc_ipc_status calc_ipc_uds_server_start(const struct calc_ipc_uds_server *server);

/**
 * Stops for good: frees the address, closes every connection and waits until serving has ended,
 * which takes 200 ms at most unless a handler is still running.
 *
 * @param server  The server. One that is stopped already stays so.
 * @return OK; BUSY: called in the server's own handler; FORKED; after start, also why serving
 *     failed.
 */
CALC_IPC_API calc_ipc_status calc_ipc_uds_server_stop(const struct calc_ipc_uds_server *server);

/**
 * Asks the server to stop and never waits; may be called in a signal handler. Follow it up with
 * stop or destroy.
 *
 * @param server  The server; NULL does nothing.
 */
CALC_IPC_API void calc_ipc_uds_server_request_stop(const struct calc_ipc_uds_server *server);

/**
 * Stops the server and frees it. It may be called while run runs in another thread, and waits for
 * it. In the server's own handler it does nothing.
 *
 * @param server  The server, not to be used again; NULL does nothing.
 */
CALC_IPC_API void calc_ipc_uds_server_destroy(struct calc_ipc_uds_server *server);

/**
 * Connects to the server at a path.
 *
 * @param path     The socket.
 * @param options  NULL: the defaults.
 * @param out      Takes the client, to be destroyed; NULL on failure.
 * @return OK; NOT_CONNECTED: no server is there; TIMED_OUT: it did not accept in time; REFUSED: it
 *     is full; PERMISSION_DENIED: it runs as another user, or this user may not connect; UNSUPPORTED;
 *     SYSTEM.
 */
CALC_IPC_API
calc_ipc_status calc_ipc_uds_client_create(const char *path,
                                           const struct calc_ipc_client_options *options,
                                           struct calc_ipc_uds_client **out);

/**
 * Asks the server, and waits for the answer.
 *
 * @param client    The client.
 * @param request   The request.
 * @param response  Takes the answer; `success` is false if there is no result.
 * @return OK; INVALID_ARGUMENT: an unknown operation; BUSY: another call is using the client;
 *     TIMED_OUT: the client stays usable, and a late answer is dropped; CLOSED or PEER_DIED: the
 *     connection is gone; MALFORMED: the answer is no response; REFUSED: the server is full;
 *     FORKED; SYSTEM. After TIMED_OUT, CLOSED and PEER_DIED, the request may have been executed.
 */
CALC_IPC_API
calc_ipc_status calc_ipc_uds_client_call(const struct calc_ipc_uds_client *client,
                                         const struct calc_ipc_request *request,
                                         struct calc_ipc_response *response);

/**
 * Closes the connection and frees the client. No other use of it may overlap that.
 *
 * @param client  The client, not to be used again; NULL does nothing.
 */
CALC_IPC_API void calc_ipc_uds_client_destroy(struct calc_ipc_uds_client *client);

/**
 * Creates a server at a path, where clients may connect from now on; they are served once run or
 * start begins. A socket that a dead server left there is replaced.
 *
 * @param path       The socket, at most 107 bytes; `path`.lock is created beside it.
 * @param handler    What answers; NULL is the calculator.
 * @param user_data  Passed to `handler`; has to live until destroy returns.
 * @param options    NULL: the defaults.
 * @param out        Takes the server, to be destroyed; NULL on failure.
 * @return OK; INVALID_ARGUMENT: also a path that is too long; ADDRESS_IN_USE: a live server, or a
 *     file that is no socket of a server, is there; PERMISSION_DENIED; UNSUPPORTED; SYSTEM.
 */
CALC_IPC_API
calc_ipc_status calc_ipc_seqpacket_server_create(const char *path,
                                                 calc_ipc_handler handler,
                                                 void *user_data,
                                                 const struct calc_ipc_server_options *options,
                                                 struct calc_ipc_seqpacket_server **out);

/**
 * Serves in this thread until the server is stopped, or idle if the options say so.
 *
 * @param server  The server.
 * @return OK: stopped or idle; BUSY: it serves already; STOPPED: it was stopped before; FORKED;
 *     or why serving failed.
 */
CALC_IPC_API
calc_ipc_status calc_ipc_seqpacket_server_run(const struct calc_ipc_seqpacket_server *server);

/**
 * Serves in a thread of the library until the server is stopped.
 *
 * @param server  The server.
 * @return OK: it serves; BUSY: it did already; STOPPED: it was stopped before; FORKED; SYSTEM.
 */
CALC_IPC_API
calc_ipc_status calc_ipc_seqpacket_server_start(const struct calc_ipc_seqpacket_server *server);

/**
 * Stops for good: frees the address, closes every connection and waits until serving has ended,
 * which takes 200 ms at most unless a handler is still running.
 *
 * @param server  The server. One that is stopped already stays so.
 * @return OK; BUSY: called in the server's own handler; FORKED; after start, also why serving
 *     failed.
 */
CALC_IPC_API
calc_ipc_status calc_ipc_seqpacket_server_stop(const struct calc_ipc_seqpacket_server *server);

/**
 * Asks the server to stop and never waits; may be called in a signal handler. Follow it up with
 * stop or destroy.
 *
 * @param server  The server; NULL does nothing.
 */
CALC_IPC_API
void calc_ipc_seqpacket_server_request_stop(const struct calc_ipc_seqpacket_server *server);

/**
 * Stops the server and frees it. May overlap run, and waits for it. In the server's own handler
 * it does nothing.
 *
 * @param server  The server, not to be used again; NULL does nothing.
 */
CALC_IPC_API void calc_ipc_seqpacket_server_destroy(struct calc_ipc_seqpacket_server *server);

/**
 * Connects to the server at a path.
 *
 * @param path     The socket.
 * @param options  NULL: the defaults.
 * @param out      Takes the client, to be destroyed; NULL on failure.
 * @return OK; NOT_CONNECTED: no server is there; TIMED_OUT: it did not accept in time; REFUSED: it
 *     is full; PERMISSION_DENIED: it is not this user's, or will not have this user; UNSUPPORTED;
 *     SYSTEM.
 */
CALC_IPC_API
calc_ipc_status calc_ipc_seqpacket_client_create(const char *path,
                                                 const struct calc_ipc_client_options *options,
                                                 struct calc_ipc_seqpacket_client **out);

/**
 * Asks the server, and waits for the answer.
 *
 * @param client    The client.
 * @param request   The request.
 * @param response  Takes the answer, which may be that there is no result.
 * @return OK; INVALID_ARGUMENT: an unknown operation; BUSY: another call is using the client;
 *     TIMED_OUT: the client stays usable, and a late answer is dropped; CLOSED or PEER_DIED: the
 *     connection is gone; MALFORMED: the answer is no response; REFUSED: the server is full;
 *     FORKED; SYSTEM. After TIMED_OUT, CLOSED and PEER_DIED, the request may have been executed.
 */
CALC_IPC_API
calc_ipc_status calc_ipc_seqpacket_client_call(const struct calc_ipc_seqpacket_client *client,
                                               const struct calc_ipc_request *request,
                                               struct calc_ipc_response *response);

/**
 * Closes the connection and frees the client. Nothing may overlap it.
 *
 * @param client  The client, not to be used again; NULL does nothing.
 */
CALC_IPC_API void calc_ipc_seqpacket_client_destroy(struct calc_ipc_seqpacket_client *client);

/**
 * Creates a server at a port, where clients may connect from now on; they are served once run or
 * start begins.
 *
 * @param host       An address of this machine, or a name of it: 127.0.0.1, ::1, localhost.
 * @param port       The port; 0 lets the system choose one, see calc_ipc_tcp_server_port().
 * @param handler    What answers; NULL is the calculator.
 * @param user_data  Passed to `handler`; has to live until destroy returns.
 * @param options    NULL: the defaults.
 * @param out        Takes the server, to be destroyed; NULL on failure.
 * @return OK; INVALID_ARGUMENT: also a host that is empty, longer than 253 bytes or not known;
 *     PERMISSION_DENIED: other machines could reach the host's address, and `allow_remote` is not
 *     set, or the port is for root; ADDRESS_IN_USE; UNSUPPORTED; SYSTEM.
 */
CALC_IPC_API
calc_ipc_status calc_ipc_tcp_server_create(const char *host,
                                           uint16_t port,
                                           calc_ipc_handler handler,
                                           void *user_data,
                                           const struct calc_ipc_server_options *options,
                                           struct calc_ipc_tcp_server **out);

/**
 * The port of a server, which the system chose if it was created with 0.
 *
 * @param server  The server.
 * @return The port; 0 if `server` is NULL.
 */
CALC_IPC_API uint16_t calc_ipc_tcp_server_port(const struct calc_ipc_tcp_server *server);

/**
 * Serves in this thread until the server is stopped, or idle if the options say so.
 *
 * @param server  The server.
 * @return OK: stopped or idle; BUSY: it serves already; STOPPED: it was stopped before; FORKED;
 *     or why serving failed.
 */
CALC_IPC_API calc_ipc_status calc_ipc_tcp_server_run(const struct calc_ipc_tcp_server *server);

/**
 * Serves in a thread of the library until the server is stopped.
 *
 * @param server  The server.
 * @return OK: it serves; BUSY: it serves already; STOPPED: it was stopped before; FORKED; SYSTEM.
 */
CALC_IPC_API calc_ipc_status calc_ipc_tcp_server_start(const struct calc_ipc_tcp_server *server);

/**
 * Stops for good: frees the address, closes every connection and waits until serving has ended,
 * which takes 200 ms at most unless a handler is still running.
 *
 * @param server  The server. One that is stopped already stays so.
 * @return OK; BUSY: called in the server's own handler; FORKED; after start, also why serving
 *     failed.
 */
CALC_IPC_API calc_ipc_status calc_ipc_tcp_server_stop(const struct calc_ipc_tcp_server *server);

/**
 * Asks the server to stop and never waits; may be called in a signal handler. Follow it up with
 * stop or destroy.
 *
 * @param server  The server; NULL does nothing.
 */
CALC_IPC_API void calc_ipc_tcp_server_request_stop(const struct calc_ipc_tcp_server *server);

/**
 * Stops the server and frees it. It may be called while run runs in another thread, and waits for
 * it. In the server's own handler it does nothing.
 *
 * @param server  The server, not to be used again; NULL does nothing.
 */
CALC_IPC_API void calc_ipc_tcp_server_destroy(struct calc_ipc_tcp_server *server);

/**
 * Connects to the server at a port.
 *
 * @param host     The server's host, a name or an address.
 * @param port     Its port, not 0.
 * @param options  NULL: the defaults.
 * @param out      Takes the client, to be destroyed; NULL on failure.
 * @return OK; INVALID_ARGUMENT: also a host that is empty or longer than 253 bytes;
 *     NOT_CONNECTED: no server is there, or the host is not known; TIMED_OUT: it did not accept in time; UNSUPPORTED; SYSTEM.
 */
CALC_IPC_API
calc_ipc_status calc_ipc_tcp_client_create(const char *host,
                                           uint16_t port,
                                           const struct calc_ipc_client_options *options,
                                           struct calc_ipc_tcp_client **out);

/**
 * Asks the server, and waits for the answer.
 *
 * @param client    The client.
 * @param request   The request.
 * @param response  Takes the answer; `success` is false if there is no result.
 * @return OK; INVALID_ARGUMENT: an unknown operation; BUSY: another call is using the client;
 *     TIMED_OUT: the client stays usable, and a late answer is dropped; CLOSED or PEER_DIED: the
 *     connection is gone; MALFORMED: the answer is no response; REFUSED: the server is full;
 *     FORKED; SYSTEM. After TIMED_OUT, CLOSED and PEER_DIED, the request may have been executed.
 */
CALC_IPC_API
calc_ipc_status calc_ipc_tcp_client_call(const struct calc_ipc_tcp_client *client,
                                         const struct calc_ipc_request *request,
                                         struct calc_ipc_response *response);

/**
 * Closes the connection and frees the client. No other use of it may overlap that.
 *
 * @param client  The client, not to be used again; NULL does nothing.
 */
CALC_IPC_API void calc_ipc_tcp_client_destroy(struct calc_ipc_tcp_client *client);

/**
 * Creates a server at a name, where clients may connect from now on; they are served once run or
 * start begins. The name is free again once its server is destroyed or its process has ended.
 *
 * @param name       The pipe: `name` or `\\.\pipe\name`.
 * @param handler    What answers; NULL is the calculator.
 * @param user_data  Passed to `handler`; has to live until destroy returns.
 * @param options    NULL: the defaults. `allow_remote` does nothing: other machines are never let in.
 * @param out        Takes the server, to be destroyed; NULL on failure.
 * @return OK; INVALID_ARGUMENT: also a name that is none; ADDRESS_IN_USE: a live server, or a pipe of
 *     another program, is there; PERMISSION_DENIED; SYSTEM; UNSUPPORTED: a pipe of another machine, and
 *     everything on systems other than Windows, where calc_ipc_uds_server_create() is to be called.
 */
CALC_IPC_API
calc_ipc_status calc_ipc_named_pipe_server_create(const char *name,
                                                  calc_ipc_handler handler,
                                                  void *user_data,
                                                  const struct calc_ipc_server_options *options,
                                                  struct calc_ipc_named_pipe_server **out);

/**
 * Serves in this thread until the server is stopped, or idle if the options say so.
 *
 * @param server  The server.
 * @return OK: stopped or idle; BUSY: it serves already; STOPPED: it was stopped before; or why
 *     serving failed; UNSUPPORTED: not on this system.
 */
CALC_IPC_API
calc_ipc_status calc_ipc_named_pipe_server_run(const struct calc_ipc_named_pipe_server *server);

/**
 * Serves in a thread of the library until the server is stopped.
 *
 * @param server  The server.
 * @return OK: it serves; BUSY: it did already; STOPPED: it was stopped before; SYSTEM;
 *     UNSUPPORTED: not on this system.
 */
CALC_IPC_API
calc_ipc_status calc_ipc_named_pipe_server_start(const struct calc_ipc_named_pipe_server *server);

/**
 * Stops for good: frees the name, closes every connection and waits until serving has ended,
 * which takes 200 ms at most unless a handler is still running.
 *
 * @param server  The server. One that is stopped already stays so.
 * @return OK; BUSY: called in the server's own handler; after start, also why serving failed;
 *     UNSUPPORTED: not on this system.
 */
CALC_IPC_API
calc_ipc_status calc_ipc_named_pipe_server_stop(const struct calc_ipc_named_pipe_server *server);

/**
 * Asks the server to stop and never waits; may be called in a console handler (SetConsoleCtrlHandler).
 * Follow it up with stop or destroy.
 *
 * @param server  The server; NULL does nothing.
 */
CALC_IPC_API
void calc_ipc_named_pipe_server_request_stop(const struct calc_ipc_named_pipe_server *server);

/**
 * Stops the server and frees it. May overlap run, and waits for it. In the server's own handler
 * it does nothing.
 *
 * @param server  The server, not to be used again; NULL does nothing.
 */
CALC_IPC_API void calc_ipc_named_pipe_server_destroy(struct calc_ipc_named_pipe_server *server);

/**
 * Connects to the server at a name. Where all instances of its pipe are taken for the moment, this waits until
 * `connect_timeout_ms` have passed.
 *
 * @param name     The pipe: `name` or `\\.\pipe\name`.
 * @param options  NULL: the defaults. A `server_uid` that is a number is UNSUPPORTED: users of Windows have none.
 * @param out      Takes the client, to be destroyed; NULL on failure.
 * @return OK; INVALID_ARGUMENT: also a name that is none; NOT_CONNECTED: no server is there; TIMED_OUT: it
 *     did not accept in time; REFUSED: it is full; PERMISSION_DENIED: it is not this user's, or will not
 *     have this user; SYSTEM; UNSUPPORTED: also a pipe of another machine, and everything on systems
 *     other than Windows, where calc_ipc_uds_client_create() is to be called.
 */
CALC_IPC_API
calc_ipc_status calc_ipc_named_pipe_client_create(const char *name,
                                                  const struct calc_ipc_client_options *options,
                                                  struct calc_ipc_named_pipe_client **out);

/**
 * Asks the server, and waits for the answer.
 *
 * @param client    The client.
 * @param request   The request.
 * @param response  Takes the answer, which may be that there is no result.
 * @return OK; INVALID_ARGUMENT: an unknown operation; BUSY: another call is using the client;
 *     TIMED_OUT: the client stays usable, and a late answer is dropped; CLOSED or PEER_DIED: the
 *     connection is gone; MALFORMED: the answer is no response; REFUSED: the server is full; SYSTEM;
 *     UNSUPPORTED: not on this system. After TIMED_OUT, CLOSED and PEER_DIED, the request may have been
 *     executed.
 */
CALC_IPC_API
calc_ipc_status calc_ipc_named_pipe_client_call(const struct calc_ipc_named_pipe_client *client,
                                                const struct calc_ipc_request *request,
                                                struct calc_ipc_response *response);

/**
 * Closes the connection and frees the client. Nothing may overlap it.
 *
 * @param client  The client, not to be used again; NULL does nothing.
 */
CALC_IPC_API void calc_ipc_named_pipe_client_destroy(struct calc_ipc_named_pipe_client *client);

/**
 * Creates a server at a URL, where clients may connect from now on; they are served once run or
 * start begins.
 *
 * @param url        The address, of any transport but exec:, as the opening comment says.
 * @param handler    What answers; NULL is the calculator.
 * @param user_data  Passed to `handler`; has to live until destroy returns.
 * @param options    NULL: the defaults.
 * @param out        Takes the server, to be destroyed; NULL on failure.
 * @return OK; INVALID_ARGUMENT: also what is no URL of a server; or what the create of the
 *     transport gives.
 */
CALC_IPC_API
calc_ipc_status calc_ipc_server_create(const char *url,
                                       calc_ipc_handler handler,
                                       void *user_data,
                                       const struct calc_ipc_server_options *options,
                                       struct calc_ipc_server **out);

/**
 * Creates a server of messages of your own, as calc_ipc_server_create() does.
 *
 * Its answer to a message over `max_message` is TOO_LARGE, and it closes that connection.
 *
 * @param url        The address, of any transport but exec:, as the opening comment says.
 * @param handler    What answers; not NULL.
 * @param user_data  Passed to `handler`; has to live until destroy returns.
 * @param options    NULL: the defaults. `max_message` bounds requests and answers.
 * @param out        Takes the server, to be destroyed; NULL on failure.
 * @return As calc_ipc_server_create().
 */
CALC_IPC_API
calc_ipc_status calc_ipc_server_create_bytes(const char *url,
                                             calc_ipc_bytes_handler handler,
                                             void *user_data,
                                             const struct calc_ipc_server_options *options,
                                             struct calc_ipc_server **out);

/**
 * Serves in this thread until the server is stopped, or idle if the options say so; over stdio:
 * also until the input ends.
 *
 * @param server  The server.
 * @return OK: stopped or idle; BUSY: it serves already, or is driven by calc_ipc_server_dispatch(); STOPPED: it was stopped before; FORKED;
 *     PERMISSION_DENIED: this process was another user when it created the server, and clients of its
 *     user now could not connect; or why serving failed.
 */
CALC_IPC_API
calc_ipc_status calc_ipc_server_run(const struct calc_ipc_server *server);

/**
 * Serves in a thread of the library until the server is stopped.
 *
 * @param server  The server.
 * @return OK: it serves; BUSY: it serves already, or is driven by calc_ipc_server_dispatch(); STOPPED: it was stopped before; FORKED;
 *     PERMISSION_DENIED: as run; SYSTEM.
 */
CALC_IPC_API
calc_ipc_status calc_ipc_server_start(const struct calc_ipc_server *server);

/**
 * Stops for good: frees the address, closes every connection and waits until serving has ended,
 * which takes 200 ms at most unless a handler is still running.
 *
 * @param server  The server. One that is stopped already stays so.
 * @return OK; BUSY: called in the server's own handler; FORKED; after start, also why serving
 *     failed.
 */
CALC_IPC_API calc_ipc_status calc_ipc_server_stop(const struct calc_ipc_server *server);

/**
 * Asks the server to stop and never waits; may be called in a signal handler. Follow it up with
 * stop or destroy.
 *
 * @param server  The server; NULL does nothing.
 */
CALC_IPC_API void calc_ipc_server_request_stop(const struct calc_ipc_server *server);

/**
 * Stops the server and frees it. It may be called while run runs in another thread, and waits for
 * it. In the server's own handler it does nothing.
 *
 * @param server  The server, not to be used again; NULL does nothing.
 */
CALC_IPC_API void calc_ipc_server_destroy(struct calc_ipc_server *server);

/**
 * The URL that clients of a server use: as it was given, with the real port where that was 0.
 *
 * @param server  The server.
 * @return The URL, which lives as long as the server; NULL if `server` is NULL.
 */
CALC_IPC_API const char *calc_ipc_server_url(const struct calc_ipc_server *server);

/**
 * Creates a server of messages of your own whose answers may come later, as calc_ipc_server_create_bytes() does.
 *
 * calc_ipc_server_stop() and calc_ipc_server_destroy() do not wait for replies that are out: their clients get CLOSED. Such
 * replies still have to be ended, and give STOPPED. So has one whose client has gone, which leaves its place to another
 * client: who keeps many replies asks calc_ipc_reply_check() now and then.
 *
 * @param url        The address, of any transport but exec:, as the opening comment says.
 * @param handler    What answers; not NULL.
 * @param user_data  Passed to `handler`; has to live until destroy returns.
 * @param options    NULL: the defaults. `max_message` bounds requests and answers, `max_clients` the replies that are out
 *                   to clients that are there.
 * @param out        Takes the server, to be destroyed; NULL on failure.
 * @return As calc_ipc_server_create().
 */
CALC_IPC_API
calc_ipc_status calc_ipc_server_create_deferred(const char *url,
                                                calc_ipc_deferred_handler handler,
                                                void *user_data,
                                                const struct calc_ipc_server_options *options,
                                                struct calc_ipc_server **out);

/**
 * Answers the request, and ends the reply, whatever it returns. It never waits, and any thread may call it.
 *
 * @param reply   The reply.
 * @param answer  The answer, which is copied; may be NULL if it is empty.
 * @param length  Bytes at `answer`.
 * @return OK: it was taken, which does not say that it arrives; CLOSED: the client has gone; STOPPED: the server was
 *     stopped; FORKED: the reply is the parent's, for which nothing happens; TOO_LARGE: over `max_message`, SYSTEM: no
 *     memory for it, or INVALID_ARGUMENT: NULL with a length, after which the client gets HANDLER_FAILED;
 *     INVALID_ARGUMENT: also a reply that was ended before, where that can be told.
 */
CALC_IPC_API
calc_ipc_status calc_ipc_reply_send(struct calc_ipc_reply *reply,
                                    const uint8_t *answer,
                                    size_t length);

/**
 * As calc_ipc_reply_send(), with the answer that a calculator would give: calc_ipc_client_call() reads it.
 *
 * @param reply     The reply.
 * @param response  The answer; not NULL.
 * @return As there.
 */
CALC_IPC_API
calc_ipc_status calc_ipc_reply_send_response(struct calc_ipc_reply *reply,
                                             const struct calc_ipc_response *response);

/**
 * Gives the client HANDLER_FAILED, and ends the reply. Any thread may call it.
 *
 * @param reply  The reply; NULL does nothing.
 * @param text   Why, for the server's side alone. NULL: what calc_ipc_current_failure() was told in the handler that this
 *               thread is inside of, if it was.
 */
CALC_IPC_API
void calc_ipc_reply_fail(struct calc_ipc_reply *reply,
                         const char *text);

/**
 * Whether somebody waits for the answer, as far as is known: to find out before long work, or now and then.
 *
 * A caller whose time is over still looks like one who waits. Over TCP, and if the client has closed its side for writing
 * only, its end shows when the answer is sent.
 *
 * @param reply  The reply, which stays as it is.
 * @return OK; CLOSED: the client has gone; STOPPED; FORKED; INVALID_ARGUMENT: also a reply that was ended, where that can
 *     be told. The reply has to be ended in any case.
 */
CALC_IPC_API
calc_ipc_status calc_ipc_reply_check(const struct calc_ipc_reply *reply);

/**
 * Says what a server did so far. It never waits, costs the calls nothing, and may be called in the
 * server's handler and observer, and after its stop. What a client has been answered is counted.
 *
 * @param server  The server.
 * @param out     Takes the numbers; its `size` is set by the caller.
 * @return OK; INVALID_ARGUMENT: also a `size` that no version has; FORKED.
 */
CALC_IPC_API
calc_ipc_status calc_ipc_server_stats(const struct calc_ipc_server *server,
                                      struct calc_ipc_stats *out);

/**
 * Gives a descriptor to watch for reading in an event loop of your own, which then drives the server:
 * by calc_ipc_server_dispatch(), in place of run and start.
 *
 * It is readable at the latest when calc_ipc_server_dispatch() would do something, the dropping of
 * clients that are too slow included. It may be so without; once calc_ipc_server_dispatch() with a
 * timeout of 0 has given TIMED_OUT, it is not, until something happens. A turn that leaves work leaves
 * it readable: so one call for each time that the loop wakes up is enough where the loop is
 * level-triggered, and an edge-triggered one calls until TIMED_OUT. The number stays the same for the
 * server's life. Never read, write or close it, nor set its flags. After STOPPED it stays readable:
 * take it out of your loop, at the latest before calc_ipc_server_destroy(), which closes it.
 * Descriptors of event loops may be watched by others in turn: at most four above this one.
 *
 * The first of these calls, or of calc_ipc_server_dispatch(), is what the beginning of
 * calc_ipc_server_run() is.
 *
 * @param server  The server.
 * @param fd      Takes the descriptor.
 * @return OK; BUSY: it was run or started, or another thread makes the first of these calls;
 *     INVALID_ARGUMENT: also `workers` over 1; STOPPED; FORKED; PERMISSION_DENIED: as run; SYSTEM;
 *     UNSUPPORTED: a server at stdio:, and not on Windows, where calc_ipc_server_wait_handle() gives
 *     a handle.
 */
CALC_IPC_API
calc_ipc_status calc_ipc_server_fd(const struct calc_ipc_server *server,
                                   int *fd);

/**
 * Gives a handle to wait for, on Windows, in an event loop of your own (WaitForMultipleObjects), which
 * then drives the server by calc_ipc_server_dispatch(): a manual-reset event, which follows the rule of
 * calc_ipc_server_fd().
 *
 * It is signalled at the latest when calc_ipc_server_dispatch() would do something, and once that has
 * given TIMED_OUT with a timeout of 0, it is not, until something happens. A turn that leaves work
 * leaves it signalled, and so does STOPPED. The handle stays the same for the server's life. Never set,
 * reset or close it, and wait for it no more before calc_ipc_server_destroy(), which closes it.
 *
 * @param server  The server.
 * @param out     Takes the handle.
 * @return OK; BUSY, INVALID_ARGUMENT, STOPPED and PERMISSION_DENIED as calc_ipc_server_fd(); SYSTEM;
 *     UNSUPPORTED: a server at stdio:, and not on this system, where calc_ipc_server_fd() gives a
 *     descriptor.
 */
CALC_IPC_API
calc_ipc_status calc_ipc_server_wait_handle(const struct calc_ipc_server *server,
                                            void **out);

/**
 * One turn of a server in this thread: lets clients in, reads what they ask, runs handlers, answers.
 * Handlers and the observer run in it, and nowhere else but in the stop.
 *
 * The first of these calls is what the beginning of calc_ipc_server_run() is: from then on the server
 * has no thread but those that call this, one at a time, and run and start give BUSY for good, as this
 * does after them. `stop_when_idle` is ignored, and `workers` is 1 or 0. calc_ipc_server_stop() and
 * calc_ipc_server_destroy() may be called in any thread: they wait for a call that is under way, and
 * close everything themselves; calc_ipc_server_request_stop() leaves that to the next call.
 *
 * @param server      The server.
 * @param timeout_ms  How many milliseconds to wait for something to do; 0: only look; or
 *                    CALC_IPC_TIMEOUT_NONE.
 * @return OK: something was done; TIMED_OUT: there was nothing to do; STOPPED; BUSY: another call is
 *     under way, or this one comes from the server's handler, or it was run or started;
 *     INVALID_ARGUMENT: also CALC_IPC_TIMEOUT_DEFAULT, and `workers` over 1; FORKED;
 *     PERMISSION_DENIED: as run; UNSUPPORTED: a server at stdio:; or why serving failed.
 */
CALC_IPC_API
calc_ipc_status calc_ipc_server_dispatch(const struct calc_ipc_server *server,
                                         uint32_t timeout_ms);

/**
 * Connects to the server at a URL; exec: starts it as a child, which ends with the client.
 *
 * @param url      The address, of any transport, as the opening comment says.
 * @param options  NULL: the defaults.
 * @param out      Takes the client, to be destroyed; NULL on failure.
 * @return OK; INVALID_ARGUMENT: also what is no URL for a client; NOT_CONNECTED: no server, or no
 *     such program; or what else the create of the transport gives.
 */
CALC_IPC_API
calc_ipc_status calc_ipc_client_create(const char *url,
                                       const struct calc_ipc_client_options *options,
                                       struct calc_ipc_client **out);

/**
 * Asks the server, and waits for the answer.
 *
 * @param client    The client.
 * @param request   The request.
 * @param response  Takes the answer; `success` is false if there is no result.
 * @return OK; INVALID_ARGUMENT: an unknown operation; BUSY: another call is using the client, which has
 *     no `connections`, or calls that were submitted and not taken have all of them; TIMED_OUT: the client
 *     stays usable, and a late answer is dropped, or no connection was free in time; CLOSED or PEER_DIED:
 *     the connection is gone; MALFORMED: the answer is no response, and the client stays usable;
 *     HANDLER_FAILED: a server of messages of its own failed; REFUSED: the server is full; CANCELLED:
 *     calc_ipc_client_request_stop(); NOT_CONNECTED: no server, to a client that reconnects; FORKED;
 *     SYSTEM. After TIMED_OUT, CLOSED, PEER_DIED and CANCELLED, the request may have been executed.
 */
CALC_IPC_API
calc_ipc_status calc_ipc_client_call(const struct calc_ipc_client *client,
                                     const struct calc_ipc_request *request,
                                     struct calc_ipc_response *response);

/**
 * As calc_ipc_client_call(), with a time limit of this call's own.
 *
 * @param client      The client.
 * @param timeout_ms  How many milliseconds the call may take, or CALC_IPC_TIMEOUT_DEFAULT, or
 *                    CALC_IPC_TIMEOUT_NONE; not 0.
 * @param request     The request.
 * @param response    Takes the answer, which may be that there is no result.
 * @return As calc_ipc_client_call(); INVALID_ARGUMENT: also no time at all.
 */
CALC_IPC_API
calc_ipc_status calc_ipc_client_call_within(const struct calc_ipc_client *client,
                                            uint32_t timeout_ms,
                                            const struct calc_ipc_request *request,
                                            struct calc_ipc_response *response);

/**
 * Sends many requests, as many at once as the transport carries, and takes the answers in order.
 *
 * `call_timeout_ms` starts again with each answer.
 *
 * @param client     The client.
 * @param requests   The requests; NULL if there are none.
 * @param count      How many; 0 is fine.
 * @param responses  Takes as many answers; NULL if there are none.
 * @param completed  Takes how many of `responses` were written, also on failure: the answers to the
 *                   first `completed` requests. Later requests may have been executed.
 * @return OK: all are answered; INVALID_ARGUMENT: also an unknown operation anywhere, and nothing
 *     is sent; else as calc_ipc_client_call().
 */
CALC_IPC_API
calc_ipc_status calc_ipc_client_call_many(const struct calc_ipc_client *client,
                                          const struct calc_ipc_request *requests,
                                          size_t count,
                                          struct calc_ipc_response *responses,
                                          size_t *completed);

/**
 * Sends a message of your own, and waits for the answer.
 *
 * @param client           The client.
 * @param request          The message; may be NULL if it is empty.
 * @param length           Bytes at `request`, `max_message` of the client's options at most.
 * @param response         Takes the answer; may be NULL if there is no room for one.
 * @param capacity         Bytes at `response`.
 * @param response_length  Takes the length of the answer, or on BUFFER_TOO_SMALL how long it was.
 * @return OK; TOO_LARGE: the message is over this client's `max_message`, and nothing was sent; or it
 *     is over the server's, which closes the connection; or the answer is over this client's, and was
 *     dropped; BUFFER_TOO_SMALL: the answer is over `capacity`, and was dropped; HANDLER_FAILED: the
 *     server's handler failed, and the client stays usable; BUSY, TIMED_OUT, CLOSED, PEER_DIED,
 *     REFUSED, CANCELLED, NOT_CONNECTED, FORKED and SYSTEM as calc_ipc_client_call(). After TIMED_OUT,
 *     CLOSED, PEER_DIED and CANCELLED, `response` may hold a part of the answer.
 */
CALC_IPC_API
calc_ipc_status calc_ipc_client_call_bytes(const struct calc_ipc_client *client,
                                           const uint8_t *request,
                                           size_t length,
                                           uint8_t *response,
                                           size_t capacity,
                                           size_t *response_length);

/**
 * As calc_ipc_client_call_bytes(), with a time limit of this call's own.
 *
 * @param client           The client.
 * @param timeout_ms       How many milliseconds the call may take, or CALC_IPC_TIMEOUT_DEFAULT, or
 *                         CALC_IPC_TIMEOUT_NONE; not 0.
 * @param request          The message; may be NULL if it is empty.
 * @param length           Bytes at `request`, `max_message` of the client's options at most.
 * @param response         Takes the answer; may be NULL if there is no room for one.
 * @param capacity         Bytes at `response`.
 * @param response_length  Takes the length of the answer, or on BUFFER_TOO_SMALL how long it was.
 * @return As calc_ipc_client_call_bytes(); INVALID_ARGUMENT: also no time at all.
 */
CALC_IPC_API
calc_ipc_status calc_ipc_client_call_bytes_within(const struct calc_ipc_client *client,
                                                  uint32_t timeout_ms,
                                                  const uint8_t *request,
                                                  size_t length,
                                                  uint8_t *response,
                                                  size_t capacity,
                                                  size_t *response_length);

/**
 * Closes the connection and frees the client. No other use of it may overlap that.
 *
 * @param client  The client, not to be used again; NULL does nothing.
 */
CALC_IPC_API void calc_ipc_client_destroy(struct calc_ipc_client *client);

/**
 * Sends a message of your own without waiting for its answer. It never waits, and copies the message.
 *
 * Exactly one completion will come, from calc_ipc_client_next(). What the system did not take at once
 * is sent by that, too: call it more often than the server's stall_timeout_ms. Any threads may submit,
 * take completions and cancel at once.
 *
 * Over a stream a request is sent at once, unless the client is known to come back: its
 * calc_ipc_client_fd() was asked for, and is readable then, or a thread spins in calc_ipc_client_next().
 * Then some hundred bytes of requests may wait for that, to go together, while the server has earlier
 * ones to answer. If the last two times eight and more were submitted before completions were taken,
 * the next as many go in two halves, and fewer as the client comes back. Over shared memory one
 * request, or one batch, is under way at a time: those behind it go when answers are taken, or once
 * some hundred bytes of them wait. What waits when the client is destroyed is never sent.
 *
 * @param client      The client.
 * @param timeout_ms  How many milliseconds the call may take from here on, or
 *                    CALC_IPC_TIMEOUT_DEFAULT, or CALC_IPC_TIMEOUT_NONE; not 0.
 * @param message     The message; may be NULL if it is empty.
 * @param length      Bytes at `message`, `max_message` of the client's options at most.
 * @param tag         Anything; the completion has it.
 * @param id          Takes the call's number, which begins at 1 and is never used again; may be NULL.
 * @return OK; BUSY: for each connection, CALC_IPC_IN_FLIGHT_MAX calls are under way, not taken, or still
 *     owed an answer, or more than max_message and 64 KiB wait to be sent, or a call that is waited for
 *     has the only connection of a client without `connections`; TOO_LARGE; CLOSED or PEER_DIED: the last
 *     connection is gone; REFUSED: the server is full; NOT_CONNECTED: no server, to a client that
 *     reconnects; CANCELLED: calc_ipc_client_request_stop(); FORKED; SYSTEM. After what is no OK, nothing
 *     was sent.
 */
CALC_IPC_API
calc_ipc_status calc_ipc_client_submit(const struct calc_ipc_client *client,
                                       uint32_t timeout_ms,
                                       const uint8_t *message,
                                       size_t length,
                                       uint64_t tag,
                                       uint64_t *id);

/**
 * As calc_ipc_client_submit(), with a request. CALC_IPC_FRAME_MAX bytes have room for any answer to it,
 * which calc_ipc_response_parse() reads.
 *
 * @param client      The client.
 * @param timeout_ms  As there.
 * @param request     The request.
 * @param tag         As there.
 * @param id          As there; may be NULL.
 * @return As there; INVALID_ARGUMENT: also an unknown operation.
 */
CALC_IPC_API
calc_ipc_status calc_ipc_client_submit_request(const struct calc_ipc_client *client,
                                               uint32_t timeout_ms,
                                               const struct calc_ipc_request *request,
                                               uint64_t tag,
                                               uint64_t *id);

/**
 * Takes the completion of a call that was submitted, and waits for one.
 *
 * It waits whether or not a call is under way, since another thread may submit one. Answers over one
 * connection come in the order in which their calls were submitted, those over several as they come; a
 * call whose time is over, or that was cancelled, completes then, and its late answer is dropped.
 *
 * @param client      The client.
 * @param timeout_ms  How many milliseconds to wait; 0: only look; or CALC_IPC_TIMEOUT_NONE.
 * @param answer      Takes the answer; may be NULL if there is no room for one.
 * @param capacity    Bytes at `answer`.
 * @param out         Takes the completion; its `size` is set by the caller.
 * @return OK: a completion came, and `out->status` says what the call came to; TIMED_OUT: none came;
 *     BUFFER_TOO_SMALL: `out->length` says what the answer needs, and the completion stays the first;
 *     INVALID_ARGUMENT: also CALC_IPC_TIMEOUT_DEFAULT, and a `size` that no version has; CANCELLED: after
 *     calc_ipc_client_request_stop(), once all completions were taken; FORKED; SYSTEM.
 */
CALC_IPC_API
calc_ipc_status calc_ipc_client_next(const struct calc_ipc_client *client,
                                     uint32_t timeout_ms,
                                     uint8_t *answer,
                                     size_t capacity,
                                     struct calc_ipc_completion *out);

/**
 * Ends a call that was submitted. Its completion says CANCELLED, unless the call was over before.
 *
 * The server is not told; a request of which nothing was sent yet is never sent.
 *
 * @param client  The client.
 * @param id      The call's number.
 * @return OK; INVALID_ARGUMENT: no call was ever given this number; FORKED.
 */
CALC_IPC_API
calc_ipc_status calc_ipc_client_cancel(const struct calc_ipc_client *client,
                                       uint64_t id);

/**
 * Ends all calls that are under way or submitted, with CANCELLED, and every later one at once.
 *
 * A call that is waited for ends within 50 ms, one that connects or waits for a connection too. Each call that
 * was submitted completes; calc_ipc_client_next() gives these completions, then CANCELLED. Any thread may ask
 * for it, a signal handler too; it never waits. Join the threads that use the client, then destroy it. In a
 * forked child it does nothing.
 *
 * @param client  The client; NULL does nothing.
 */
CALC_IPC_API
void calc_ipc_client_request_stop(const struct calc_ipc_client *client);

/**
 * Gives a descriptor to watch for reading in an event loop of your own.
 *
 * It is readable at the latest when calc_ipc_client_next() would give a completion without waiting. It
 * may be so without one; once calc_ipc_client_next() with a timeout of 0 has given TIMED_OUT, it is
 * not, until something happens. So take completions until TIMED_OUT, then return to the loop, which may
 * be level- or edge-triggered. The number stays the same for the client's life. Never read, write or
 * close it, nor set its flags, and take it out of your loop before calc_ipc_client_destroy(), which
 * closes it. Descriptors of event loops may be watched by others in turn: at most four above this one.
 *
 * @param client  The client.
 * @param fd      Takes the descriptor.
 * @return OK; FORKED; SYSTEM: no descriptors; UNSUPPORTED: not on Windows, where
 *     calc_ipc_client_wait_handle() gives a handle.
 */
CALC_IPC_API
calc_ipc_status calc_ipc_client_fd(const struct calc_ipc_client *client,
                                   int *fd);

/**
 * Gives a handle to wait for, on Windows, in an event loop of your own (WaitForMultipleObjects), which
 * then takes completions: a manual-reset event, which follows the rule of calc_ipc_client_fd().
 *
 * It is signalled at the latest when calc_ipc_client_next() would give a completion, and once that has
 * given TIMED_OUT with a timeout of 0, it is not, until something happens. So take completions until
 * TIMED_OUT, then wait again. The handle stays the same for the client's life. Never set, reset or close
 * it, and wait for it no more before calc_ipc_client_destroy(), which closes it.
 *
 * @param client  The client.
 * @param out     Takes the handle.
 * @return OK; SYSTEM: no handles; UNSUPPORTED: not on this system, where calc_ipc_client_fd() gives a
 *     descriptor.
 */
CALC_IPC_API
calc_ipc_status calc_ipc_client_wait_handle(const struct calc_ipc_client *client,
                                            void **out);

/**
 * Lends memory for a message, where the transport will read it.
 *
 * Over shared memory that is memory which the server reads; elsewhere it is private memory, with the same
 * result, only slower. A loan occupies one connection until calc_ipc_client_give_back(): calls go over the
 * others, or get BUSY, or wait, as if a call were under way. calc_ipc_client_destroy() ends it, too. In a
 * forked child the memory must not be touched.
 *
 * @param client   The client.
 * @param length   The most bytes that the message will have, `max_message` of the client's options at most.
 * @param message  Takes the address of memory for at least so many bytes, a multiple of 64; NULL on failure.
 *                 What stands there means nothing.
 * @return OK; TOO_LARGE: over this client's `max_message`; a server's lower limit shows at
 *     calc_ipc_client_call_loaned(); BUSY, TIMED_OUT, CLOSED, PEER_DIED, REFUSED, CANCELLED, NOT_CONNECTED,
 *     FORKED and SYSTEM as calc_ipc_client_call(), for which it may wait as long: for a connection, for what
 *     the server shares, for a late answer. Nothing was sent.
 */
CALC_IPC_API
calc_ipc_status calc_ipc_client_loan(const struct calc_ipc_client *client,
                                     size_t length,
                                     uint8_t **message);

/**
 * Sends a message that lies in a loan, and waits for the answer, which is read where it lies.
 *
 * A loan serves any number of calls, one after another. The answer stays as it is until the next
 * calc_ipc_client_call_loaned() with this loan, or until that is given back. It is at an address that is a
 * multiple of 16. Over shared memory a client whose `server_uid` is CALC_IPC_SERVER_UID_OWN reads large answers where the
 * server wrote them, and trusts it not to change them; any other is given a copy.
 *
 * @param client         The client.
 * @param timeout_ms     How many milliseconds the call may take, or CALC_IPC_TIMEOUT_DEFAULT, or
 *                       CALC_IPC_TIMEOUT_NONE; not 0.
 * @param message        What calc_ipc_client_loan() gave.
 * @param length         Bytes of the message, as many as were asked for at most.
 * @param answer         Takes the address of the answer; NULL on failure.
 * @param answer_length  Takes the length of the answer; 0 on failure.
 * @return OK; INVALID_ARGUMENT: also a message that is no loan of this client's, or longer than that, or
 *     whose loan is spent; BUSY: another call with this loan is under way; TOO_LARGE: the message is over the
 *     server's `max_message`, which closes the connection, or the answer is over this client's, and was
 *     dropped; HANDLER_FAILED; TIMED_OUT, CLOSED, PEER_DIED, REFUSED, CANCELLED, FORKED and SYSTEM as
 *     calc_ipc_client_call(). After TIMED_OUT, CLOSED, PEER_DIED or CANCELLED, if the message may have been
 *     sent (calc_ipc_last_not_executed()), the loan is spent: do not write to it, and give it back.
 */
CALC_IPC_API
calc_ipc_status calc_ipc_client_call_loaned(const struct calc_ipc_client *client,
                                            uint32_t timeout_ms,
                                            uint8_t *message,
                                            size_t length,
                                            const uint8_t **answer,
                                            size_t *answer_length);

/**
 * Ends a loan: its memory, and the last answer, must not be used again.
 *
 * @param client   The client; NULL does nothing.
 * @param message  What calc_ipc_client_loan() gave. NULL, what is no loan of this client's, and one with
 *                 which a call is under way are ignored.
 */
CALC_IPC_API
void calc_ipc_client_give_back(const struct calc_ipc_client *client,
                               const uint8_t *message);

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus

#endif  /* CALC_IPC_H */
