# SPDX-License-Identifier: BSL-1.0
#
# cmake -Dprogram=<file> -Dscratch=<folder> -P run_in_scratch.cmake: runs a program in an empty folder.
file(REMOVE_RECURSE "${scratch}")
file(MAKE_DIRECTORY "${scratch}")
execute_process(COMMAND "${program}" WORKING_DIRECTORY "${scratch}" RESULT_VARIABLE status)
if(NOT status EQUAL 0)
    message(FATAL_ERROR "${program} ended with status ${status}")
endif()
