// nng, req and rep over ipc:, whose server takes the next request when it has answered the last, since the job is
// short: https://nng.nanomsg.org/man/v1.5.0/nng_rep.7.html, https://nng.nanomsg.org/man/v1.5.0/nng_req.7.html
#include "contestant.hpp"

#include <nng/nng.h>
#include <nng/protocol/reqrep0/rep.h>
#include <nng/protocol/reqrep0/req.h>

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

class NngServer {
  public:
    explicit NngServer(const std::string &address) : socket(nng_rep0_open) {
        checked(nng_listen(socket.get(), url_of(address).c_str(), nullptr, 0), "nng_listen");
    }

    void serve() {
        rival::FastCodec codec;
        for (nng_msg *message = nullptr; receive(&message);) {
            const std::string_view request(static_cast<const char *>(nng_msg_body(message)), nng_msg_len(message));
            const std::string_view answer = codec.answer(request);
            // An echo is sent as it came, without a copy.
            if (answer.data() != request.data()) {
                nng_msg_clear(message);
                checked(nng_msg_append(message, answer.data(), answer.size()), "nng_msg_append");
            }
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
        nng_msg *message = std::exchange(answer, nullptr);
        if (message == nullptr)
            checked(nng_msg_alloc(&message, 0), "nng_msg_alloc");
        nng_msg_clear(message);
        checked(nng_msg_append(message, request.data(), request.size()), "nng_msg_append");
        checked(nng_sendmsg(socket.get(), message, 0), "nng_sendmsg");
        checked(nng_recvmsg(socket.get(), &answer, 0), "nng_recvmsg");
        return {static_cast<const char *>(nng_msg_body(answer)), nng_msg_len(answer)};
    }
    pid_t server() const { return 0; }

  private:
    Socket socket;
    // It carries the next request.
    nng_msg *answer = nullptr;
};

struct Nng {
    using Codec = rival::FastCodec;
    using Server = NngServer;
    using Client = NngClient;
    static constexpr int clients = 0;
    // It asks again when the server is back.
    static constexpr bool sees_death = false;
    static rival::Description describe() {
        return {std::string("nng req/rep ") + nng_version(), "rival", "unix", "blocking"};
    }
};

} // namespace

int main(int argc, char **argv) { return rival::contend<Nng>(argc, argv); }
