# What the library looks like from outside, and the ways in which a stranger uses it.

set(_tools -DNM=${CMAKE_NM} -DREADELF=${CMAKE_READELF} -DSONAME=libcalc_ipc.so.${CALC_IPC_SOVERSION})
if(WIN32)
  set(_tools -DOBJDUMP=${CMAKE_OBJDUMP} -DSONAME=calc_ipc.dll -DVERSION=${PROJECT_VERSION})
endif()
add_test(NAME package.symbols
  COMMAND "${CMAKE_COMMAND}" ${_tools} "-DLIB=$<TARGET_FILE:calc_ipc::calc_ipc>"
          "-DHEADER=${PROJECT_SOURCE_DIR}/include/calc_ipc.h"
          -P "${CMAKE_CURRENT_SOURCE_DIR}/check_symbols.cmake")

# Installed, and moved to a path with a space in it.
set(_stage "${CMAKE_CURRENT_BINARY_DIR}/stage")
set(_moved "${CMAKE_CURRENT_BINARY_DIR}/moved elsewhere")
add_test(NAME package.install
  COMMAND "${CMAKE_COMMAND}" "-DBUILD=${PROJECT_BINARY_DIR}" -DCONFIG=$<CONFIG> "-DSTAGE=${_stage}" "-DMOVED=${_moved}"
          "-DSOURCE=${PROJECT_SOURCE_DIR}" -P "${CMAKE_CURRENT_SOURCE_DIR}/install_and_move.cmake")
set_tests_properties(package.install PROPERTIES FIXTURES_SETUP installed)
set(_package_tests package.symbols package.install)

set(_ways shared static)
set(_cross "-DCMAKE_C_COMPILER=${CMAKE_C_COMPILER}" "-DCMAKE_CXX_COMPILER=${CMAKE_CXX_COMPILER}")
if(WIN32)
  set(_cross "-DCMAKE_TOOLCHAIN_FILE=${CMAKE_TOOLCHAIN_FILE}" -DCMAKE_FIND_ROOT_PATH_MODE_PACKAGE=BOTH)
else()
  list(APPEND _ways add_subdirectory fetch_content)
endif()
foreach(_way IN LISTS _ways)
  add_test(NAME package.${_way}
    COMMAND "${CMAKE_CTEST_COMMAND}" --build-and-test
      "${CMAKE_CURRENT_SOURCE_DIR}/consumer" "${CMAKE_CURRENT_BINARY_DIR}/consumer_${_way}"
      --build-generator "${CMAKE_GENERATOR}" --build-makeprogram "${CMAKE_MAKE_PROGRAM}" --build-config $<CONFIG>
      --build-options "-DCMAKE_PREFIX_PATH=${_moved}" "-DWAY=${_way}" "-DSOURCE=${PROJECT_SOURCE_DIR}"
        "-DCMAKE_BUILD_TYPE=$<CONFIG>" "-DCALC_IPC_CARGO_TARGET_DIR=${CALC_IPC_CARGO_TARGET_DIR}"
        ${_cross}
      --test-command "${CMAKE_CTEST_COMMAND}" -C $<CONFIG> --output-on-failure)
  set_tests_properties(package.${_way} PROPERTIES FIXTURES_REQUIRED installed)
  list(APPEND _package_tests package.${_way})
endforeach()

if(WIN32)
  set_tests_properties(${_package_tests} PROPERTIES TIMEOUT 600 LABELS package)
  return()
endif()

# A project of which calc_ipc is a part installs it with its own programs and for whoever links its libraries.
foreach(_way add_subdirectory fetch_content)
  set_tests_properties(package.${_way} PROPERTIES FIXTURES_SETUP built_${_way})
  set(_consumer "${CMAKE_CURRENT_BINARY_DIR}/consumer_${_way}")
  add_test(NAME package.install_${_way}
    COMMAND "${CMAKE_COMMAND}" "-DBUILD=${_consumer}" -DCONFIG=$<CONFIG> "-DSTAGE=${_consumer}_stage"
      "-DMOVED=${_consumer} moved" -P "${CMAKE_CURRENT_SOURCE_DIR}/install_consumer.cmake")
  set_tests_properties(package.install_${_way} PROPERTIES FIXTURES_REQUIRED "installed;built_${_way}"
    FIXTURES_SETUP installed_${_way})
  add_test(NAME package.next_${_way}
    COMMAND "${CMAKE_CTEST_COMMAND}" --build-and-test
      "${CMAKE_CURRENT_SOURCE_DIR}/consumer/next" "${_consumer}_next"
      --build-generator "${CMAKE_GENERATOR}" --build-makeprogram "${CMAKE_MAKE_PROGRAM}" --build-config $<CONFIG>
      --build-options "-DCMAKE_PREFIX_PATH=${_consumer} moved" "-DCMAKE_BUILD_TYPE=$<CONFIG>"
        "-DCMAKE_CXX_COMPILER=${CMAKE_CXX_COMPILER}"
      --test-command "${CMAKE_CTEST_COMMAND}" -C $<CONFIG> --output-on-failure)
  set_tests_properties(package.next_${_way} PROPERTIES FIXTURES_REQUIRED installed_${_way})
  list(APPEND _package_tests package.install_${_way} package.next_${_way})
endforeach()

find_package(PkgConfig REQUIRED)
add_test(NAME package.pkg_config
  COMMAND sh "${CMAKE_CURRENT_SOURCE_DIR}/pkg_config.sh" "${PKG_CONFIG_EXECUTABLE}" "${CMAKE_C_COMPILER}"
    "${_moved}/${CMAKE_INSTALL_LIBDIR}" "${CMAKE_CURRENT_SOURCE_DIR}/consumer/main.c" "${CMAKE_CURRENT_BINARY_DIR}")
add_test(NAME package.readme
  COMMAND sh "${CMAKE_CURRENT_SOURCE_DIR}/readme.sh" "${PKG_CONFIG_EXECUTABLE}" "${CMAKE_C_COMPILER}"
    "${CMAKE_CXX_COMPILER}" "${_moved}/${CMAKE_INSTALL_LIBDIR}" "${PROJECT_SOURCE_DIR}/README.md")
set_tests_properties(package.pkg_config package.readme PROPERTIES FIXTURES_REQUIRED installed)
list(APPEND _package_tests package.pkg_config package.readme)

set_tests_properties(${_package_tests} PROPERTIES TIMEOUT 600 LABELS package)
