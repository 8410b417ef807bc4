# SPDX-License-Identifier: BSL-1.0
#
# find_package(foreshadow [COMPONENTS sqlite]). What a user of the library needs is the install component `development`;
# the command-line tool is the component `tool`.
include(CMakePackageConfigHelpers)

set(package_dir "${CMAKE_INSTALL_LIBDIR}/cmake/foreshadow")
configure_package_config_file(cmake/foreshadow-config.cmake.in foreshadow-config.cmake
                              INSTALL_DESTINATION "${package_dir}")
write_basic_package_version_file(foreshadow-config-version.cmake
                                 COMPATIBILITY SameMinorVersion ARCH_INDEPENDENT)
install(FILES "${CMAKE_CURRENT_BINARY_DIR}/foreshadow-config.cmake"
              "${CMAKE_CURRENT_BINARY_DIR}/foreshadow-config-version.cmake"
              "${CMAKE_CURRENT_SOURCE_DIR}/cmake/foreshadow_dependencies.cmake"
        DESTINATION "${package_dir}" COMPONENT development)
install(FILES LICENSE DESTINATION "${CMAKE_INSTALL_DOCDIR}" COMPONENT development)
