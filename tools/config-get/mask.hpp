// SPDX-License-Identifier: Apache-2.0
// Which values a person is not shown: those that an encrypted layer, or one that the layout calls secret,
// has the last word on. What goes into a pipe is never masked, or it would be of no use. Pure.
#pragma once

#include "config/bundle.hpp"
#include "config/keypath.hpp"

#include <string_view>

namespace slipway::config_get {

inline constexpr std::string_view masked_text = "(secret)";

class Mask {
 public:
  /// @param bundle has to outlive this
  Mask(const config::Bundle& bundle, bool reveal);

  [[nodiscard]] bool hides_any() const { return hides_any_; }
  [[nodiscard]] bool hides(const config::KeyPath& path) const;
  [[nodiscard]] bool hides(const config::Layer& layer) const { return hides_any_ && layer.secret; }
  /// The bundle's values, or what lies below `path` of them, with masked_text for what is hidden.
  [[nodiscard]] data::Value masked(const config::KeyPath& path = {}) const;

 private:
  void mask(data::Value& value, config::KeyPath& path) const;

  const config::Bundle& bundle_;
  bool hides_any_;
};

}  // namespace slipway::config_get
