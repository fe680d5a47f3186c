// SPDX-License-Identifier: Apache-2.0
// Names and values in the engine's URLs. Only for the .cpp files of this module.
#pragma once

#include "http/url.hpp"

#include <string>
#include <string_view>

namespace slipway::docker {

class Query {
 public:
  void add(std::string_view name, std::string_view value) {
    text_ += text_.empty() ? '?' : '&';
    text_ += name;
    text_ += '=';
    text_ += http::percent_encode(value);
  }
  [[nodiscard]] const std::string& text() const { return text_; }

 private:
  std::string text_;
};

/// An image's or container's name as part of a path: its slashes, colons and at signs stay.
inline std::string path_segment(std::string_view name) {
  std::string out;
  for (const char c : name) {
    if (c == '/' || c == ':' || c == '@') out += c;
    else out += http::percent_encode({&c, 1});
  }
  return out;
}

}  // namespace slipway::docker
