# For Windows on x86-64, on a machine that has Debian's mingw-w64, and Wine to run the tests:
#   cmake --toolchain cmake/mingw-w64.cmake -S . -B build/windows
set(CMAKE_SYSTEM_NAME Windows)
set(CMAKE_SYSTEM_PROCESSOR x86_64)

# std::thread needs the posix threads of the compiler's library.
set(_triple x86_64-w64-mingw32)
set(CMAKE_C_COMPILER ${_triple}-gcc-posix)
set(CMAKE_CXX_COMPILER ${_triple}-g++-posix)
set(CMAKE_RC_COMPILER ${_triple}-windres)

# Programs are this machine's, libraries and headers are not.
set(CMAKE_FIND_ROOT_PATH /usr/${_triple})
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)

find_program(CALC_IPC_WINE NAMES wine64 wine HINTS /usr/lib/wine)
if(CALC_IPC_WINE)
  set(CMAKE_CROSSCOMPILING_EMULATOR "${CALC_IPC_WINE}")
endif()

set(CALC_IPC_CARGO_TARGET x86_64-pc-windows-gnu CACHE STRING "Rust target triple; empty is the host")
