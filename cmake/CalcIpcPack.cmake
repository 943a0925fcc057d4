# cpack -G TGZ and, of components, cpack -G RPM; scripts/package.sh calls the latter. Debian's packages are made by packaging/debian.
set(CPACK_PACKAGE_VENDOR "calc_ipc")
set(CPACK_PACKAGE_FILE_NAME "calc_ipc-${PROJECT_VERSION}-${CMAKE_SYSTEM_NAME}-${CMAKE_SYSTEM_PROCESSOR}")
set(CPACK_COMPONENTS_ALL Runtime Development)
if(CALC_IPC_BUILD_COMMAND)
  list(APPEND CPACK_COMPONENTS_ALL Command)
endif()
if(CALC_IPC_BUILD_GATEWAY)
  list(APPEND CPACK_COMPONENTS_ALL Gateway)
endif()
set(CPACK_VERBATIM_VARIABLES ON)
set(CPACK_STRIP_FILES ON)

# Names as Fedora has them. What a program needs of others is found by rpmbuild.
set(CPACK_RPM_COMPONENT_INSTALL ON)
set(CPACK_RPM_FILE_NAME RPM-DEFAULT)
set(CPACK_RPM_PACKAGE_LICENSE "MIT OR Apache-2.0")
set(CPACK_RPM_PACKAGE_GROUP "Unspecified")
set(CPACK_RPM_EXCLUDE_FROM_AUTO_FILELIST_ADDITION
  "${CMAKE_INSTALL_PREFIX}/lib/systemd" "${CMAKE_INSTALL_PREFIX}/lib/systemd/system" "${CMAKE_INSTALL_FULL_LIBDIR}/pkgconfig"
  "${CMAKE_INSTALL_FULL_LIBDIR}/cmake" "${CMAKE_INSTALL_FULL_MANDIR}" "${CMAKE_INSTALL_FULL_MANDIR}/man1"
  "${CMAKE_INSTALL_FULL_DATADIR}/bash-completion" "${CMAKE_INSTALL_FULL_DATADIR}/bash-completion/completions"
  "${CMAKE_INSTALL_FULL_DATADIR}/zsh" "${CMAKE_INSTALL_FULL_DATADIR}/zsh/site-functions"
  "${CMAKE_INSTALL_FULL_DATADIR}/fish" "${CMAKE_INSTALL_FULL_DATADIR}/fish/vendor_completions.d")
set(CPACK_RPM_RUNTIME_PACKAGE_NAME "calc_ipc-libs")
set(CPACK_RPM_DEVELOPMENT_PACKAGE_NAME "calc_ipc-devel")
set(CPACK_RPM_DEVELOPMENT_PACKAGE_REQUIRES "calc_ipc-libs = ${PROJECT_VERSION}")
set(CPACK_RPM_COMMAND_PACKAGE_NAME "calc-ipc")
set(CPACK_RPM_GATEWAY_PACKAGE_NAME "calc-ipc-gateway")
file(WRITE "${PROJECT_BINARY_DIR}/ldconfig" "/sbin/ldconfig\n")
set(CPACK_RPM_RUNTIME_POST_INSTALL_SCRIPT_FILE "${PROJECT_BINARY_DIR}/ldconfig")
set(CPACK_RPM_RUNTIME_POST_UNINSTALL_SCRIPT_FILE "${PROJECT_BINARY_DIR}/ldconfig")
include(CPack)
