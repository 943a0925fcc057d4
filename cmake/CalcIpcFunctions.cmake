# calc_ipc_functions(HEADER VARIABLE): sets it to the functions that the C header declares, sorted.
#
# A function's name stands before its parenthesis, on a line that begins with a letter, as no line of a comment does.
function(calc_ipc_functions HEADER VARIABLE)
  file(STRINGS "${HEADER}" lines REGEX "^[A-Za-z].*calc_ipc_[a-z0-9_]+\\(")
  set(functions)
  foreach(line IN LISTS lines)
    string(REGEX REPLACE "^.*(calc_ipc_[a-z0-9_]+)\\(.*$" "\\1" name "${line}")
    list(APPEND functions "${name}")
  endforeach()
  list(SORT functions)
  set(${VARIABLE} "${functions}" PARENT_SCOPE)
endfunction()
