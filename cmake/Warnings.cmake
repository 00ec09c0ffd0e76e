# SPDX-License-Identifier: Apache-2.0
# Warnings for code that people wrote; what Cython generates is exempt.

function(fastfront_set_warnings target)
  target_compile_options(${target} PRIVATE -Wall -Wextra -Wshadow -Wconversion -Wnon-virtual-dtor)
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
    target_compile_options(${target} PRIVATE -Wno-restrict) # false alarms about "literal" + std::string (GCC bug 105651)
  endif()
  if(FASTFRONT_WERROR)
    target_compile_options(${target} PRIVATE -Werror)
  endif()
endfunction()
