# SPDX-License-Identifier: BSL-1.0
#
# Installs into an empty prefix, then configures, builds and runs examples/consumer against nothing but that prefix.
file(REMOVE_RECURSE "${scratch}")
set(prefix "${scratch}/prefix")

function(run)
    execute_process(COMMAND ${ARGV} RESULT_VARIABLE status OUTPUT_VARIABLE output ERROR_VARIABLE output)
    if(NOT status EQUAL 0)
        list(JOIN ARGV " " command)
        message(FATAL_ERROR "${command}\nended with status ${status}:\n${output}")
    endif()
endfunction()

run("${CMAKE_COMMAND}" --install "${build}" --prefix "${prefix}" --component development)
run("${CMAKE_COMMAND}" -G Ninja -S "${consumer}" -B "${scratch}/build" "-DCMAKE_PREFIX_PATH=${prefix}"
    "-DCMAKE_CXX_COMPILER=${compiler}" "-DCMAKE_CXX_FLAGS=${flags}")
run("${CMAKE_COMMAND}" --build "${scratch}/build")
run("${scratch}/build/consumer")

# A component that does not exist is said to be missing, and nothing else.
execute_process(COMMAND "${CMAKE_COMMAND}" -G Ninja -S "${consumer}" -B "${scratch}/missing" "-DCMAKE_PREFIX_PATH=${prefix}"
                        "-DCMAKE_CXX_COMPILER=${compiler}" -DCONSUMER_COMPONENT=no_such_database
                RESULT_VARIABLE status ERROR_VARIABLE output OUTPUT_QUIET)
if(status EQUAL 0 OR NOT output MATCHES "no_such_database")
    message(FATAL_ERROR "an unknown component is not refused by name:\n${output}")
endif()
