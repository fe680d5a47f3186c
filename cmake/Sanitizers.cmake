# SPDX-License-Identifier: Apache-2.0
# SLIPWAY_SANITIZE=address,undefined (or thread) instruments everything that is ours.
set(SLIPWAY_SANITIZE "" CACHE STRING "Sanitizers, comma-separated")
if(SLIPWAY_SANITIZE)
  add_compile_options(-fsanitize=${SLIPWAY_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${SLIPWAY_SANITIZE})
endif()

option(SLIPWAY_HARDEN "Hardening flags for what is shipped" OFF)
if(SLIPWAY_HARDEN)
  add_compile_options(-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3 -D_GLIBCXX_ASSERTIONS -fstack-protector-strong)
  set(CMAKE_POSITION_INDEPENDENT_CODE ON)
  add_link_options(-pie -Wl,-z,relro,-z,now -Wl,--as-needed)
endif()
add_compile_options("-ffile-prefix-map=${CMAKE_SOURCE_DIR}/=")
