// nng, req and rep over ipc:, whose server takes the next request when it has answered the last, since the job is
// short: https://nng.nanomsg.org/man/v1.5.0/nng_rep.7.html, https://nng.nanomsg.org/man/v1.5.0/nng_req.7.html. If
// RIVAL_CONTEXTS, each request under way has a context on both sides, and the server answers in callbacks, as nng's
// demo/async/server.c does: https://nng.nanomsg.org/man/v1.5.0/nng_ctx.5.html
#include "contestant.hpp"

#include <nng/nng.h>
#include <nng/protocol/reqrep0/rep.h>
#include <nng/protocol/reqrep0/req.h>

#include <future>

namespace {

void checked(int result, const char *what) {
    if (result != 0)
        throw std::runtime_error(std::string(what) + ": " + nng_strerror(result));
}

std::string url_of(const std::string &address) { return "ipc://" + address + ".sock"; }

class Socket {
  public:
    using Open = int(nng_socket *);

    explicit Socket(Open *open) {
        checked(open(&socket), "nng_open");
        // Otherwise messages above 1 MiB, with their header, are dropped.
        checked(nng_socket_set_size(socket, NNG_OPT_RECVMAXSZ, 0), "NNG_OPT_RECVMAXSZ");
    }
    Socket(const Socket &) = delete;
    ~Socket() { close(); }

    nng_socket get() const { return socket; }
    void close() { nng_close(socket); }

  private:
    nng_socket socket{};
};

std::string_view view(nng_msg *message) {
    return {static_cast<const char *>(nng_msg_body(message)), nng_msg_len(message)};
}

// A message with this body; `message`, if there is one.
nng_msg *filled(nng_msg *message, std::string_view body) {
    if (message == nullptr)
        checked(nng_msg_alloc(&message, 0), "nng_msg_alloc");
    nng_msg_clear(message);
    checked(nng_msg_append(message, body.data(), body.size()), "nng_msg_append");
    return message;
}

// Makes the answer of the request. An echo is sent as it came, without a copy.
void answer(rival::FastCodec &codec, nng_msg *message) {
    const std::string_view request = view(message), body = codec.answer(request);
    if (body.data() != request.data())
        filled(message, body);
}

#ifdef RIVAL_CONTEXTS
constexpr std::size_t most_under_way = 64;
constexpr const char *how = "nng contexts ";

// What is under way, or was.
class Operation {
  public:
    using Callback = void(void *);

    explicit Operation(Callback *callback = nullptr, void *argument = nullptr) {
        checked(nng_aio_alloc(&aio, callback, argument), "nng_aio_alloc");
    }
    Operation(const Operation &) = delete;
    // Waits until its callback has returned.
    ~Operation() { nng_aio_free(aio); }

    nng_aio *get() const { return aio; }
    nng_msg *message() const { return nng_aio_get_msg(aio); }
    int result() const { return nng_aio_result(aio); }
    void wait(const char *what) {
        nng_aio_wait(aio);
        checked(result(), what);
    }

  private:
    nng_aio *aio = nullptr;
};

class Context {
  public:
    explicit Context(const Socket &socket) { checked(nng_ctx_open(&context, socket.get()), "nng_ctx_open"); }
    Context(const Context &) = delete;
    ~Context() { nng_ctx_close(context); }

    void send(const Operation &with, nng_msg *message) {
        nng_aio_set_msg(with.get(), message);
        nng_ctx_send(context, with.get());
    }
    void receive(const Operation &with) { nng_ctx_recv(context, with.get()); }

  private:
    nng_ctx context{};
};

// Answers one request after the other, beside others.
class Worker {
  public:
    explicit Worker(const Socket &socket) : context(socket), operation(go_on, this) {}

    void begin() {
        is_receiving = true;
        context.receive(operation);
    }

  private:
    static void go_on(void *worker) {
        rival::or_die([&] { static_cast<Worker *>(worker)->go_on(); });
    }

    void go_on() {
        if (operation.result() == NNG_ECLOSED)
            return;
        checked(operation.result(), is_receiving ? "nng_ctx_recv" : "nng_ctx_send");
        if (!is_receiving)
            return begin();
        is_receiving = false;
        nng_msg *const message = operation.message();
        answer(codec, message);
        context.send(operation, message);
    }

    Context context;
    rival::FastCodec codec;
    bool is_receiving = false;
    // Freed first, so that it has ended.
    Operation operation;
};

class NngServer {
  public:
    explicit NngServer(const std::string &address) : socket(nng_rep0_open) {
        for (std::size_t i = 0; i < most_under_way; i++)
            workers.push_back(std::make_unique<Worker>(socket));
        checked(nng_listen(socket.get(), url_of(address).c_str(), nullptr, 0), "nng_listen");
    }

    // The library's threads serve.
    void serve() {
        for (const auto &worker : workers)
            worker->begin();
        stopped.get_future().wait();
    }
    void stop() {
        socket.close();
        stopped.set_value();
    }

  private:
    Socket socket;
    std::vector<std::unique_ptr<Worker>> workers;
    std::promise<void> stopped;
};

// A request that is under way.
class Call {
  public:
    explicit Call(const Socket &socket) : context(socket) {}
    ~Call() { nng_msg_free(answer); }

    void submit(std::string_view request) {
        context.send(sending, filled(std::exchange(answer, nullptr), request));
        context.receive(receiving);
    }
    std::string_view take() {
        sending.wait("nng_ctx_send");
        receiving.wait("nng_ctx_recv");
        answer = receiving.message();
        return view(answer);
    }

  private:
    Context context;
    Operation sending, receiving;
    // It carries the next request.
    nng_msg *answer = nullptr;
};

class NngClient {
  public:
    explicit NngClient(const std::string &address) : socket(nng_req0_open) {
        for (std::size_t i = 0; i < most_under_way; i++)
            calls.push_back(std::make_unique<Call>(socket));
        checked(nng_dial(socket.get(), url_of(address).c_str(), nullptr, 0), "nng_dial");
    }

    void submit(std::string_view request) { calls[submitted++ % calls.size()]->submit(request); }
    std::string_view take() { return calls[taken++ % calls.size()]->take(); }
    std::string_view call(std::string_view request) {
        submit(request);
        return take();
    }
    pid_t server() const { return 0; }

  private:
    Socket socket;
    // Used in turn. Closed before the socket is.
    std::vector<std::unique_ptr<Call>> calls;
    std::size_t submitted = 0, taken = 0;
};
#else
constexpr std::size_t most_under_way = 1;
constexpr const char *how = "nng req/rep ";

class NngServer {
  public:
    explicit NngServer(const std::string &address) : socket(nng_rep0_open) {
        checked(nng_listen(socket.get(), url_of(address).c_str(), nullptr, 0), "nng_listen");
    }

    void serve() {
        rival::FastCodec codec;
        for (nng_msg *message = nullptr; receive(&message);) {
            answer(codec, message);
            checked(nng_sendmsg(socket.get(), message, 0), "nng_sendmsg");
        }
    }
    void stop() { socket.close(); }

  private:
    bool receive(nng_msg **message) {
        const int result = nng_recvmsg(socket.get(), message, 0);
        if (result != NNG_ECLOSED)
            checked(result, "nng_recvmsg");
        return result == 0;
    }

    Socket socket;
};

class NngClient {
  public:
    explicit NngClient(const std::string &address) : socket(nng_req0_open) {
        checked(nng_dial(socket.get(), url_of(address).c_str(), nullptr, 0), "nng_dial");
    }
    ~NngClient() { nng_msg_free(answer); }

    std::string_view call(std::string_view request) {
        nng_msg *const message = filled(std::exchange(answer, nullptr), request);
        checked(nng_sendmsg(socket.get(), message, 0), "nng_sendmsg");
        checked(nng_recvmsg(socket.get(), &answer, 0), "nng_recvmsg");
        return view(answer);
    }
    pid_t server() const { return 0; }

  private:
    Socket socket;
    // It carries the next request.
    nng_msg *answer = nullptr;
};
#endif

struct Nng {
    using Codec = rival::FastCodec;
    using Server = NngServer;
    using Client = NngClient;
    static constexpr int clients = 0;
    static constexpr std::size_t depth = most_under_way;
    // It asks again when the server is back.
    static constexpr bool sees_death = false;
    static rival::Description describe() { return {std::string(how) + nng_version(), "rival", "unix", "blocking"}; }
};

} // namespace

int main(int argc, char **argv) { return rival::contend<Nng>(argc, argv); }
