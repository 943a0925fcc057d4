// Tachyon's RPC: two rings of shared memory for each client, one for each direction. Both sides look 10,000 times and
// then sleep, as its README does. https://github.com/riyaneel/Tachyon, its examples/bench_ipc.rs.
#include "contestant.hpp"

#include <array>
#include <future>
#include <pthread.h>
#include <tachyon.h>

namespace {

constexpr std::uint32_t looks = 10'000;

// Who reads gives room back after 32 messages, so that a ring has to hold more than that. A ring for the largest ones
// would not stay in any cache, so there is one for each of these sizes; a client has those that its messages need.
constexpr std::array<std::size_t, 3> sizes{std::size_t{1} << 10, std::size_t{64} << 10, rival::max_body};
constexpr std::size_t capacity_for(std::size_t size) { return 64 * size; }
std::string path_of(const std::string &address, std::size_t index) { return address + "." + std::to_string(index); }

struct Destroy {
    void operator()(tachyon_rpc_bus_t *bus) const { tachyon_rpc_destroy(bus); }
};
using Bus = std::unique_ptr<tachyon_rpc_bus_t, Destroy>;

void check(tachyon_error_t error, const char *what) {
    if (error != TACHYON_SUCCESS)
        throw std::runtime_error(std::string(what) + ": error " + std::to_string(error));
}

std::string_view view(const void *data, std::size_t size) { return {static_cast<const char *>(data), size}; }

// A thread that waits in the library, where nothing but a signal ends that.
class Thread {
  public:
    template <class Body>
    explicit Thread(Body body)
        : thread([this, body] {
              rival::or_die(body);
              is_done = true;
          }) {}
    ~Thread() {
        for (; !is_done; std::this_thread::sleep_for(std::chrono::milliseconds(1)))
            ::pthread_kill(thread.native_handle(), SIGUSR1);
        thread.join();
    }

    static void handle_signals() {
        struct sigaction action {};
        action.sa_handler = [](int) {};
        rival::checked(::sigaction(SIGUSR1, &action, nullptr), "sigaction");
    }

  private:
    std::atomic<bool> is_done{false};
    std::thread thread;
};

// Answers one client, until there is another.
class Session {
  public:
    explicit Session(Bus with) : bus(std::move(with)), thread([this] { serve(); }) {}

  private:
    void serve() {
        for (rival::FastCodec codec;;) {
            std::uint64_t id = 0;
            std::uint32_t kind = 0;
            std::size_t size = 0;
            const void *request = tachyon_rpc_serve(bus.get(), &id, &kind, &size, looks);
            if (request == nullptr)
                return;
            const std::string_view answer = codec.answer(view(request, size));
            void *room = tachyon_rpc_acquire_reply_tx(bus.get(), answer.size());
            if (room == nullptr)
                throw std::runtime_error("there is no room for an answer");
            std::memcpy(room, answer.data(), answer.size());
            check(tachyon_rpc_commit_serve(bus.get()), "tachyon_rpc_commit_serve");
            check(tachyon_rpc_commit_reply(bus.get(), id, answer.size(), kind), "tachyon_rpc_commit_reply");
        }
    }

    Bus bus;
    Thread thread;
};

// Where clients come, one after the other, for messages of up to one size.
class Door {
  public:
    Door(std::string path, std::size_t capacity)
        : path(std::move(path)), capacity(capacity), thread([this] { open(); }) {}

  private:
    void open() {
        std::unique_ptr<Session> session;
        for (;;) {
            tachyon_rpc_bus_t *bus = nullptr;
            const tachyon_error_t error = tachyon_rpc_listen(path.c_str(), capacity, capacity, &bus);
            if (error == TACHYON_ERR_INTERRUPTED)
                return;
            check(error, "tachyon_rpc_listen");
            session.reset();
            session = std::make_unique<Session>(Bus(bus));
        }
    }

    std::string path;
    std::size_t capacity;
    Thread thread;
};

class TachyonServer {
  public:
    explicit TachyonServer(const std::string &address) {
        Thread::handle_signals();
        for (std::size_t index = 0; index < sizes.size(); index++)
            doors.push_back(std::make_unique<Door>(path_of(address, index), capacity_for(sizes[index])));
    }

    void serve() {
        stopped.get_future().wait();
        doors.clear();
    }
    void stop() { stopped.set_value(); }

  private:
    std::vector<std::unique_ptr<Door>> doors;
    std::promise<void> stopped;
};

class TachyonClient {
  public:
    explicit TachyonClient(const std::string &address) : address(address) { connect(0); }

    std::string_view call(std::string_view request) {
        commit();
        const auto fits = std::lower_bound(sizes.begin(), sizes.end(), request.size());
        tachyon_rpc_bus_t *bus = connect(static_cast<std::size_t>(fits - sizes.begin()));
        std::uint64_t id = 0;
        check(tachyon_rpc_call(bus, request.data(), request.size(), 0, &id), "tachyon_rpc_call");
        std::size_t size = 0;
        std::uint32_t kind = 0;
        const void *answer = tachyon_rpc_wait(bus, id, &size, &kind, looks);
        if (answer == nullptr)
            throw std::runtime_error("tachyon_rpc_wait: no answer");
        answered = bus;
        return view(answer, size);
    }
    pid_t server() const { return 0; }

  private:
    // The last answer was read.
    void commit() {
        if (answered != nullptr)
            check(tachyon_rpc_commit_rx(std::exchange(answered, nullptr)), "tachyon_rpc_commit_rx");
    }

    // The bus for messages of such a size. A server that has just let somebody in has no socket for a moment.
    tachyon_rpc_bus_t *connect(std::size_t index) {
        Bus &bus = buses[index];
        const auto end = rival::Clock::now() + std::chrono::seconds(10);
        while (!bus) {
            tachyon_rpc_bus_t *connected = nullptr;
            const tachyon_error_t error = tachyon_rpc_connect(path_of(address, index).c_str(), &connected);
            bus.reset(connected);
            if (rival::Clock::now() > end)
                check(error, "tachyon_rpc_connect");
            if (!bus)
                std::this_thread::sleep_for(std::chrono::milliseconds(1));
        }
        return bus.get();
    }

    std::string address;
    std::array<Bus, sizes.size()> buses;
    tachyon_rpc_bus_t *answered = nullptr;
};

struct Tachyon {
    using Codec = rival::FastCodec;
    using Server = TachyonServer;
    using Client = TachyonClient;
    static constexpr int clients = 1;
    static constexpr bool sees_death = false;
    static rival::Description describe() { return {"Tachyon RPC " RIVAL_VERSION, "rival", "shm", "polling"}; }
};

} // namespace

int main(int argc, char **argv) { return rival::contend<Tachyon>(argc, argv); }
