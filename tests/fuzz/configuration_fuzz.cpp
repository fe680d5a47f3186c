// SPDX-License-Identifier: Apache-2.0
// From the bytes of a configuration to the Dockerfiles of its variants, for both kinds of builders.
#include "core/error.hpp"
#include "fault.hpp"
#include "support/configurations.hpp"

#include <algorithm>
#include <cstdint>

using namespace slipway;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(bytes), size);
  std::vector<std::string> names;
  try {
    names = blubber::check(text, "f.yaml").names;
  } catch (const Error&) {
    // Once more below, where the error itself is looked at.
    const auto outcome = testing::generate(text, "a", blubber::Target::classic);
    if (!outcome.wrong.empty() && !outcome.wrong.starts_with("the wrong status") &&
        !outcome.wrong.starts_with("no finding"))
      testing::found(outcome.wrong, std::string(text));
    return 0;
  }
  names.resize(std::min<std::size_t>(names.size(), 4));
  for (const auto& name : names) {
    for (const auto target : {blubber::Target::classic, blubber::Target::buildkit}) {
      const auto outcome = testing::generate(text, name, target);
      if (!outcome.wrong.empty()) testing::found(outcome.wrong, std::string(text));
    }
    (void)blubber::expanded_json(text, "f.yaml", name);
  }
  return 0;
}
