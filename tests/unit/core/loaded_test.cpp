// SPDX-License-Identifier: Apache-2.0
#include "core/loaded.hpp"
#include "support/catch.hpp"

#include <cstddef>

using slipway::Error;
using slipway::LoadedLibrary;

TEST_CASE("a function of a library that is there can be called") {
  const LoadedLibrary library("libc.so.6", "nothing works without libc", "libc6");
  std::size_t (*length)(const char*) = nullptr;
  library.find("strlen", length);
  CHECK(length("slip") == 4);
}

TEST_CASE("a library that is not there is told with what it is wanted for and where it comes from") {
  try {
    const LoadedLibrary library("libslipway-none.so.7", "a URL can only be read with it", "slipway-none");
    FAIL("loaded");
  } catch (const Error& error) {
    CHECK(error.failure().id == slipway::failure::bad_setup.id);
    CHECK_THAT(error.message(), Catch::Contains("a URL can only be read with it: libslipway-none.so.7"));
    CHECK(error.hint() == "apt-get install slipway-none");
  }
}

TEST_CASE("a library without the function is too old or too new") {
  const LoadedLibrary library("libc.so.6", "nothing works without libc", "libc6");
  void (*function)() = nullptr;
  try {
    library.find("slipway_none", function);
    FAIL("found");
  } catch (const Error& error) {
    CHECK(error.failure().id == slipway::failure::bad_setup.id);
    CHECK(error.message() == "libc.so.6 has no slipway_none");
  }
}
