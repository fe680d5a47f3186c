// SPDX-License-Identifier: Apache-2.0
// Names with placeholders, as a layout writes them: "values-{env}.yaml". There is no condition, loop
// or code, so the set of files that a service can read is known without running anything. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace slipway::config {

/// What the placeholders stand for.
struct Variables {
  std::string service;
  std::string environment;
  std::string release;
  std::string name_space;  ///< {namespace}
  std::string chart;
  std::vector<std::pair<std::string, std::string>> vars;  ///< of the environment, as {vars.NAME}
};

class Pattern {
 public:
  /// Literal text and {service}, {env}, {release}, {namespace}, {chart}, {vars.NAME}, or one of them with a suffix to
  /// cut off, as in {release%-canary}. Nothing else stands in braces.
  /// @param problem becomes what is wrong when nothing is returned
  [[nodiscard]] static std::optional<Pattern> parse(std::string_view text, std::string& problem);

  /// Nothing when a suffix to cut off is not there, or the environment lacks the variable: the name then does
  /// not apply.
  [[nodiscard]] std::optional<std::string> expand(const Variables& variables) const;
  /// What `placeholder` ("env", "service") would have to be for the pattern to give `name`; the others are taken
  /// from `variables`. Nothing when it does not fit or the pattern does not hold the placeholder.
  [[nodiscard]] std::optional<std::string> match(std::string_view name, std::string_view placeholder,
                                                 Variables variables) const;
  [[nodiscard]] bool holds(std::string_view placeholder) const;
  [[nodiscard]] std::vector<std::string> variables() const;  ///< the NAMEs of its {vars.NAME}
  [[nodiscard]] const std::string& text() const { return text_; }

 private:
  struct Part {
    bool literal = true;
    std::string text;    ///< literal text, or the placeholder's name
    std::string suffix;  ///< to cut off
  };
  std::string text_;
  std::vector<Part> parts_;
};

/// `*` stands for any text without a slash in it, nothing else is special.
[[nodiscard]] bool glob_matches(std::string_view glob, std::string_view name);

}  // namespace slipway::config
