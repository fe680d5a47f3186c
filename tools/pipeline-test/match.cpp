// SPDX-License-Identifier: Apache-2.0
#include "match.hpp"

#include "core/error.hpp"
#include "core/text.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#define PCRE2_CODE_UNIT_WIDTH 8
#include <array>
#include <pcre2.h>

namespace slipway::pipeline_test {

namespace {

constexpr std::size_t shown_length = 200;

std::string cut(std::string_view text) {
  auto shown = text::printable(text.substr(0, shown_length));
  if (text.size() > shown_length) shown += fmt::format("... ({} bytes)", text.size());
  return shown;
}

std::string shown(const nlohmann::json& value) {
  return cut(value.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
}

std::string escaped(const std::string& key) {
  std::string out;
  for (const char c : key) {
    if (c == '~') out += "~0";
    else if (c == '/') out += "~1";
    else out += c;
  }
  return out;
}

}  // namespace

struct Pattern::Code {
  struct Free {
    void operator()(pcre2_code* code) const { pcre2_code_free(code); }
    void operator()(pcre2_match_data* data) const { pcre2_match_data_free(data); }
    void operator()(pcre2_match_context* context) const { pcre2_match_context_free(context); }
  };
  std::unique_ptr<pcre2_code, Free> compiled;
  std::string expression;

  /// The fault, or nothing: then it is compiled.
  std::optional<std::string> compile(std::string_view text) {
    int code = 0;
    PCRE2_SIZE at = 0;
    expression = text;
    compiled.reset(pcre2_compile(reinterpret_cast<PCRE2_SPTR>(text.data()), text.size(),
                                 PCRE2_UTF | PCRE2_UCP | PCRE2_MATCH_INVALID_UTF, &code, &at, nullptr));
    if (compiled) return std::nullopt;
    std::array<PCRE2_UCHAR, 200> message{};
    pcre2_get_error_message(code, message.data(), message.size());
    return fmt::format("{} at character {}", reinterpret_cast<const char*>(message.data()), at + 1);
  }
};

std::optional<std::string> Pattern::fault(std::string_view expression) { return Code{}.compile(expression); }

Pattern::Pattern(std::string_view expression) {
  const auto code = std::make_shared<Code>();
  if (const auto wrong = code->compile(expression))
    throw Error(failure::bad_input, fmt::format("pattern /{}/ is malformed: {}", text::printable(expression), *wrong));
  code_ = code;
}

bool Pattern::found_in(std::string_view text) const {
  const std::unique_ptr<pcre2_match_data, Code::Free> data(
      pcre2_match_data_create_from_pattern(code_->compiled.get(), nullptr));
  const std::unique_ptr<pcre2_match_context, Code::Free> context(pcre2_match_context_create(nullptr));
  pcre2_set_match_limit(context.get(), 1'000'000);  // a pattern from outside must not keep us for ever
  const int found = pcre2_match(code_->compiled.get(), reinterpret_cast<PCRE2_SPTR>(text.data()), text.size(), 0, 0,
                                data.get(), context.get());
  if (found >= 0) return true;
  if (found == PCRE2_ERROR_NOMATCH) return false;
  throw Error(failure::bad_input,
              fmt::format("pattern /{}/ takes too long to search for", text::printable(code_->expression)));
}

std::optional<std::string_view> expression_of(std::string_view expected) {
  if (expected.size() < 3 || !expected.starts_with('/') || !expected.ends_with('/')) return std::nullopt;
  return expected.substr(1, expected.size() - 2);
}

std::optional<Mismatch> match_text(std::string where, std::string_view expected, std::string_view got, TextRule rule) {
  bool same = false;
  if (const auto expression = expression_of(expected)) {
    same = Pattern(*expression).found_in(got);
  } else {
    switch (rule) {
    case TextRule::equal: same = got == expected; break;
    case TextRule::prefix: same = got.starts_with(expected); break;
    case TextRule::contains: same = got.find(expected) != std::string_view::npos; break;
    }
  }
  if (same) return std::nullopt;
  return Mismatch{std::move(where), cut(expected), cut(got)};
}

void match_json(const std::string& where, const nlohmann::json& expected, const nlohmann::json& got, TextRule rule,
                std::vector<Mismatch>& into) {
  if (expected.is_null()) return;
  const auto at = where.empty() ? std::string("body") : where;
  const auto differs = [&] { into.push_back({at, shown(expected), shown(got)}); };
  if (expected.is_object()) {
    if (!got.is_object()) return differs();
    for (const auto& [key, value] : expected.items()) {
      const auto below = where + "/" + escaped(key);
      const auto found = got.find(key);
      if (found != got.end()) match_json(below, value, *found, rule, into);
      else if (!value.is_null()) into.push_back({below, shown(value), "nothing"});
    }
    return;
  }
  if (expected.is_array()) {
    if (!got.is_array()) return differs();
    if (expected.size() != 1 && expected.size() != got.size()) {
      into.push_back({at, fmt::format("a list of {}", expected.size()), fmt::format("a list of {}", got.size())});
      return;
    }
    for (std::size_t i = 0; i < got.size(); ++i)
      match_json(fmt::format("{}/{}", where, i), expected[expected.size() == 1 ? 0 : i], got[i], rule, into);
    return;
  }
  if (expected.is_string()) {
    const auto& text = expected.get_ref<const std::string&>();
    const bool pattern = expression_of(text).has_value();
    if (got.is_string() || (pattern && got.is_primitive() && !got.is_null())) {
      const auto actual = got.is_string() ? got.get<std::string>() : got.dump();
      if (auto mismatch = match_text(at, text, actual, rule)) into.push_back(std::move(*mismatch));
      return;
    }
    return differs();
  }
  if (expected != got) differs();
}

}  // namespace slipway::pipeline_test
