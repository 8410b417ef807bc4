# SPDX-License-Identifier: BSL-1.0
#
# find_package(foreshadow [COMPONENTS sqlite])
include(CMakePackageConfigHelpers)

set(package_dir "${CMAKE_INSTALL_LIBDIR}/cmake/foreshadow")
configure_package_config_file(cmake/foreshadow-config.cmake.in foreshadow-config.cmake
                              INSTALL_DESTINATION "${package_dir}")
write_basic_package_version_file(foreshadow-config-version.cmake
                                 COMPATIBILITY SameMinorVersion ARCH_INDEPENDENT)
install(FILES "${CMAKE_CURRENT_BINARY_DIR}/foreshadow-config.cmake"
              "${CMAKE_CURRENT_BINARY_DIR}/foreshadow-config-version.cmake"
              "${CMAKE_CURRENT_SOURCE_DIR}/cmake/foreshadow_dependencies.cmake"
        DESTINATION "${package_dir}")
install(FILES LICENSE DESTINATION "${CMAKE_INSTALL_DOCDIR}")
