# calc-ipc and calc-ipc-gateway, programs of their own. Cargo builds them in a folder below the library's: in that itself, the library that
# they are linked to and the one that is installed would each be stale after the other. One is built at a time, since each takes all CPUs.
set(_after calc_ipc_cargo)
set(_programs "${CALC_IPC_CARGO_TARGET_DIR}/programs")
string(REPLACE "${CALC_IPC_CARGO_TARGET_DIR}" "${_programs}" _programs_out "${_cargo_out}")
function(calc_ipc_program NAME PACKAGE)
  string(REPLACE "-" "_" target "${NAME}_program")
  add_custom_target(${target} ALL
    COMMAND "${CMAKE_COMMAND}" -E env ${_cargo_env} "CARGO_TARGET_DIR=${_programs}"
            "${CALC_IPC_CARGO}" build --package ${PACKAGE}
            --manifest-path "${PROJECT_SOURCE_DIR}/Cargo.toml" --profile "${_profile}"
            ${_cargo_args} ${CALC_IPC_CARGO_FLAGS}
    ${ARGN}
    COMMENT "cargo build ${PACKAGE}"
    COMMAND_EXPAND_LISTS VERBATIM USES_TERMINAL)
  add_dependencies(${target} ${_after})
  set(_after ${target} PARENT_SCOPE)
endfunction()

if(CALC_IPC_BUILD_COMMAND)
  # What the program says of itself: pages of its manual, and completions for shells. A program for another machine needs an emulator.
  set(_said "${PROJECT_BINARY_DIR}/command")
  set(_command ${CMAKE_CROSSCOMPILING_EMULATOR} "${_programs_out}/calc-ipc${CMAKE_EXECUTABLE_SUFFIX}")
  calc_ipc_program(calc-ipc calc-ipc-cli
    COMMAND "${CMAKE_COMMAND}" -E rm -rf "${_said}"
    COMMAND "${CMAKE_COMMAND}" -E make_directory "${_said}/man"
    COMMAND ${_command} man --out "${_said}/man"
    # This one is calc-ipc-gateway's.
    COMMAND "${CMAKE_COMMAND}" -E rm -f "${_said}/man/calc-ipc-gateway.1"
    COMMAND ${_command} completions bash > "${_said}/calc-ipc"
    COMMAND ${_command} completions zsh > "${_said}/_calc-ipc"
    COMMAND ${_command} completions fish > "${_said}/calc-ipc.fish")
  if(CALC_IPC_INSTALL)
    install(PROGRAMS "${_programs_out}/calc-ipc${CMAKE_EXECUTABLE_SUFFIX}" DESTINATION "${CMAKE_INSTALL_BINDIR}" COMPONENT Command)
    install(DIRECTORY "${_said}/man/" DESTINATION "${CMAKE_INSTALL_MANDIR}/man1" COMPONENT Command)
    install(FILES "${_said}/calc-ipc" DESTINATION "${CMAKE_INSTALL_DATADIR}/bash-completion/completions" COMPONENT Command)
    install(FILES "${_said}/_calc-ipc" DESTINATION "${CMAKE_INSTALL_DATADIR}/zsh/site-functions" COMPONENT Command)
    install(FILES "${_said}/calc-ipc.fish" DESTINATION "${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d" COMPONENT Command)
  endif()
endif()

if(CALC_IPC_BUILD_GATEWAY)
  # Its page is its --help, where help2man is there to write one.
  find_program(CALC_IPC_HELP2MAN NAMES help2man)
  set(_page)
  if(CALC_IPC_HELP2MAN AND NOT CMAKE_CROSSCOMPILING)
    set(_page COMMAND "${CALC_IPC_HELP2MAN}" --no-info "--name=gRPC in front of servers of calc_ipc"
      "--output=${PROJECT_BINARY_DIR}/calc-ipc-gateway.1" "${_programs_out}/calc-ipc-gateway")
  endif()
  calc_ipc_program(calc-ipc-gateway calc-ipc-gateway ${_page})
  if(CALC_IPC_INSTALL)
    if(_page)
      install(FILES "${PROJECT_BINARY_DIR}/calc-ipc-gateway.1" DESTINATION "${CMAKE_INSTALL_MANDIR}/man1" COMPONENT Gateway)
    endif()
    install(PROGRAMS "${_programs_out}/calc-ipc-gateway" DESTINATION "${CMAKE_INSTALL_BINDIR}" COMPONENT Gateway)
    install(FILES "${PROJECT_SOURCE_DIR}/tools/gateway/systemd/calc-ipc-gateway@.service"
      DESTINATION lib/systemd/system COMPONENT Gateway)
  endif()
endif()
