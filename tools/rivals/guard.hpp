// What keeps a contestant honest when something goes wrong: errors become a line and a status, and a client whose
// library would wait for ever learns that its server is dead.
#pragma once

#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <fcntl.h>
#include <memory>
#include <stdexcept>
#include <string>
#include <sys/file.h>
#include <system_error>
#include <thread>
#include <unistd.h>
#include <utility>

namespace rival {

// It cannot run here, or cannot do this: status 77, which the benchmark reports as skipped.
struct Skip : std::runtime_error {
    using std::runtime_error::runtime_error;
};

[[noreturn]] inline void fail(const std::string &what) {
    throw std::system_error(errno, std::generic_category(), what);
}

// For system calls that say -1.
template <class Result> Result checked(Result result, const char *what) {
    if (result == static_cast<Result>(-1))
        fail(what);
    return result;
}

// A file descriptor.
class Descriptor {
  public:
    explicit Descriptor(int fd = -1) : fd(fd) {}
    Descriptor(Descriptor &&other) noexcept : fd(std::exchange(other.fd, -1)) {}
    Descriptor &operator=(Descriptor &&other) noexcept {
        std::swap(fd, other.fd);
        return *this;
    }
    ~Descriptor() {
        if (fd != -1)
            ::close(fd);
    }
    int get() const { return fd; }

  private:
    int fd;
};

template <class Body> int or_status(Body body) {
    try {
        body();
        return 0;
    } catch (const Skip &why) {
        std::fprintf(stderr, "%s\n", why.what());
        return 77;
    } catch (const std::exception &why) {
        std::fprintf(stderr, "%s\n", why.what());
        return 1;
    }
}

// For threads beside the first: an error there ends the process as well.
template <class Body> void or_die(Body body) {
    if (const int status = or_status(body))
        std::_Exit(status);
}

// A lock on ADDRESS.alive that the server holds as long as it lives, however it dies.
class Alive {
  public:
    Alive(const std::string &address, bool needed) : path(address + ".alive") {
        if (!needed)
            return;
        lock = Descriptor(checked(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600), "open"));
        checked(::flock(lock.get(), LOCK_EX | LOCK_NB), "flock");
    }
    ~Alive() {
        if (lock.get() != -1)
            ::unlink(path.c_str());
    }

  private:
    std::string path;
    Descriptor lock;
};

struct Watched {
    std::atomic<bool> asking{false};
    std::atomic<bool> gone{false};
};

// Ends the process, with an error, if the server dies while it is asked. It waits for the lock above in a thread of
// its own, so it costs the calls nothing.
class Watch {
  public:
    explicit Watch(const std::string &address) {
        const int fd = checked(::open((address + ".alive").c_str(), O_RDONLY | O_CLOEXEC), "the server does not run");
        std::thread([fd, watched = watched] { wait(fd, *watched); }).detach();
    }

    // While it exists, somebody is asking.
    class Asking {
      public:
        explicit Asking(const Watch *watch) : watched(watch ? watch->watched : nullptr) {
            if (!watched)
                return;
            watched->asking = true;
            if (watched->gone)
                throw std::runtime_error("the server is gone");
        }
        ~Asking() {
            if (watched)
                watched->asking = false;
        }

      private:
        std::shared_ptr<Watched> watched;
    };

  private:
    static void wait(int fd, Watched &watched) {
        while (::flock(fd, LOCK_SH) == -1) {
            if (errno != EINTR)
                return;
        }
        watched.gone = true;
        if (watched.asking) {
            std::fputs("the server is gone\n", stderr);
            std::_Exit(1);
        }
    }

    // Shared with the thread, which outlives this.
    std::shared_ptr<Watched> watched = std::make_shared<Watched>();
};

} // namespace rival
