// Two FIFOs, one for each direction: Stevens, UNIX Network Programming, volume 2, section 4.6.
#include "textbook.hpp"

#include <sys/stat.h>

namespace {

using namespace textbook;

class Fifo {
  public:
    explicit Fifo(std::string path) : path(std::move(path)) {
        checked(::mkfifo(this->path.c_str(), 0600), "mkfifo");
        // For both directions, so that opening does not wait for a client, and a client that leaves is not the end
        // (man 7 fifo).
        fd = Descriptor(checked(::open(this->path.c_str(), O_RDWR | O_CLOEXEC), "open"));
    }
    Fifo(const Fifo &) = delete;
    ~Fifo() { ::unlink(path.c_str()); }

    int get() const { return fd.get(); }

  private:
    std::string path;
    Descriptor fd;
};

class FifoServer {
  public:
    explicit FifoServer(const std::string &address) : requests(address + ".requests"), answers(address + ".answers") {}

    void serve() {
        rival::StreamCodec codec;
        std::string request;
        while (receive(requests.get(), request) && !stopped)
            send(answers.get(), codec.answer(request));
    }
    void stop() {
        stopped = true;
        send(requests.get(), "");
    }

  private:
    Fifo requests, answers;
    std::atomic<bool> stopped{false};
};

struct FifoClient : StreamClient {
    explicit FifoClient(const std::string &address)
        : StreamClient(opened(address + ".answers", O_RDONLY), opened(address + ".requests", O_WRONLY)) {}

  private:
    static Descriptor opened(const std::string &path, int mode) {
        return Descriptor(checked(::open(path.c_str(), mode | O_CLOEXEC), "open"));
    }
};

struct TextbookFifo {
    using Codec = rival::StreamCodec;
    using Server = FifoServer;
    using Client = FifoClient;
    static constexpr int clients = 1;
    static constexpr bool sees_death = true;
    static rival::Description describe() { return {"textbook FIFOs", "textbook", "fifo", "blocking"}; }
};

} // namespace

int main(int argc, char **argv) { return rival::contend<TextbookFifo>(argc, argv); }
