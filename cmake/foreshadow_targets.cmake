# SPDX-License-Identifier: BSL-1.0
#
# foreshadow_add_component(<name> BASE_DIR <dir>): an INTERFACE target with every header below <dir>, its alias, and its
# place in the installed package. The core is foreshadow::foreshadow; a component foreshadow_x is foreshadow::x.
function(foreshadow_add_component name)
    cmake_parse_arguments(PARSE_ARGV 1 arg "" "BASE_DIR" "")
    cmake_path(ABSOLUTE_PATH arg_BASE_DIR BASE_DIRECTORY "${CMAKE_CURRENT_SOURCE_DIR}")
    file(GLOB_RECURSE headers CONFIGURE_DEPENDS "${arg_BASE_DIR}/*.hpp")
    string(REGEX REPLACE "^foreshadow_" "" short "${name}")

    add_library(${name} INTERFACE)
    add_library(foreshadow::${short} ALIAS ${name})
    set_target_properties(${name} PROPERTIES EXPORT_NAME ${short})
    target_sources(${name} INTERFACE FILE_SET HEADERS BASE_DIRS "${arg_BASE_DIR}" FILES ${headers})
    target_compile_features(${name} INTERFACE cxx_std_20)

    if(FORESHADOW_INSTALL)
        install(TARGETS ${name} EXPORT foreshadow-${short}-targets
                FILE_SET HEADERS DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}" COMPONENT development)
        install(EXPORT foreshadow-${short}-targets NAMESPACE foreshadow::
                FILE foreshadow-${short}-targets.cmake
                DESTINATION "${CMAKE_INSTALL_LIBDIR}/cmake/foreshadow" COMPONENT development)
    endif()
endfunction()
