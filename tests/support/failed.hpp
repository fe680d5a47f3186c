// SPDX-License-Identifier: Apache-2.0
// For work that has to end in an Error: checks its id and hands the Error over for a closer look.
#pragma once

#include "core/error.hpp"
#include "support/catch.hpp"

#include <utility>

namespace slipway::testing {

template <typename Work>
Error failed(const Failure& wanted, Work&& work) {
  try {
    std::forward<Work>(work)();
  } catch (const Error& error) {
    CHECK(error.failure().id == wanted.id);
    return error;
  }
  FAIL("nothing was thrown");
  return {wanted, ""};
}

}  // namespace slipway::testing
