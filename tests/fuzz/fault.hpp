// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdio>
#include <cstdlib>
#include <string>

namespace slipway::testing {

/// Says what must not be, and stops, which is what a fuzzer looks for.
[[noreturn]] inline void found(const std::string& what, const std::string& where = {}) {
  std::fprintf(stderr, "found: %s\n%s\n", what.c_str(), where.c_str());
  std::abort();
}

}  // namespace slipway::testing
