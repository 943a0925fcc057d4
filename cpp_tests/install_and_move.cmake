# Installs into STAGE and moves it to MOVED, where nothing may name the place it came from.
file(REMOVE_RECURSE "${STAGE}" "${MOVED}")
execute_process(COMMAND "${CMAKE_COMMAND}" --install "${BUILD}" --config "${CONFIG}" --prefix "${STAGE}"
  COMMAND_ERROR_IS_FATAL ANY)
file(RENAME "${STAGE}" "${MOVED}")
file(GLOB_RECURSE files "${MOVED}/*.cmake" "${MOVED}/*.pc")
if(NOT files)
  message(FATAL_ERROR "no package files were installed")
endif()
foreach(file IN LISTS files)
  file(READ "${file}" text)
  foreach(path "${STAGE}" "${BUILD}")
    string(FIND "${text}" "${path}" at)
    if(NOT at EQUAL -1)
      message(FATAL_ERROR "${file} names ${path}")
    endif()
  endforeach()
endforeach()

# Whoever has the library has its licenses.
foreach(license LICENSE LICENSE-MIT LICENSE-APACHE)
  execute_process(COMMAND "${CMAKE_COMMAND}" -E compare_files "${SOURCE}/${license}" "${MOVED}/share/doc/calc_ipc/${license}"
    COMMAND_ERROR_IS_FATAL ANY)
endforeach()

# The .proto that clients are generated from is the one that the gateway is built with.
set(proto calc_ipc/v1/calc_ipc.proto)
execute_process(COMMAND "${CMAKE_COMMAND}" -E compare_files
    "${SOURCE}/tools/gateway/proto/${proto}" "${MOVED}/share/calc_ipc/proto/${proto}"
  COMMAND_ERROR_IS_FATAL ANY)
