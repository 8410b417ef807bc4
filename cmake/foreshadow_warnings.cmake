# SPDX-License-Identifier: BSL-1.0
#
# foreshadow_warnings: linked privately by what this project builds. Whether a warning is an error is for the presets
# to say (CMAKE_COMPILE_WARNING_AS_ERROR), so that a newer compiler breaks nobody's build.
if(NOT TARGET foreshadow_warnings)
    add_library(foreshadow_warnings INTERFACE)
    # The same of both: Clang's -Wconversion would ask for signs, too, and its -Wshadow knows no `local`, so that sources
    # which are compiled as one would shadow each other.
    target_compile_options(foreshadow_warnings INTERFACE -Wall -Wextra -Wpedantic -Wconversion
                           $<IF:$<CXX_COMPILER_ID:GNU>,-Wshadow=local,-Wno-sign-conversion>)
endif()
