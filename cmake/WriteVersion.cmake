# SPDX-License-Identifier: Apache-2.0
# cmake -D SOURCE=DIR -D VERSION=1.2.0 -D COMMIT=... -D OUT=FILE -P WriteVersion.cmake
# Writes version.cpp, and touches it only when it would change, so that a build without news compiles nothing.
if(NOT COMMIT)
  # Without locks: somebody may be committing.
  execute_process(
    COMMAND git --no-optional-locks describe --always --abbrev=7 --exclude=* --dirty
    WORKING_DIRECTORY "${SOURCE}" OUTPUT_VARIABLE COMMIT OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
endif()
if(NOT COMMIT)
  set(COMMIT unknown)
endif()
set(text "// Made by cmake/WriteVersion.cmake.
#include \"core/version.hpp\"
std::string_view slipway::version() { return \"${VERSION}+${COMMIT}\"; }
")
if(EXISTS "${OUT}")
  file(READ "${OUT}" there)
endif()
if(NOT "${there}" STREQUAL "${text}")
  file(WRITE "${OUT}" "${text}")
endif()
