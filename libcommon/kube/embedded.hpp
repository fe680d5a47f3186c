// SPDX-License-Identifier: Apache-2.0
// Most of a kubeconfig are certificates and keys in base64. yaml-cpp looks at each of their characters as if it could
// end the scalar: a file with 30 clusters took 11 ms, as long as all else that a look at a workload needs. So they are
// taken out before it reads the file, and put back into what it has read.
#pragma once

#include "data/value.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace slipway::kube {

/// A text whose long base64 words stand aside, each with a short word in its place.
struct WithoutEmbedded {
  std::string text;
  std::vector<std::string_view> words;  ///< what was taken out, in order; views into the text that was given
};

/// YAML reads it as it reads `text`, but for those words. A word is what stands after a blank or a quote, and has
/// nothing but the ends of quotes and flow maps behind it in its line: no other word changes its place or its meaning.
[[nodiscard]] WithoutEmbedded take_out_embedded(std::string_view text);

/// Puts the words back, in every scalar and key of `value`.
void put_back_embedded(data::Value& value, const WithoutEmbedded& from);

}  // namespace slipway::kube
