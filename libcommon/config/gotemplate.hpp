// SPDX-License-Identifier: Apache-2.0
// The part of Go's text/template that real helmfile state files use to name their values files: names
// of the environment and the release, conditions on them, a few functions of sprig. Nothing is run,
// read or fetched. What lies outside of that part is not guessed: it is kept as an unknown, and whoever
// needs its text learns which expression stood there. Pure.
#pragma once

#include "data/value.hpp"

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace slipway::config {

/// What a field such as `.Environment.Name` stands for; nothing when that cannot be known here.
using TemplateScope = std::function<std::optional<data::Value>(const std::vector<std::string>& field)>;

/// An expression that was left alone.
struct UnknownExpression {
  std::string text;  ///< with its braces
  int line = 0;
  std::string reason;
};

struct RenderedTemplate {
  std::string text;                        ///< unknown expressions stand in it as markers
  std::vector<int> lines;                  ///< for each line of `text`, the line of the source that it began in
  std::vector<UnknownExpression> unknown;  ///< by the numbers of the markers

  /// The source line of a line of `text`; both count from 1.
  [[nodiscard]] int source_line(int line) const;
  /// The first unknown expression whose marker stands in `part`.
  [[nodiscard]] const UnknownExpression* unknown_in(std::string_view part) const;
};

enum class UnknownBlocks {
  refuse,  ///< a condition over several lines that cannot be decided, and an unknown that is a line of its own
  drop,    ///< leave such lines out: for a first look at what can be known
};

/// @param file what errors call the template
/// @throws Error bad_input: unbalanced braces or blocks, and what `blocks` refuses, with line and expression
[[nodiscard]] RenderedTemplate render_template(std::string_view text, const TemplateScope& scope,
                                               const std::string& file, UnknownBlocks blocks);

}  // namespace slipway::config
