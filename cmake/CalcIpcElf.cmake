# The shared library where it is libcalc_ipc.so. Gives to CalcIpcCargo.cmake, which includes it: _link_argument, _link_needs,
# _place, _products, CALC_IPC_NATIVE_LIBS, and by calc_ipc_shared_properties() what the imported target says.
set(_soname "libcalc_ipc.so.${CALC_IPC_SOVERSION}")
set(_realname "libcalc_ipc.so.${PROJECT_VERSION}")
if(_realname STREQUAL _soname)
  message(FATAL_ERROR "soversion must be shorter than the version")
endif()
set(_link_argument "-Wl,-soname,${_soname}")
set(_link_needs)

# Debug keeps the archive as cargo made it; the others get one whose only
# globals are calc_ipc_*.
set(_copy_static "${CMAKE_COMMAND}" -E copy_if_different
  "${_cargo_out}/libcalc_ipc.a" "${CALC_IPC_LIB_DIR}/libcalc_ipc.a")
set(_localize_static "${CMAKE_COMMAND}" "-DLD=${CMAKE_LINKER}" "-DOBJCOPY=${CMAKE_OBJCOPY}" "-DAR=${CMAKE_AR}"
  "-DIN=${_cargo_out}/libcalc_ipc.a" "-DOUT=${CALC_IPC_LIB_DIR}/libcalc_ipc.a"
  -P "${CMAKE_CURRENT_LIST_DIR}/CalcIpcLocalize.cmake")
# A command of several words stays one item of a list until it is executed.
foreach(_command _copy_static _localize_static)
  list(JOIN ${_command} "$<SEMICOLON>" ${_command})
endforeach()

# A program linked to libcalc_ipc.so asks for libcalc_ipc.so.0 at run time, and cargo makes no links.
set(_place
  COMMAND "${CMAKE_COMMAND}" -E create_symlink libcalc_ipc.so "${_cargo_out}/${_soname}"
  COMMAND "${CMAKE_COMMAND}" -E make_directory "${CALC_IPC_LIB_DIR}"
  COMMAND "${CMAKE_COMMAND}" -E copy_if_different "${_cargo_out}/libcalc_ipc.so" "${CALC_IPC_LIB_DIR}/${_realname}"
  COMMAND "$<IF:$<CONFIG:Debug,RelWithDebInfo>,${_copy_static},${_localize_static}>"
  COMMAND "${CMAKE_COMMAND}" -E create_symlink "${_realname}" "${CALC_IPC_LIB_DIR}/${_soname}"
  COMMAND "${CMAKE_COMMAND}" -E create_symlink "${_soname}" "${CALC_IPC_LIB_DIR}/libcalc_ipc.so")
set(_products "${CALC_IPC_LIB_DIR}/${_realname}" "${CALC_IPC_LIB_DIR}/libcalc_ipc.a")

# rustc --print native-static-libs, less -lgcc_s and -lc, which every C driver adds by itself.
set(CALC_IPC_NATIVE_LIBS m rt util)

# calc_ipc_shared_properties(SUFFIX FOLDER): where the shared library is, for the configuration that both name, or for all.
function(calc_ipc_shared_properties SUFFIX FOLDER)
  set_target_properties(calc_ipc::calc_ipc PROPERTIES
    IMPORTED_SONAME${SUFFIX} "${_soname}"
    IMPORTED_LOCATION${SUFFIX} "${PROJECT_BINARY_DIR}/lib${FOLDER}/${_realname}")
endfunction()
