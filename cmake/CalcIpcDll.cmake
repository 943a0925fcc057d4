# The shared library where it is calc_ipc.dll. Gives to CalcIpcCargo.cmake, which includes it, what CalcIpcElf.cmake gives.
# mingw-w64 alone makes it: a program that Visual C++ compiles links calc_ipc.lib, which is made here, too.
if(NOT MINGW)
  message(FATAL_ERROR "calc_ipc.dll is made with mingw-w64 (cmake/mingw-w64.cmake); Visual C++ links its calc_ipc.lib")
endif()
set(_realname calc_ipc.dll)
set(CALC_IPC_BIN_DIR "${PROJECT_BINARY_DIR}/bin")
if(_multi)
  set(CALC_IPC_BIN_DIR "${PROJECT_BINARY_DIR}/bin/$<CONFIG>")
endif()
file(MAKE_DIRECTORY "${PROJECT_BINARY_DIR}/bin" "${PROJECT_BINARY_DIR}/lib")

# What Explorer shows of the file: the versions, in the four numbers that Windows has for one.
string(REPLACE "." "," _numbers "${PROJECT_VERSION},0")
configure_file(cmake/calc_ipc.rc.in "${PROJECT_BINARY_DIR}/calc_ipc.rc" @ONLY)
enable_language(RC)
add_library(calc_ipc_version OBJECT "${PROJECT_BINARY_DIR}/calc_ipc.rc")
set(_link_argument "$<TARGET_OBJECTS:calc_ipc_version>")
set(_link_needs calc_ipc_version)

# The archive is as cargo made it: two Rust libraries in one program have to be shared ones.
set(_place
  COMMAND "${CMAKE_COMMAND}" -E make_directory "${CALC_IPC_LIB_DIR}" "${CALC_IPC_BIN_DIR}"
  COMMAND "${CMAKE_COMMAND}" -E copy_if_different "${_cargo_out}/calc_ipc.dll" "${CALC_IPC_BIN_DIR}/calc_ipc.dll"
  COMMAND "${CMAKE_COMMAND}" -E copy_if_different "${_cargo_out}/libcalc_ipc.dll.a" "${_cargo_out}/libcalc_ipc.a"
          "${CALC_IPC_LIB_DIR}")
set(_products "${CALC_IPC_BIN_DIR}/calc_ipc.dll" "${CALC_IPC_LIB_DIR}/libcalc_ipc.dll.a" "${CALC_IPC_LIB_DIR}/libcalc_ipc.a")

# For Visual C++: an import library of the header's functions, in the short form that LLVM writes and link.exe reads.
find_program(CALC_IPC_DLLTOOL NAMES llvm-dlltool llvm-dlltool-14 llvm-dlltool-15 llvm-dlltool-16)
if(CALC_IPC_DLLTOOL)
  set(_header "${PROJECT_SOURCE_DIR}/include/calc_ipc.h")
  include("${CMAKE_CURRENT_LIST_DIR}/CalcIpcFunctions.cmake")
  calc_ipc_functions("${_header}" _functions)
  list(JOIN _functions "\n" _functions)
  file(CONFIGURE OUTPUT "${PROJECT_BINARY_DIR}/calc_ipc.def" CONTENT "LIBRARY calc_ipc.dll\nEXPORTS\n@_functions@\n" @ONLY)
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${_header}")
  set(CALC_IPC_MSVC_LIB "${PROJECT_BINARY_DIR}/lib/calc_ipc.lib")
  add_custom_command(OUTPUT "${CALC_IPC_MSVC_LIB}" DEPENDS "${PROJECT_BINARY_DIR}/calc_ipc.def"
    COMMAND "${CALC_IPC_DLLTOOL}" -m i386:x86-64 -d "${PROJECT_BINARY_DIR}/calc_ipc.def" -l "${CALC_IPC_MSVC_LIB}" VERBATIM)
  add_custom_target(calc_ipc_msvc_lib ALL DEPENDS "${CALC_IPC_MSVC_LIB}")
else()
  message(STATUS "There will be no calc_ipc.lib for Visual C++, since there is no llvm-dlltool")
endif()

# rustc --print native-static-libs, less what every C driver of mingw-w64 adds by itself.
set(CALC_IPC_NATIVE_LIBS kernel32 ntdll userenv ws2_32 dbghelp)

function(calc_ipc_shared_properties SUFFIX FOLDER)
  set_target_properties(calc_ipc::calc_ipc PROPERTIES
    IMPORTED_LOCATION${SUFFIX} "${PROJECT_BINARY_DIR}/bin${FOLDER}/calc_ipc.dll"
    IMPORTED_IMPLIB${SUFFIX} "${PROJECT_BINARY_DIR}/lib${FOLDER}/libcalc_ipc.dll.a")
endfunction()
