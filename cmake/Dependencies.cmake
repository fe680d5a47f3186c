# SPDX-License-Identifier: Apache-2.0
# Everything comes from the system (Debian 12 names in README.md); nothing is downloaded.
find_program(SLIPWAY_CCACHE ccache)
if(SLIPWAY_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_CXX_COMPILER_LAUNCHER "${SLIPWAY_CCACHE}")
endif()
find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)
find_package(fmt REQUIRED)
find_package(CLI11 REQUIRED)
find_package(nlohmann_json REQUIRED)
find_package(yaml-cpp REQUIRED)
find_package(CURL REQUIRED)
find_package(OpenSSL REQUIRED)
find_package(LibArchive REQUIRED)
pkg_check_modules(libgit2 REQUIRED libgit2)  # its headers; libcommon/git loads it
# Comes with libgit2-dev. Patterns in service specifications are written for Python's and JavaScript's
# engines: \d, lazy repeats and lookahead are not in POSIX, and a match must have a limit.
pkg_check_modules(pcre2 REQUIRED IMPORTED_TARGET libpcre2-8)
pkg_check_modules(isal REQUIRED IMPORTED_TARGET libisal)
pkg_check_modules(zlib REQUIRED IMPORTED_TARGET zlib)
pkg_check_modules(libdeflate REQUIRED IMPORTED_TARGET libdeflate)
pkg_check_modules(libzstd REQUIRED IMPORTED_TARGET libzstd)
# What is shipped carries the C++ libraries in itself: theirs are weak symbols, which the loader has to look up one by one
# at each start. All of them or none, since an exception must find the runtime that threw it.
option(SLIPWAY_STATIC_CXX "Link libstdc++, libgcc, fmt and yaml-cpp statically" OFF)
if(SLIPWAY_STATIC_CXX)
  add_link_options(-static-libstdc++ -static-libgcc)
  add_library(slipway::fmt ALIAS fmt::fmt-header-only)  # Debian has no archive of fmt
  find_library(SLIPWAY_YAML_CPP_ARCHIVE libyaml-cpp.a REQUIRED)
  add_library(yaml_cpp_archive STATIC IMPORTED)
  set_target_properties(yaml_cpp_archive PROPERTIES IMPORTED_LOCATION "${SLIPWAY_YAML_CPP_ARCHIVE}")
  add_library(slipway::yaml-cpp ALIAS yaml_cpp_archive)
else()
  add_library(slipway::fmt ALIAS fmt::fmt)
  if(TARGET yaml-cpp::yaml-cpp)
    add_library(slipway::yaml-cpp ALIAS yaml-cpp::yaml-cpp)
  else()  # 0.7 exports plain yaml-cpp
    add_library(slipway::yaml-cpp ALIAS yaml-cpp)
  endif()
endif()
if(BUILD_TESTING)
  find_package(Catch2 REQUIRED)
endif()
