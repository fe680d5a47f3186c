// SPDX-License-Identifier: Apache-2.0
// The input is a text that is put in the place of one value: the first two bytes choose which.
#include "fault.hpp"
#include "support/configurations.hpp"

#include <cstdint>

using namespace slipway;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  static const auto places = [] {
    std::vector<testing::Place> out;
    for (const auto& path : testing::text_keys()) {
      for (auto& place : testing::places_of(path)) out.push_back(std::move(place));
    }
    return out;
  }();
  if (size < 3) return 0;
  const auto& place = places[(bytes[0] * 256U + bytes[1]) % places.size()];
  const std::string text(reinterpret_cast<const char*>(bytes) + 2, size - 2);
  std::pair<std::string, std::string> made;
  try {
    made = place.with(text);
  } catch (const nlohmann::json::exception&) {
    return 0;  // no UTF-8: that is the YAML reader's
  }
  for (const auto target : {blubber::Target::classic, blubber::Target::buildkit}) {
    const auto outcome = testing::generate(made.first, made.second, target);
    if (!outcome.wrong.empty()) testing::found(outcome.wrong, made.first);
  }
  return 0;
}
