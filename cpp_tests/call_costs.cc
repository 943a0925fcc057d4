// What scripts/call_costs.sh counts the instructions and system calls of. Nobody spins, since how often would be
// chance, but where that is said.
//
//     call_costs serve URL          answers requests until its last client has gone; says first where
//     call_costs serve-spun URL     the same, and spins for the next one rather than sleep
//     call_costs serve-bytes URL    the same, with messages of any kind, which it gives back
//     call_costs serve-pipe         what exec: executes
//     call_costs WORK COUNT [URL]   does the work this often; what each is, the table at the end says
#include <calc_ipc.hpp>

#include <array>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <functional>
#include <memory>
#include <poll.h>
#include <string>
#include <sys/syscall.h>
#include <system_error>
#include <unistd.h>
#include <utility>
#include <vector>

using namespace calc_ipc;

namespace {

/// How often the clock moves, in seconds: it ends each spin that is under way.
std::time_t tick = 1;
constexpr std::time_t SPUN_TICK = 60;

} // namespace

/// The clock of both sides. It moves to the next full tick, since how many turns of some microseconds a batch takes,
/// and so how many system calls, would be the machine's speed. It is a system call, as the C library's is under
/// valgrind.
extern "C" int clock_gettime(clockid_t clock, struct timespec *now) noexcept {
    const long failed = syscall(SYS_clock_gettime, clock, now);
    if (failed == 0) {
        now->tv_sec += tick - now->tv_sec % tick;
        now->tv_nsec = 0;
    }
    return static_cast<int>(failed);
}

namespace {

constexpr std::size_t BATCH = 64;
constexpr std::size_t BYTES = 32 << 10;

void require(bool holds, const char *what) {
    if (!holds) {
        std::fprintf(stderr, "call_costs: %s: %s\n", what, calc_ipc_last_error());
        std::exit(1);
    }
}

/// For how long either side spins, in microseconds: the longest there is, or not at all.
std::uint32_t spin = 0;
constexpr std::uint32_t LONGEST_SPIN = 1000;

/// From now on, this side spins.
void beginToSpin() {
    spin = LONGEST_SPIN;
    tick = SPUN_TICK;
}

// --- Servers ---------------------------------------------------------------

ServerOptions serverOptions() {
    ServerOptions options;
    options.spin_us = spin;
    options.workers = 1;
    options.stop_when_idle = 1;
    return options;
}

int serve(Server server) {
    std::puts(server.url().c_str());
    std::fflush(stdout);
    server.run();
    return 0;
}

std::size_t echo(BytesView request, BytesRoom response) {
    std::memcpy(response.data(), request.data(), request.size());
    return request.size();
}

int serveBytes(const std::string &url) {
    if (url == "stdio:") {
        Server::bytes(url, echo, serverOptions()).run(); // whose standard output is for answers
        return 0;
    }
    return serve(Server::bytes(url, echo, serverOptions()));
}

int servePipe() {
    calc_ipc::servePipe(0, 1, {}, serverOptions());
    return 0;
}

// --- Clients ---------------------------------------------------------------

ClientOptions clientOptions() {
    ClientOptions options;
    options.spin_us = spin;
    return options;
}

/// A client as C has it.
template <class T, auto Create, auto Call, auto Destroy> class CClient {
  public:
    template <class... Address> explicit CClient(Address... address) {
        const ClientOptions options = clientOptions();
        T *created = nullptr;
        require(Create(address..., &options, &created) == CALC_IPC_STATUS_OK, "create");
        handle_.reset(created);
    }

    void call(std::int64_t i) const {
        const calc_ipc_request request = {CALC_IPC_OPERATION_ADD, 1000 + i % 1000, 20};
        calc_ipc_response response;
        const calc_ipc_status status = Call(handle_.get(), &request, &response);
        require(status == CALC_IPC_STATUS_OK && response.success && response.result == 1020 + i % 1000, "call");
    }

    const T *get() const { return handle_.get(); }

  private:
    std::unique_ptr<T, detail::Deleter<Destroy>> handle_;
};

using AnyCClient = CClient<calc_ipc_client, calc_ipc_client_create, calc_ipc_client_call, calc_ipc_client_destroy>;

using Work = std::function<void(std::int64_t)>;

Work call(const std::string &url) {
    auto client = std::make_shared<AnyCClient>(url.c_str());
    return [client](std::int64_t i) { client->call(i); };
}

/// The same, and it spins for the answer rather than sleep.
Work spun(const std::string &url) {
    beginToSpin();
    return call(url);
}

Work many(const std::string &url) {
    auto client = std::make_shared<AnyCClient>(url.c_str());
    return [client](std::int64_t i) {
        std::array<calc_ipc_request, BATCH> requests;
        static std::array<calc_ipc_response, BATCH> responses;
        requests.fill({CALC_IPC_OPERATION_ADD, 1000 + i % 1000, 20});
        std::size_t completed = 0;
        const calc_ipc_status status =
            calc_ipc_client_call_many(client->get(), requests.data(), BATCH, responses.data(), &completed);
        require(status == CALC_IPC_STATUS_OK && completed == BATCH, "call_many");
        require(responses.back().result == 1020 + i % 1000, "the last of a batch");
    };
}

Work bytes(const std::string &url) {
    auto client = std::make_shared<AnyCClient>(url.c_str());
    auto message = std::make_shared<std::vector<std::uint8_t>>(BYTES, std::uint8_t{7});
    auto answer = std::make_shared<std::vector<std::uint8_t>>(BYTES);
    return [=](std::int64_t) {
        std::size_t length = 0;
        const calc_ipc_status status =
            calc_ipc_client_call_bytes(client->get(), message->data(), BYTES, answer->data(), BYTES, &length);
        require(status == CALC_IPC_STATUS_OK && length == BYTES && answer->back() == 7, "call_bytes");
    };
}

/// As many as in `many`, submitted in an event loop.
Work looped(const std::string &url) {
    auto client = std::make_shared<AnyCClient>(url.c_str());
    int watched = -1;
    require(calc_ipc_client_fd(client->get(), &watched) == CALC_IPC_STATUS_OK, "client_fd");
    return [client, watched](std::int64_t i) {
        const calc_ipc_request request = {CALC_IPC_OPERATION_ADD, 1000 + i % 1000, 20};
        for (std::uint64_t tag = 0; tag < BATCH; ++tag) {
            require(calc_ipc_client_submit_request(client->get(), CALC_IPC_TIMEOUT_DEFAULT, &request, tag, nullptr) ==
                        CALC_IPC_STATUS_OK,
                    "submit_request");
        }
        for (std::uint64_t tag = 0; tag < BATCH;) {
            pollfd readable = {watched, POLLIN, 0};
            require(poll(&readable, 1, -1) == 1, "poll");
            std::array<std::uint8_t, CALC_IPC_FRAME_MAX> answer;
            calc_ipc_completion completion = {};
            completion.size = sizeof completion;
            while (calc_ipc_client_next(client->get(), 0, answer.data(), answer.size(), &completion) ==
                   CALC_IPC_STATUS_OK) {
                calc_ipc_response response;
                const bool is_read =
                    calc_ipc_response_parse(answer.data(), completion.length, &response) == CALC_IPC_STATUS_OK;
                require(is_read && response.result == 1020 + i % 1000 && completion.tag == tag++, "completion");
            }
        }
    };
}

/// Calls through a class of the C++ interface.
template <class Client> Work through(Client client) {
    auto shared = std::make_shared<Client>(std::move(client));
    return [shared](std::int64_t i) {
        const auto response = shared->call({Operation::ADD, 1000 + i % 1000, 20});
        require(response && response->success && response->result == 1020 + i % 1000, "call");
    };
}

Work wrapped(const std::string &url) { return through(Client(url, clientOptions())); }

/// The same over the transport's own class.
Work classed(const std::string &url) {
    const std::string scheme = url.substr(0, url.find(':'));
    const std::string address = url.substr(url.find("//") + 2);
    if (scheme == "unix") {
        return through(UDSClient(address, clientOptions()));
    }
    if (scheme == "seqpacket") {
        return through(SeqPacketClient(address, clientOptions()));
    }
    if (scheme == "fifo") {
        return through(FIFOClient(address + ".request", address + ".response", clientOptions()));
    }
    if (scheme == "shm") {
        return through(ShmClient(address, clientOptions()));
    }
    if (scheme == "tcp") {
        const std::size_t colon = address.rfind(':');
        const auto port = static_cast<std::uint16_t>(std::stoi(address.substr(colon + 1)));
        return through(TCPClient(address.substr(0, colon), port, clientOptions()));
    }
    require(scheme == "exec", "no such scheme");
    return through(PipeChannel::spawn({address}, clientOptions()));
}

/// The whole job of one request without any transport: all that both sides do with its bytes.
Work codec(const std::string & /* url */) {
    return [](std::int64_t i) {
        std::array<std::uint8_t, CALC_IPC_FRAME_MAX> frame;
        std::size_t length = 0;
        calc_ipc_request request = {CALC_IPC_OPERATION_ADD, 1000 + i % 1000, 20};
        calc_ipc_response response;
        const bool is_done =
            calc_ipc_request_serialize(&request, frame.data(), frame.size(), &length) == CALC_IPC_STATUS_OK &&
            calc_ipc_request_deserialize(frame.data(), length, &request) == CALC_IPC_STATUS_OK &&
            calc_ipc_execute(&request, &response) == CALC_IPC_STATUS_OK &&
            calc_ipc_response_serialize(&response, frame.data(), frame.size(), &length) == CALC_IPC_STATUS_OK &&
            calc_ipc_response_deserialize(frame.data(), length, &response) == CALC_IPC_STATUS_OK;
        require(is_done && response.result == 1020 + i % 1000, "codec");
    };
}

/// The same as a program would do it that trusts what it reads: from_chars and to_chars of the standard library.
Work chars(const std::string & /* url */) {
    return [](std::int64_t i) {
        std::array<char, CALC_IPC_FRAME_MAX> frame;
        char *const body = frame.data() + 4;
        char *const end = frame.data() + frame.size();
        const auto finish = [&](const char *last) {
            const auto length = static_cast<std::uint32_t>(last - body);
            std::memcpy(frame.data(), &length, sizeof length);
        };
        const auto last = [&] {
            std::uint32_t length = 0;
            std::memcpy(&length, frame.data(), sizeof length);
            return body + length;
        };
        std::memcpy(body, "ADD ", 4);
        char *at = std::to_chars(body + 4, end, 1000 + i % 1000).ptr;
        *at++ = ' ';
        finish(std::to_chars(at, end, 20).ptr);
        std::int64_t left = 0;
        std::int64_t right = 0;
        const auto first = std::from_chars(body + 4, last(), left);
        const auto second = std::from_chars(first.ptr + 1, last(), right);
        require(std::memcmp(body, "ADD ", 4) == 0 && second.ec == std::errc() && second.ptr == last(), "a request");
        std::int64_t result = 0;
        require(!__builtin_add_overflow(left, right, &result), "a sum");
        std::memcpy(body, "OK ", 3);
        finish(std::to_chars(body + 3, end, result).ptr);
        const auto read = std::from_chars(body + 3, last(), result);
        require(std::memcmp(body, "OK ", 3) == 0 && read.ptr == last() && result == 1020 + i % 1000, "a response");
    };
}

struct {
    const char *name;
    Work (*prepare)(const std::string &url);
} const WORKS[] = {
    {"call", call},     // calc_ipc_client_call
    {"spun", spun},     // the same by who spins
    {"many", many},     // calc_ipc_client_call_many, 64 at once
    {"loop", looped},   // calc_ipc_client_submit_request and calc_ipc_client_next, 64 at once
    {"bytes", bytes},   // calc_ipc_client_call_bytes, 32 KiB there and back
    {"cxx", wrapped},   // calc_ipc::Client::call
    {"class", classed}, // call of UDSClient, SeqPacketClient, FIFOClient, ShmClient, TCPClient or PipeChannel
    {"chars", chars},   // what codec does, by the standard library
    {"codec", codec},   // a request and its response through the functions on frames
};

int work(const std::string &name, std::int64_t count, const std::string &url) {
    for (const auto &each : WORKS) {
        if (name == each.name) {
            const Work once = each.prepare(url);
            for (std::int64_t i = 0; i < count; ++i) {
                once(i);
            }
            return 0;
        }
    }
    std::fprintf(stderr, "call_costs: no such work: %s\n", name.c_str());
    return 2;
}

} // namespace

int main(int argc, char **argv) {
    const std::string what = argc > 1 ? argv[1] : "";
    const std::string url = argc > 1 ? argv[argc - 1] : "";
    try {
        if (what == "serve") {
            return serve(Server(url, {}, serverOptions()));
        }
        if (what == "serve-spun") {
            beginToSpin();
            return serve(Server(url, {}, serverOptions()));
        }
        if (what == "serve-bytes") {
            return serveBytes(url);
        }
        if (what == "serve-pipe") {
            return servePipe();
        }
        return work(what, argc > 2 ? std::atoll(argv[2]) : 0, url);
    } catch (const std::exception &failure) {
        std::fprintf(stderr, "call_costs: %s\n", failure.what());
        return 1;
    }
}
