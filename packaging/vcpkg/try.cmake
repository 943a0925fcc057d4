# cmake -DPORT_FOLDER= -DWORK= -P try.cmake: runs a portfile for one configuration, with functions that do what vcpkg's documentation says of
# its own, as far as this port needs them. What it installs is in WORK/packages.
cmake_minimum_required(VERSION 3.22)
set(PORT calc-ipc)
set(CURRENT_PACKAGES_DIR "${WORK}/packages")

function(vcpkg_check_linkage)
endfunction()

function(vcpkg_cmake_configure)
  cmake_parse_arguments(PARSE_ARGV 0 "" "" "SOURCE_PATH" "OPTIONS")
  execute_process(COMMAND "${CMAKE_COMMAND}" -G Ninja -S "${_SOURCE_PATH}" -B "${WORK}/build" -DCMAKE_BUILD_TYPE=Release
    -DCMAKE_INSTALL_LIBDIR=lib ${_OPTIONS} COMMAND_ERROR_IS_FATAL ANY)
endfunction()

function(vcpkg_cmake_install)
  execute_process(COMMAND "${CMAKE_COMMAND}" --build "${WORK}/build" COMMAND_ERROR_IS_FATAL ANY)
  execute_process(COMMAND "${CMAKE_COMMAND}" --install "${WORK}/build" --prefix "${CURRENT_PACKAGES_DIR}" COMMAND_ERROR_IS_FATAL ANY)
endfunction()

# Moves the folder's files, and says in it where the prefix is from there.
function(vcpkg_cmake_config_fixup)
  cmake_parse_arguments(PARSE_ARGV 0 "" "" "PACKAGE_NAME;CONFIG_PATH" "")
  file(COPY "${CURRENT_PACKAGES_DIR}/${_CONFIG_PATH}/" DESTINATION "${CURRENT_PACKAGES_DIR}/share/${_PACKAGE_NAME}")
  file(REMOVE_RECURSE "${CURRENT_PACKAGES_DIR}/${_CONFIG_PATH}")
  file(GLOB files "${CURRENT_PACKAGES_DIR}/share/${_PACKAGE_NAME}/*.cmake")
  foreach(file IN LISTS files)
    file(READ "${file}" text)
    string(REPLACE "\${CMAKE_CURRENT_LIST_DIR}/../../../" "\${CMAKE_CURRENT_LIST_DIR}/../../" text "${text}")
    string(REPLACE "get_filename_component(_IMPORT_PREFIX \"\${_IMPORT_PREFIX}\" PATH)\nget_filename_component(_IMPORT_PREFIX \"\${_IMPORT_PREFIX}\" PATH)\n"
      "get_filename_component(_IMPORT_PREFIX \"\${_IMPORT_PREFIX}\" PATH)\n" text "${text}")
    file(WRITE "${file}" "${text}")
  endforeach()
endfunction()

function(vcpkg_fixup_pkgconfig)
endfunction()

function(vcpkg_install_copyright)
  cmake_parse_arguments(PARSE_ARGV 0 "" "" "" "FILE_LIST")
  file(WRITE "${CURRENT_PACKAGES_DIR}/share/${PORT}/copyright" "")
  foreach(file IN LISTS _FILE_LIST)
    file(READ "${file}" text)
    file(APPEND "${CURRENT_PACKAGES_DIR}/share/${PORT}/copyright" "${text}")
  endforeach()
endfunction()

include("${PORT_FOLDER}/portfile.cmake")
foreach(file IN ITEMS include/calc_ipc.h lib/libcalc_ipc.so share/calc_ipc/calc_ipcConfig.cmake share/${PORT}/copyright share/${PORT}/usage)
  if(NOT EXISTS "${CURRENT_PACKAGES_DIR}/${file}")
    message(FATAL_ERROR "the port has no ${file}")
  endif()
endforeach()
