// The tests' support where processes fork: descriptors, children, signals, and what /proc says of this process.
#pragma once

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <functional>
#include <iterator>
#include <ostream>
#include <string>
#include <system_error>
#include <thread>
#include <utility>

#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <calc_ipc.h>

namespace support {

[[noreturn]] inline void fail(const char *what) { throw std::system_error(errno, std::generic_category(), what); }

/// What an event loop of the host's watches.
using Watched = int;

/// Whether the loop would be woken within this time.
inline bool wakes(Watched watched, int milliseconds) {
    pollfd entry{watched, POLLIN, 0};
    return poll(&entry, 1, milliseconds) == 1;
}

/// What a client or a server has to be watched.
template <class Looped> auto watchedOf(const Looped &looped) { return looped.fd(); }

/// The same for C.
constexpr auto watchedOfClient = calc_ipc_client_fd;

/// The URL that executes a program.
inline std::string execUrl(const std::string &program) { return "exec://" + program; }

/// Makes a directory, whose name has the six letters at the end of `form` replaced.
inline std::filesystem::path makeDirectory(const std::filesystem::path &form) {
    std::string name = form.string();
    if (mkdtemp(name.data()) == nullptr) {
        fail("mkdtemp");
    }
    return name;
}

/// The number of this process.
inline unsigned processId() { return static_cast<unsigned>(getpid()); }

/// Two descriptors, closed at the end.
class Pipe {
  public:
    Pipe() {
        if (pipe(ends_) != 0) {
            fail("pipe");
        }
    }
    Pipe(const Pipe &) = delete;
    Pipe &operator=(const Pipe &) = delete;
    ~Pipe() {
        closeRead();
        closeWrite();
    }

    int readEnd() const { return ends_[0]; }
    int writeEnd() const { return ends_[1]; }
    void closeRead() { closeOne(ends_[0]); }
    void closeWrite() { closeOne(ends_[1]); }

  private:
    static void closeOne(int &end) {
        if (end >= 0) {
            close(std::exchange(end, -1));
        }
    }

    int ends_[2] = {-1, -1};
};

/// A door between threads or processes: each `pass` waits for one `open`, which may come before it.
///
/// It is no descriptor, which the forked child of a PipeChannel would lose.
class Gate {
  public:
    Gate() {
        void *memory = mmap(nullptr, sizeof(sem_t), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
        if (memory == MAP_FAILED) {
            fail("mmap");
        }
        opened_ = static_cast<sem_t *>(memory);
        sem_init(opened_, 1, 0);
    }
    Gate(const Gate &) = delete;
    Gate &operator=(const Gate &) = delete;
    ~Gate() {
        sem_destroy(opened_);
        munmap(opened_, sizeof *opened_);
    }

    void open() { sem_post(opened_); }

    void pass() {
        while (sem_wait(opened_) != 0) {
            if (errno != EINTR) {
                fail("sem_wait");
            }
        }
    }

  private:
    sem_t *opened_;
};

/// A forked child, which exits with what `body` returns. Killed, if need be, and reaped at the end.
class Child {
  public:
    explicit Child(const std::function<int()> &body) : pid_(fork()) {
        if (pid_ < 0) {
            fail("fork");
        }
        if (pid_ == 0) {
            // Never back into the test: its destructors belong to the parent.
            try {
                _exit(body());
            } catch (const std::exception &failure) {
                std::fprintf(stderr, "in a forked child: %s\n", failure.what());
                _exit(99);
            }
        }
    }
    Child(const Child &) = delete;
    Child &operator=(const Child &) = delete;
    ~Child() {
        if (pid_ > 0) {
            signal(SIGKILL);
            wait();
        }
    }

    void signal(int number) const { ::kill(pid_, number); }

    /// Returns once it is stopped, which SIGSTOP alone does not wait for.
    void suspend() const {
        signal(SIGSTOP);
        waitpid(pid_, nullptr, WUNTRACED);
    }

    void resume() const { signal(SIGCONT); }

    /// Its exit code, or minus the signal that ended it.
    int wait() {
        int status = 0;
        while (waitpid(pid_, &status, 0) < 0) {
            if (errno != EINTR) {
                fail("waitpid");
            }
        }
        pid_ = -1;
        return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
    }

  private:
    pid_t pid_;
};

/// Interrupts threads: SIGUSR1, while this lives, does nothing but make a blocking call fail with EINTR.
class Interrupter {
  public:
    Interrupter() {
        struct sigaction action {};
        action.sa_handler = [](int) { ++handled(); }; // and no SA_RESTART
        if (sigaction(SIGUSR1, &action, &before_) != 0) {
            fail("sigaction");
        }
    }
    Interrupter(const Interrupter &) = delete;
    Interrupter &operator=(const Interrupter &) = delete;
    ~Interrupter() { sigaction(SIGUSR1, &before_, nullptr); }

    /// Ten times, each of which the thread has handled when this returns.
    void interrupt(std::thread &thread) const {
        for (const int goal = handled() + 10; handled() < goal;) {
            pthread_kill(thread.native_handle(), SIGUSR1);
            std::this_thread::yield();
        }
    }

  private:
    static std::atomic<int> &handled() {
        static std::atomic<int> count{0};
        return count;
    }

    struct sigaction before_ {};
};

/// What this process holds, to be compared with what it held before.
struct Holdings {
    std::ptrdiff_t descriptors = count("/proc/self/fd");
    std::ptrdiff_t threads = count("/proc/self/task");

    static std::ptrdiff_t count(const char *directory) {
        return std::distance(std::filesystem::directory_iterator(directory), std::filesystem::directory_iterator());
    }

    /// Looks until this process has no more than this, or for a minute; gives what it has then. A thread that was
    /// joined is listed a moment longer, while the kernel, or an emulator, ends it: so there may be less, too.
    Holdings awaitNoMore() const {
        const auto patience = std::chrono::steady_clock::now() + std::chrono::minutes(1);
        Holdings now;
        while (!(now <= *this) && std::chrono::steady_clock::now() < patience) {
            std::this_thread::yield();
            now = Holdings();
        }
        return now;
    }

    bool operator<=(const Holdings &other) const {
        return descriptors <= other.descriptors && threads <= other.threads;
    }
    friend std::ostream &operator<<(std::ostream &out, const Holdings &holdings) {
        return out << holdings.descriptors << " descriptors, " << holdings.threads << " threads";
    }
};

} // namespace support
