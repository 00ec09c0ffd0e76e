# SPDX-License-Identifier: Apache-2.0
# One switch: -DFASTFRONT_SANITIZE=address,undefined or -DFASTFRONT_SANITIZE=thread.

if(FASTFRONT_SANITIZE)
  if(FASTFRONT_SANITIZE MATCHES "thread" AND FASTFRONT_SANITIZE MATCHES "address")
    message(FATAL_ERROR "FASTFRONT_SANITIZE: thread and address cannot be combined; build twice")
  endif()
  add_compile_options(-fsanitize=${FASTFRONT_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer -g)
  add_link_options(-fsanitize=${FASTFRONT_SANITIZE})
endif()
