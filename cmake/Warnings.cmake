# SPDX-License-Identifier: Apache-2.0
# Warnings for code that people wrote; what Cython generates is exempt.

function(fastfront_set_warnings target)
  target_compile_options(${target} PRIVATE -Wall -Wextra -Wshadow -Wconversion -Wnon-virtual-dtor)
  if(FASTFRONT_WERROR)
    target_compile_options(${target} PRIVATE -Werror)
  endif()
endfunction()
