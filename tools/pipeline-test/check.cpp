// SPDX-License-Identifier: Apache-2.0
#include "check.hpp"

#include "core/error.hpp"
#include "core/text.hpp"
#include "http/url.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <initializer_list>

namespace slipway::pipeline_test {

namespace {

/// Names in ${} with what they stand for, each passed through `encode`.
template <typename Encode>
std::string expand_with(std::string_view text, const Vars& vars, std::vector<std::string>& missing, Encode encode) {
  std::string out;
  while (!text.empty()) {
    const auto at = text.find("${");
    out += text.substr(0, at);
    if (at == std::string_view::npos) break;
    const auto end = text.find('}', at);
    const bool literal = at > 0 && text[at - 1] == '$';
    if (literal || end == std::string_view::npos) {
      if (!literal) out += '$';
      out += '{';
      text.remove_prefix(at + 2);
      continue;
    }
    const std::string name(text.substr(at + 2, end - at - 2));
    if (const auto found = vars.find(name); found != vars.end()) out += encode(found->second);
    else missing.push_back(name);
    text.remove_prefix(end + 1);
  }
  return out;
}

const auto as_it_is = [](const std::string& value) { return value; };

void expand_strings(nlohmann::json& value, const Vars& vars, std::vector<std::string>& missing) {
  if (value.is_string()) value = expand(value.get_ref<const std::string&>(), vars, missing);
  else if (value.is_structured())
    for (auto& item : value) expand_strings(item, vars, missing);
}

bool carries_credentials(std::string_view header) {
  const auto name = text::lower(header);
  return name == "authorization" || name == "cookie" || name == "proxy-authorization" ||
         name.find("token") != std::string::npos || name.find("key") != std::string::npos;
}

std::string shell_word(std::string_view text) {
  std::string out = "'";
  for (const char c : text) {
    if (c == '\'') out += "'\\''";
    else out += c;
  }
  return out + "'";
}

}  // namespace

std::string expand(std::string_view text, const Vars& vars, std::vector<std::string>& missing) {
  return expand_with(text, vars, missing, as_it_is);
}

Check expand(const Check& check, const Vars& vars) {
  if (!check.has_vars) return check;
  Check out = check;
  std::vector<std::string> missing;
  const auto fill = [&](std::string& text) { text = expand(text, vars, missing); };
  const auto fill_all = [&](Pairs& pairs) {
    for (auto& [name, value] : pairs) fill(value);
  };
  out.question.path =
      expand_with(check.question.path, vars, missing, [](const std::string& s) { return http::percent_encode(s); });
  fill_all(out.question.query);
  fill_all(out.question.headers);
  if (out.question.body) fill(*out.question.body);
  if (out.question.form) fill_all(*out.question.form);
  if (out.question.json) expand_strings(*out.question.json, vars, missing);
  fill_all(out.expect.headers);
  if (out.expect.json) expand_strings(*out.expect.json, vars, missing);
  if (out.expect.body) fill(*out.expect.body);
  if (out.expect.not_body) fill(*out.expect.not_body);
  if (!missing.empty())
    throw Error(failure::bad_input, fmt::format("check '{}' needs {}, which no earlier check has saved", check.name,
                                                text::join(missing, ", ")));
  return out;
}

std::string target_of(const Question& question) {
  std::string out;
  for (const char c : question.path) {
    const auto byte = static_cast<unsigned char>(c);
    const bool bare = byte > ' ' && byte < 0x7f && c != '"' && c != '<' && c != '>' && c != '\\' && c != '^' &&
                      c != '`' && c != '{' && c != '|' && c != '}' && c != '#';
    out += bare ? std::string(1, c) : fmt::format("%{:02X}", byte);
  }
  char join = out.find('?') == std::string::npos ? '?' : '&';
  for (const auto& [name, value] : question.query) {
    out += join + http::percent_encode(name) + "=" + http::percent_encode(value);
    join = '&';
  }
  return out;
}

std::pair<std::string, std::string> content_of(const Question& question) {
  if (question.json) return {question.json->dump(), "application/json"};
  if (question.form) {
    std::string out;
    for (const auto& [name, value] : *question.form)
      out += (out.empty() ? "" : "&") + http::percent_encode(name) + "=" + http::percent_encode(value);
    return {out, "application/x-www-form-urlencoded"};
  }
  return {question.body.value_or(""), ""};
}

std::string curl_line(const Question& question, const std::string& base) {
  std::string out = "curl -i";
  if (question.method != "GET") out += " -X " + question.method;
  const auto [content, type] = content_of(question);
  if (!type.empty()) out += " -H " + shell_word("content-type: " + type);
  for (const auto& [name, value] : question.headers)
    out += " -H " + shell_word(name + ": " + (carries_credentials(name) ? "..." : value));
  if (!content.empty()) out += " --data-binary " + shell_word(content.substr(0, 500));
  return text::printable(out + " " + shell_word(base + target_of(question)));
}

}  // namespace slipway::pipeline_test
