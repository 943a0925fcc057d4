// What the tests share: temporary names, and doors that keep a handler waiting without a clock. Where processes fork
// and have descriptors, support_unix.h has more.
//
// Nothing here or in the tests guards against a hang: CTest ends a test that takes longer than its TIMEOUT.
#pragma once

#if defined(_WIN32)
#include "support_windows.h"
#else
#include "support_unix.h"
#endif

#include <filesystem>
#include <string>
#include <system_error>

namespace support {

/// A directory of its own, removed with all that is in it.
class TempDir {
  public:
    TempDir() : path_(makeDirectory(std::filesystem::temp_directory_path() / "calc_ipc_test.XXXXXX")) {}
    TempDir(const TempDir &) = delete;
    TempDir &operator=(const TempDir &) = delete;
    ~TempDir() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }

    /// The path of `name` in it.
    std::string operator/(const char *name) const { return (path_ / name).string(); }

    bool empty() const { return std::filesystem::is_empty(path_); }

  private:
    std::filesystem::path path_;
};

} // namespace support
