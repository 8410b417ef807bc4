# SPDX-License-Identifier: BSL-1.0
#
# What the headers need, found in one place: the build includes this file, and the installed package includes it again,
# because the imported targets that pkg-config makes exist only in the project that asked for them.
include(CMakeFindDependencyMacro)

macro(foreshadow_find name)
    if(CMAKE_FIND_PACKAGE_NAME)
        find_dependency(${name} ${ARGN})
    else()
        find_package(${name} ${ARGN} REQUIRED)
    endif()
endmacro()

# Modules without a CMake package of their own become PkgConfig::foreshadow_<module>.
macro(foreshadow_find_module name)
    if(NOT TARGET PkgConfig::foreshadow_${name})
        pkg_check_modules(foreshadow_${name} REQUIRED QUIET IMPORTED_TARGET ${name})
    endif()
endmacro()

set(FORESHADOW_CORE_LIBRARIES
    Boost::headers Threads::Threads OpenSSL::Crypto xtensor
    PkgConfig::foreshadow_RapidJSON PkgConfig::foreshadow_libzstd PkgConfig::foreshadow_liblz4 PkgConfig::foreshadow_libxxhash)

set(THREADS_PREFER_PTHREAD_FLAG ON)
foreshadow_find(Threads)
foreshadow_find(Boost 1.81)
foreshadow_find(OpenSSL 3)
foreshadow_find(xtensor 0.24)
foreshadow_find(PkgConfig)
foreshadow_find_module(RapidJSON)
foreshadow_find_module(libzstd)
foreshadow_find_module(liblz4)
foreshadow_find_module(libxxhash)
