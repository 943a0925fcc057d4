// libqb, a callback server in the library's own loop, and its synchronous send and receive; over shared memory or, if
// RIVAL_SOCKET, over Unix datagram sockets. https://clusterlabs.github.io/libqb/, its examples ipcserver.c and
// ipcclient.c. Several requests are under way by qb_ipcc_sendv and qb_ipcc_recv, which know no more of them than their
// order.
#include "contestant.hpp"

#include <array>
#include <poll.h>
#include <sys/uio.h>

extern "C" {
#include <qb/qbipcc.h>
#include <qb/qbipcs.h>
#include <qb/qbloop.h>
#include <qb/qbutil.h>
}

namespace {

#ifdef RIVAL_SOCKET
constexpr qb_ipc_type type = QB_IPC_SOCKET;
// An answer for which the client's socket has no room is lost: ten datagrams wait there (unix(7), max_dgram_qlen).
constexpr std::size_t most_under_way = 8;
#else
constexpr qb_ipc_type type = QB_IPC_SHM;
constexpr std::size_t most_under_way = 64;
#endif

using Request = qb_ipc_request_header;
using Response = qb_ipc_response_header;
constexpr std::size_t max_message = sizeof(Response) + rival::max_body;

template <class Result> Result checked(Result result, const char *what) {
    if (result < 0) {
        errno = static_cast<int>(-result);
        rival::fail(what);
    }
    return result;
}

iovec piece(const void *data, std::size_t size) { return {const_cast<void *>(data), size}; }

// The library calls back without a context.
qb_loop_t *loop;

std::int32_t job_add(qb_loop_priority priority, void *data, qb_loop_job_dispatch_fn dispatch) {
    return qb_loop_job_add(loop, priority, data, dispatch);
}
std::int32_t dispatch_add(qb_loop_priority priority, std::int32_t fd, std::int32_t events, void *data,
                          qb_ipcs_dispatch_fn_t dispatch) {
    return qb_loop_poll_add(loop, priority, fd, events, data, dispatch);
}
std::int32_t dispatch_mod(qb_loop_priority priority, std::int32_t fd, std::int32_t events, void *data,
                          qb_ipcs_dispatch_fn_t dispatch) {
    return qb_loop_poll_mod(loop, priority, fd, events, data, dispatch);
}
std::int32_t dispatch_del(std::int32_t fd) { return qb_loop_poll_del(loop, fd); }

std::int32_t accept_client(qb_ipcs_connection_t *, uid_t, gid_t) { return 0; }

std::int32_t answer(qb_ipcs_connection_t *client, void *data, std::size_t size) {
    static rival::FastCodec codec;
    const std::string_view request(static_cast<const char *>(data) + sizeof(Request), size - sizeof(Request));
    const std::string_view body = codec.answer(request);
    Response header{};
    header.size = static_cast<std::int32_t>(sizeof header + body.size());
    const std::array<iovec, 2> pieces{piece(&header, sizeof header), piece(body.data(), body.size())};
    return qb_ipcs_response_sendv(client, pieces.data(), pieces.size()) < 0 ? -1 : 0;
}

std::int32_t end_loop(std::int32_t, std::int32_t, void *) {
    qb_loop_stop(loop);
    return -1;
}

class QbServer {
  public:
    explicit QbServer(const std::string &address) {
        loop = qb_loop_create();
        qb_ipcs_service_handlers handlers{};
        handlers.connection_accept = accept_client;
        handlers.msg_process = answer;
        service = qb_ipcs_create(rival::name_of(address).c_str(), 0, type, &handlers);
        qb_ipcs_poll_handlers polling{job_add, dispatch_add, dispatch_mod, dispatch_del};
        qb_ipcs_poll_handlers_set(service, &polling);
        checked(qb_ipcs_run(service), "qb_ipcs_run");
        std::array<int, 2> ends{};
        rival::checked(::pipe(ends.data()), "pipe");
        woken = rival::Descriptor(ends[0]);
        wake = rival::Descriptor(ends[1]);
        checked(qb_loop_poll_add(loop, QB_LOOP_HIGH, woken.get(), POLLIN, nullptr, end_loop), "qb_loop_poll_add");
    }
    ~QbServer() {
        qb_ipcs_destroy(service);
        qb_loop_destroy(loop);
    }

    void serve() { qb_loop_run(loop); }
    void stop() { rival::checked(::write(wake.get(), "", 1), "write"); }

  private:
    qb_ipcs_service_t *service;
    rival::Descriptor woken, wake;
};

class QbClient {
  public:
    explicit QbClient(const std::string &address) {
        room.resize(max_message);
#ifdef RIVAL_SOCKET
        // The kernel's limit on datagrams.
        room.resize(static_cast<std::size_t>(checked(qb_ipcc_verify_dgram_max_msg_size(max_message), "libqb")));
#endif
        connection = qb_ipcc_connect(rival::name_of(address).c_str(), room.size());
        if (connection == nullptr)
            rival::fail("qb_ipcc_connect");
    }
    QbClient(const QbClient &) = delete;
    ~QbClient() { qb_ipcc_disconnect(connection); }

    // Not qb_ipcc_sendv_recv, which gives up where the ring has no room for a long request before the last one is
    // reclaimed.
    std::string_view call(std::string_view body) {
        submit(body);
        return take();
    }
    void submit(std::string_view body) {
        const Message message = fitting(body);
        ssize_t sent;
        // The server has to take some first.
        while ((sent = qb_ipcc_sendv(connection, message.pieces.data(), message.pieces.size())) == -EAGAIN)
            std::this_thread::yield();
        checked(sent, "qb_ipcc_sendv");
    }
    std::string_view take() { return taken(qb_ipcc_recv(connection, room.data(), room.size(), -1)); }
    pid_t server() const { return 0; }

  private:
    struct Message {
        explicit Message(std::string_view body) {
            header.id = QB_IPC_MSG_USER_START;
            header.size = static_cast<std::int32_t>(sizeof header + body.size());
            pieces = {piece(&header, sizeof header), piece(body.data(), body.size())};
        }
        Message(const Message &) = delete;
        Request header{};
        std::array<iovec, 2> pieces;
    };

    Message fitting(std::string_view body) const {
        if (sizeof(Response) + body.size() > room.size())
            throw rival::Skip("a body is larger than a datagram of this system can be");
        return Message(body);
    }

    std::string_view taken(ssize_t size) const {
        return {room.data() + sizeof(Response), static_cast<std::size_t>(checked(size, "libqb")) - sizeof(Response)};
    }

    std::vector<char> room;
    qb_ipcc_connection_t *connection = nullptr;
};

struct Qb {
    using Codec = rival::FastCodec;
    using Server = QbServer;
    using Client = QbClient;
    static constexpr int clients = 0;
    static constexpr std::size_t depth = most_under_way;
    static constexpr bool sees_death = true;
    static rival::Description describe() {
        const std::string version =
            std::to_string(qb_ver.major) + "." + std::to_string(qb_ver.minor) + "." + std::to_string(qb_ver.micro);
        if (type == QB_IPC_SHM)
            return {"libqb " + version + " (shm)", "rival", "shm", "blocking"};
        return {"libqb " + version + " (socket)", "rival", "unix", "blocking"};
    }
};

} // namespace

int main(int argc, char **argv) { return rival::contend<Qb>(argc, argv); }
