// The tests' support on Windows.
#pragma once

#include <algorithm>
#include <condition_variable>
#include <filesystem>
#include <mutex>
#include <string>

#include <process.h>
#if !defined(NOMINMAX)
#define NOMINMAX
#endif
#include <windows.h>

#define PIPE_SERVER support::beside("calc_ipc_test_pipe_server.exe")
#define REVERSE_SERVER support::beside("calc_ipc_test_reverse_server.exe")
#define GOLDEN_FRAMES support::beside("frames.txt")

#include <calc_ipc.h>

namespace support {

/// The number of this process.
inline unsigned processId() { return static_cast<unsigned>(_getpid()); }

/// A number that no other call in this process gives.
inline unsigned nextNumber() {
    static std::mutex lock;
    static unsigned last = 0;
    const std::lock_guard<std::mutex> held(lock);
    return ++last;
}

/// What an event loop of the host's watches.
using Watched = void *;

/// Whether the loop would be woken within this time.
inline bool wakes(Watched watched, int milliseconds) {
    return WaitForSingleObject(watched, static_cast<DWORD>(milliseconds)) == WAIT_OBJECT_0;
}

/// What a client or a server has to be watched.
template <class Looped> auto watchedOf(const Looped &looped) { return looped.waitHandle(); }

/// The same for C.
constexpr auto watchedOfClient = calc_ipc_client_wait_handle;

/// The URL that executes a program, whose path may have backslashes and a drive.
inline std::string execUrl(std::string program) {
    std::replace(program.begin(), program.end(), '\\', '/');
    return (program.front() == '/' ? "exec://" : "exec:///") + program;
}

/// A file in the folder of this program, as an archive for another machine has it.
inline std::string beside(const char *name) {
    std::string path(MAX_PATH, '\0');
    path.resize(GetModuleFileNameA(nullptr, path.data(), MAX_PATH));
    return (std::filesystem::path(path).parent_path() / name).string();
}

/// Makes a directory, whose name has the six letters at the end of `form` replaced.
inline std::filesystem::path makeDirectory(const std::filesystem::path &form) {
    const std::string name = form.string();
    std::filesystem::path made;
    do { // another process may have had this number
        made = name.substr(0, name.size() - 6) + std::to_string(processId()) + '.' + std::to_string(nextNumber());
    } while (!std::filesystem::create_directory(made));
    return made;
}

/// A door between threads: each `pass` waits for one `open`, which may come before it.
class Gate {
  public:
    void open() {
        {
            const std::lock_guard<std::mutex> held(lock_);
            ++opened_;
        }
        changed_.notify_one();
    }

    void pass() {
        std::unique_lock<std::mutex> held(lock_);
        changed_.wait(held, [this] { return opened_ > 0; });
        --opened_;
    }

  private:
    std::mutex lock_;
    std::condition_variable changed_;
    unsigned opened_ = 0;
};

} // namespace support
