# SPDX-License-Identifier: Apache-2.0

# add_module(NAME SOURCES file... [LINKS target...] [PRIVATE_LINKS target...])
# A room of libcommon: the static library common_NAME, used as common::NAME. Includes go from the
# root of libcommon ("oci/reference.hpp").
function(add_module name)
  cmake_parse_arguments(arg "" "" "SOURCES;LINKS;PRIVATE_LINKS" ${ARGN})
  add_library(common_${name} STATIC ${arg_SOURCES})
  add_library(common::${name} ALIAS common_${name})
  target_include_directories(common_${name} PUBLIC "${PROJECT_SOURCE_DIR}/libcommon")
  target_link_libraries(common_${name} PUBLIC ${arg_LINKS}
                        PRIVATE ${arg_PRIVATE_LINKS} slipway_warnings)
endfunction()

# add_tool(NAME SOURCES file... LINKS target...)
# A tool: its logic as the library NAME_lib (dashes become underscores), main.cpp as the program.
# Includes inside a tool go from its own folder.
function(add_tool name)
  cmake_parse_arguments(arg "" "" "SOURCES;LINKS;PRIVATE_LINKS" ${ARGN})
  string(REPLACE "-" "_" id ${name})
  add_library(${id}_lib STATIC ${arg_SOURCES})
  target_include_directories(${id}_lib PUBLIC "${CMAKE_CURRENT_SOURCE_DIR}")
  target_link_libraries(${id}_lib PUBLIC common::cli ${arg_LINKS} PRIVATE ${arg_PRIVATE_LINKS} slipway_warnings)
  add_executable(${name} main.cpp)
  target_link_libraries(${name} PRIVATE ${id}_lib slipway_warnings)
  install(TARGETS ${name} RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
endfunction()
