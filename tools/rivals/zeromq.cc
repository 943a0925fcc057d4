// ZeroMQ, a REQ socket for each client and one ROUTER that serves them all, over ipc: or, if RIVAL_TCP, over tcp:.
// The guide's request-reply pattern: https://zguide.zeromq.org/docs/chapter3/
#include "contestant.hpp"

#include <fstream>
#include <zmq.h>

namespace {

int checked(int result, const char *what) {
    if (result == -1)
        throw std::runtime_error(std::string(what) + ": " + zmq_strerror(zmq_errno()));
    return result;
}

template <int (*Close)(void *)> struct Closer {
    void operator()(void *handle) const { Close(handle); }
};
using Context = std::unique_ptr<void, Closer<zmq_ctx_term>>;
using Socket = std::unique_ptr<void, Closer<zmq_close>>;

class Message {
  public:
    Message() { zmq_msg_init(&message); }
    Message(const Message &) = delete;
    ~Message() { zmq_msg_close(&message); }

    int receive_from(const Socket &socket) { return zmq_msg_recv(&message, socket.get(), 0); }
    int send_to(const Socket &socket, int flags) { return zmq_msg_send(&message, socket.get(), flags); }
    std::string_view get() { return {static_cast<const char *>(zmq_msg_data(&message)), zmq_msg_size(&message)}; }

  private:
    zmq_msg_t message;
};

Socket opened(const Context &context, int type) {
    Socket socket(zmq_socket(context.get(), type));
    const int none = 0;
    checked(zmq_setsockopt(socket.get(), ZMQ_LINGER, &none, sizeof none), "ZMQ_LINGER");
    return socket;
}

#ifdef RIVAL_TCP
std::string port_file(const std::string &address) { return address + ".port"; }

void bind(const Socket &socket, const std::string &address) {
    checked(zmq_bind(socket.get(), "tcp://127.0.0.1:*"), "zmq_bind");
    char endpoint[64];
    std::size_t size = sizeof endpoint;
    checked(zmq_getsockopt(socket.get(), ZMQ_LAST_ENDPOINT, endpoint, &size), "ZMQ_LAST_ENDPOINT");
    const std::string name(endpoint);
    std::ofstream(port_file(address)) << name.substr(name.rfind(':') + 1) << '\n';
}
void unbind(const std::string &address) { ::unlink(port_file(address).c_str()); }

std::string endpoint_of(const std::string &address) {
    std::string port;
    std::ifstream(port_file(address)) >> port;
    return "tcp://127.0.0.1:" + port;
}
#else
std::string endpoint_of(const std::string &address) { return "ipc://" + address + ".sock"; }

void bind(const Socket &socket, const std::string &address) {
    checked(zmq_bind(socket.get(), endpoint_of(address).c_str()), "zmq_bind");
}
void unbind(const std::string &address) { ::unlink((address + ".sock").c_str()); }
#endif

class ZeroMqServer {
  public:
    explicit ZeroMqServer(const std::string &address)
        : address(address), context(zmq_ctx_new()), router(opened(context, ZMQ_ROUTER)) {
        bind(router, address);
    }
    ~ZeroMqServer() { unbind(address); }

    void serve() {
        rival::FastCodec codec;
        // Who asks, an empty frame, and the request.
        for (Message client, empty, request; receive(client, empty, request);) {
            const std::string_view answer = codec.answer(request.get());
            checked(client.send_to(router, ZMQ_SNDMORE), "zmq_msg_send");
            checked(empty.send_to(router, ZMQ_SNDMORE), "zmq_msg_send");
            if (answer.data() == request.get().data())
                checked(request.send_to(router, 0), "zmq_msg_send");
            else
                checked(zmq_send(router.get(), answer.data(), answer.size(), 0), "zmq_send");
        }
    }
    // Every call of the sockets then fails with ETERM.
    void stop() { zmq_ctx_shutdown(context.get()); }

  private:
    template <class... Frames> bool receive(Frames &...frames) {
        if ((... && (frames.receive_from(router) != -1)))
            return true;
        if (zmq_errno() != ETERM)
            checked(-1, "zmq_msg_recv");
        return false;
    }

    std::string address;
    Context context;
    Socket router;
};

class ZeroMqClient {
  public:
    explicit ZeroMqClient(const std::string &address) : socket(opened(context(), ZMQ_REQ)) {
        checked(zmq_connect(socket.get(), endpoint_of(address).c_str()), "zmq_connect");
    }

    std::string_view call(std::string_view request) {
        checked(zmq_send(socket.get(), request.data(), request.size(), 0), "zmq_send");
        checked(answer.receive_from(socket), "zmq_msg_recv");
        return answer.get();
    }
    pid_t server() const { return 0; }

  private:
    // One context for a process, as the guide has it.
    static const Context &context() {
        static const Context one(zmq_ctx_new());
        return one;
    }

    Socket socket;
    Message answer;
};

struct ZeroMq {
    using Codec = rival::FastCodec;
    using Server = ZeroMqServer;
    using Client = ZeroMqClient;
    static constexpr int clients = 0;
    // It reconnects for ever, and says nothing.
    static constexpr bool sees_death = false;
    static rival::Description describe() {
        int major = 0, minor = 0, patch = 0;
        zmq_version(&major, &minor, &patch);
        const std::string name =
            "ZeroMQ REQ/ROUTER " + std::to_string(major) + "." + std::to_string(minor) + "." + std::to_string(patch);
#ifdef RIVAL_TCP
        return {name + " (tcp)", "rival", "tcp", "blocking"};
#else
        return {name + " (ipc)", "rival", "unix", "blocking"};
#endif
    }
};

} // namespace

int main(int argc, char **argv) { return rival::contend<ZeroMq>(argc, argv); }
