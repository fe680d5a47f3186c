// SPDX-License-Identifier: Apache-2.0
#include "mask.hpp"

#include "config/trace.hpp"

#include <algorithm>
#include <string>

namespace slipway::config_get {

Mask::Mask(const config::Bundle& bundle, bool reveal)
    : bundle_(bundle), hides_any_(!reveal && std::ranges::any_of(bundle.layers, &config::Layer::secret)) {}

bool Mask::hides(const config::KeyPath& path) const {
  if (!hides_any_) return false;
  const auto trace = config::trace(bundle_, path);
  return !trace.statements.empty() && trace.statements.front().layer->secret;
}

data::Value Mask::masked(const config::KeyPath& path) const {
  auto out = config::at(bundle_.values, path);
  auto here = path;
  if (hides_any_) mask(out, here);
  return out;
}

void Mask::mask(data::Value& value, config::KeyPath& path) const {
  if (value.is(data::Kind::mapping) && !value.members().empty()) {
    for (auto& member : value.members()) {
      path.emplace_back(member.key);
      mask(member.value, path);
      path.pop_back();
    }
  } else if (hides(path)) {
    value = data::Value::of(std::string(masked_text));
  }
}

}  // namespace slipway::config_get
