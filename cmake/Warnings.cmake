# SPDX-License-Identifier: Apache-2.0
# One interface target with the warnings that all of our own code is built with. -Werror is only in
# the presets, so that a packager's newer compiler never breaks a build.
option(SLIPWAY_WERROR "Treat warnings as errors" OFF)
add_library(slipway_warnings INTERFACE)
# missing-field-initializers is off: designated initialisers that leave the rest at its default are the
# house's way of passing requests and options, and g++ 12 warns about each.
target_compile_options(slipway_warnings INTERFACE
  -Wall -Wextra -Wpedantic -Wconversion -Wsign-conversion -Wold-style-cast -Wshadow
  -Wnull-dereference -Wformat=2 -Wnon-virtual-dtor -Woverloaded-virtual
  -Wno-missing-field-initializers
  $<$<CXX_COMPILER_ID:GNU>:-Wuseless-cast -Wduplicated-cond -Wduplicated-branches -Wlogical-op>
  $<$<BOOL:${SLIPWAY_WERROR}>:-Werror>)
