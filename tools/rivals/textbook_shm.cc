// POSIX shared memory, and two POSIX named semaphores that say whose turn it is: Stevens, UNIX Network Programming,
// volume 2, sections 10.2 and 13.2; man 7 shm_overview, man 7 sem_overview.
#include "textbook.hpp"

#include <semaphore.h>
#include <sys/mman.h>

namespace {

using namespace textbook;

struct Message {
    std::size_t size;
    char body[rival::max_body];

    void put(std::string_view bytes) {
        size = bytes.size();
        bytes.copy(body, bytes.size());
    }
    std::string_view get() const { return {body, size}; }
};

struct Region {
    Message request, answer;
};

class Mapping {
  public:
    Mapping(const std::string &name, int flags) {
        const Descriptor fd(checked(::shm_open(name.c_str(), O_RDWR | flags, 0600), "shm_open"));
        checked(::ftruncate(fd.get(), sizeof(Region)), "ftruncate");
        memory = ::mmap(nullptr, sizeof(Region), PROT_READ | PROT_WRITE, MAP_SHARED, fd.get(), 0);
        if (memory == MAP_FAILED)
            rival::fail("mmap");
    }
    Mapping(const Mapping &) = delete;
    ~Mapping() { ::munmap(memory, sizeof(Region)); }
    Region *operator->() const { return static_cast<Region *>(memory); }

  private:
    void *memory;
};

class Semaphore {
  public:
    Semaphore(const std::string &name, int flags) : semaphore(::sem_open(name.c_str(), flags, 0600, 0)) {
        if (semaphore == SEM_FAILED)
            rival::fail("sem_open");
    }
    Semaphore(const Semaphore &) = delete;
    ~Semaphore() { ::sem_close(semaphore); }

    void post() { checked(::sem_post(semaphore), "sem_post"); }
    void wait() {
        while (::sem_wait(semaphore) == -1) {
            if (errno != EINTR)
                rival::fail("sem_wait");
        }
    }

  private:
    sem_t *semaphore;
};

// What both sides open.
struct Shared {
    Shared(const std::string &address, int flags)
        : name("/" + rival::name_of(address)), region(name, flags), asked(name + ".asked", flags),
          answered(name + ".answered", flags) {}

    std::string name;
    Mapping region;
    Semaphore asked, answered;
};

class ShmServer {
  public:
    explicit ShmServer(const std::string &address) : shared(address, O_CREAT | O_EXCL) {}
    ~ShmServer() {
        ::shm_unlink(shared.name.c_str());
        ::sem_unlink((shared.name + ".asked").c_str());
        ::sem_unlink((shared.name + ".answered").c_str());
    }

    void serve() {
        for (rival::StreamCodec codec;;) {
            shared.asked.wait();
            if (stopped)
                return;
            shared.region->answer.put(codec.answer(shared.region->request.get()));
            shared.answered.post();
        }
    }
    void stop() {
        stopped = true;
        shared.asked.post();
    }

  private:
    Shared shared;
    std::atomic<bool> stopped{false};
};

class ShmClient {
  public:
    explicit ShmClient(const std::string &address) : shared(address, 0) {}

    std::string_view call(std::string_view request) {
        shared.region->request.put(request);
        shared.asked.post();
        shared.answered.wait();
        return shared.region->answer.get();
    }
    pid_t server() const { return 0; }

  private:
    Shared shared;
};

struct TextbookShm {
    using Codec = rival::StreamCodec;
    using Server = ShmServer;
    using Client = ShmClient;
    static constexpr int clients = 1;
    static constexpr bool sees_death = false;
    static rival::Description describe() { return {"textbook shm and semaphores", "textbook", "shm", "blocking"}; }
};

} // namespace

int main(int argc, char **argv) { return rival::contend<TextbookShm>(argc, argv); }
