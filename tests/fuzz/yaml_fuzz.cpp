// SPDX-License-Identifier: Apache-2.0
// The YAML reader: any bytes are read or refused with a place, and what was read is written so that it is read again
// as the same.
#include "data/yaml.hpp"
#include "fault.hpp"

#include <cstdint>

using namespace slipway;

namespace {

constexpr data::YamlLimits limits{.nodes = 20'000, .bytes = 1U << 20U};

std::string where(const Error& error) {
  return error.findings().empty() ? error.message() : error.findings().front().message;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(bytes), size);
  std::vector<data::YamlDocument> documents;
  try {
    documents = data::parse_yaml_stream(text, "f.yaml", limits);
  } catch (const Error& error) {
    if (error.findings().size() != 1 || error.findings().front().line < 1 || error.findings().front().column < 1)
      testing::found("an error without a place", where(error));
    return 0;
  }
  for (const auto& document : documents) {
    for (const auto& form : {data::to_yaml(document.root), data::to_json(document.root)}) {
      try {
        if (!(data::parse_yaml(form, "again.yaml").root == document.root))
          testing::found("read back as something else", form);
      } catch (const Error& error) {
        testing::found("what was written cannot be read: " + where(error), form);
      }
    }
  }
  return 0;
}
