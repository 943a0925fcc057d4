# calc-ipc-gateway, a program of its own. It comes out of cargo's folder like the library, after it: cargo lets one build in at a time.
add_custom_target(calc_ipc_gateway ALL
  COMMAND "${CMAKE_COMMAND}" -E env ${_cargo_env}
          "${CALC_IPC_CARGO}" build --package calc-ipc-gateway
          --manifest-path "${PROJECT_SOURCE_DIR}/Cargo.toml" --profile "${_profile}"
          ${_cargo_args} ${CALC_IPC_CARGO_FLAGS}
  COMMENT "cargo build calc-ipc-gateway"
  COMMAND_EXPAND_LISTS VERBATIM USES_TERMINAL)
add_dependencies(calc_ipc_gateway calc_ipc_cargo)

if(CALC_IPC_INSTALL)
  install(PROGRAMS "${_cargo_out}/calc-ipc-gateway" DESTINATION "${CMAKE_INSTALL_BINDIR}" COMPONENT Gateway)
  install(FILES "${PROJECT_SOURCE_DIR}/tools/gateway/systemd/calc-ipc-gateway@.service"
    DESTINATION lib/systemd/system COMPONENT Gateway)
endif()
