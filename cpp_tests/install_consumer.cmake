# Installs the project in BUILD, of which calc_ipc is a part, and moves it; the installed program runs, with the library
# that was installed with it and no other.
file(REMOVE_RECURSE "${STAGE}" "${MOVED}")
execute_process(COMMAND "${CMAKE_COMMAND}" --install "${BUILD}" --config "${CONFIG}" --prefix "${STAGE}"
  COMMAND_ERROR_IS_FATAL ANY)
file(RENAME "${STAGE}" "${MOVED}")
execute_process(COMMAND "${CMAKE_COMMAND}" -E env --unset=LD_LIBRARY_PATH LD_TRACE_LOADED_OBJECTS=1 "${MOVED}/bin/cxx_user"
  OUTPUT_VARIABLE loaded COMMAND_ERROR_IS_FATAL ANY)
string(FIND "${loaded}" "${MOVED}/" at)
if(at EQUAL -1)
  message(FATAL_ERROR "the installed program does not load the installed library:\n${loaded}")
endif()
execute_process(COMMAND "${CMAKE_COMMAND}" -E env --unset=LD_LIBRARY_PATH "${MOVED}/bin/cxx_user"
  COMMAND_ERROR_IS_FATAL ANY)
