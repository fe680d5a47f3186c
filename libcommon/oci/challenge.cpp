// SPDX-License-Identifier: Apache-2.0
#include "oci/challenge.hpp"

#include "core/base64.hpp"
#include "core/text.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>

namespace slipway::oci {

namespace {

bool is_token_char(char c) {
  static constexpr std::string_view marks = "!#$%&'*+-.^_`|~";
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
         marks.find(c) != std::string_view::npos;
}

/// The header from left to right. A word is a scheme unless an equals sign follows it.
class Reader {
 public:
  explicit Reader(std::string_view text) : rest_(text) {}

  [[nodiscard]] bool done() const { return rest_.empty(); }

  void skip_blanks() {
    while (!rest_.empty() && (rest_.front() == ' ' || rest_.front() == '\t')) rest_.remove_prefix(1);
  }
  void skip_commas() {
    while (!rest_.empty() && (rest_.front() == ',' || rest_.front() == ' ' || rest_.front() == '\t'))
      rest_.remove_prefix(1);
  }
  bool take(char c) {
    if (rest_.empty() || rest_.front() != c) return false;
    rest_.remove_prefix(1);
    return true;
  }
  [[nodiscard]] std::string token() {
    const auto end = std::ranges::find_if_not(rest_, is_token_char);
    std::string out(rest_.begin(), end);
    rest_.remove_prefix(out.size());
    return out;
  }
  [[nodiscard]] std::optional<std::string> quoted() {
    std::string out;
    while (!rest_.empty()) {
      const char c = rest_.front();
      rest_.remove_prefix(1);
      if (c == '"') return out;
      if (c == '\\' && !rest_.empty()) {
        out += rest_.front();
        rest_.remove_prefix(1);
      } else {
        out += c;
      }
    }
    return std::nullopt;
  }
  /// The padding and slashes that a token68 may hold beyond a token.
  [[nodiscard]] std::string rest_of_token68() {
    const auto end = rest_.find_first_of(", \t");
    std::string out(rest_.substr(0, end));
    rest_.remove_prefix(out.size());
    return out;
  }
  [[nodiscard]] Reader ahead() const { return *this; }

 private:
  std::string_view rest_;
};

/// name=value, with blanks around the equals sign as RFC 9110 allows to readers.
std::optional<std::pair<std::string, std::string>> parameter(Reader& reader) {
  auto look = reader.ahead();
  auto name = look.token();
  if (name.empty()) return std::nullopt;
  look.skip_blanks();
  if (!look.take('=')) return std::nullopt;
  look.skip_blanks();
  std::string value;
  if (look.take('"')) {
    auto text = look.quoted();
    if (!text) return std::nullopt;
    value = std::move(*text);
  } else {
    value = look.token();
    if (value.empty()) return std::nullopt;
  }
  reader = look;
  return std::pair{text::lower(name), std::move(value)};
}

}  // namespace

std::string Challenge::parameter(std::string_view name) const {
  for (const auto& [key, value] : parameters)
    if (key == name) return value;
  return {};
}

std::vector<Challenge> parse_challenges(std::string_view header) {
  std::vector<Challenge> out;
  Reader reader(header);
  for (reader.skip_commas(); !reader.done(); reader.skip_commas()) {
    if (!out.empty() && out.back().token68.empty()) {
      if (auto more = parameter(reader)) {
        out.back().parameters.push_back(std::move(*more));
        continue;
      }
    }
    auto scheme = reader.token();
    if (scheme.empty()) break;
    Challenge challenge{.scheme = text::lower(scheme), .parameters = {}, .token68 = {}};
    reader.skip_blanks();
    if (auto first = parameter(reader)) challenge.parameters.push_back(std::move(*first));
    else challenge.token68 = reader.rest_of_token68();
    out.push_back(std::move(challenge));
  }
  return out;
}

std::optional<Challenge> choose(const std::vector<Challenge>& challenges) {
  for (const std::string_view scheme : {"bearer", "basic"})
    if (const auto found = std::ranges::find(challenges, scheme, &Challenge::scheme); found != challenges.end())
      return *found;
  return std::nullopt;
}

std::optional<Token> parse_token(std::string_view text) {
  const auto document = nlohmann::json::parse(text, nullptr, false);
  if (!document.is_object()) return std::nullopt;
  Token token;
  for (const auto* key : {"token", "access_token"})
    if (const auto found = document.find(key); token.text.empty() && found != document.end() && found->is_string())
      token.text = found->get<std::string>();
  if (token.text.empty()) return std::nullopt;
  if (const auto found = document.find("expires_in"); found != document.end() && found->is_number())
    token.lifetime = std::chrono::seconds{std::clamp(found->get<double>() > 0 ? found->get<std::int64_t>() : 0,
                                                     std::int64_t{0}, std::int64_t{86400 * 365})};
  return token;
}

std::vector<std::string> granted_scopes(std::string_view token) {
  const auto parts = text::split(token, '.');
  if (parts.size() != 3) return {};
  const auto claims = base64::decode_loose(parts[1]);
  const auto document = claims ? nlohmann::json::parse(*claims, nullptr, false) : nlohmann::json();
  std::vector<std::string> out;
  const auto access = document.is_object() ? document.find("access") : document.end();
  if (!document.is_object() || access == document.end() || !access->is_array()) return out;
  for (const auto& entry : *access) {
    if (!entry.is_object()) continue;
    std::vector<std::string> actions;
    for (const auto& action : entry.value("actions", nlohmann::json::array()))
      if (action.is_string()) actions.push_back(action.get<std::string>());
    out.push_back(fmt::format("{}:{}:{}", entry.value("type", ""), entry.value("name", ""), text::join(actions, ",")));
  }
  return out;
}

}  // namespace slipway::oci
