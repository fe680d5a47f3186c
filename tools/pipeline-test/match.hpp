// SPDX-License-Identifier: Apache-2.0
// Is an answer what was expected? Expectations are partial: an object names the members that count, a
// string between slashes is a pattern, null is anything. Pure.
// @source wikimedia service-checker 2021-09, checker/service.py, whose specifications we must judge alike
#pragma once

#include <nlohmann/json_fwd.hpp>

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace slipway::pipeline_test {

struct Mismatch {
  std::string where;  ///< "status", "header content-type", "body", or a JSON pointer into the body
  std::string expected;
  std::string got;  ///< printable, cut where it is long
};

/// How plain text is compared.
enum class TextRule {
  equal,
  prefix,  ///< equal or the beginning, so that `application/json` accepts a charset
  contains,
};

/// A regular expression that is searched for, never anchored by itself.
class Pattern {
 public:
  /// What is wrong with it, or nothing.
  [[nodiscard]] static std::optional<std::string> fault(std::string_view expression);
  /// @throws Error bad_input when it is malformed
  explicit Pattern(std::string_view expression);
  /// @throws Error bad_input when the search goes beyond all measure
  [[nodiscard]] bool found_in(std::string_view text) const;

 private:
  struct Code;
  std::shared_ptr<const Code> code_;
};

/// `/.../`: the expression between the slashes; nothing for plain text.
[[nodiscard]] std::optional<std::string_view> expression_of(std::string_view expected);

/// @param where what the mismatch will say
[[nodiscard]] std::optional<Mismatch> match_text(std::string where, std::string_view expected, std::string_view got,
                                                 TextRule rule);

/// Object: each member that is expected; a list of one: every item; else item by item and as many.
/// Numbers by value; a wrong type is a mismatch, except that a pattern looks at the text of any scalar.
/// @param where pointer of the value, "" for the whole body
void match_json(const std::string& where, const nlohmann::json& expected, const nlohmann::json& got, TextRule rule,
                std::vector<Mismatch>& into);

}  // namespace slipway::pipeline_test
