// SPDX-License-Identifier: Apache-2.0
#include "blubber/grammar.hpp"

#include "core/text.hpp"

#include <algorithm>
#include <array>
#include <vector>

namespace slipway::blubber::grammar {

namespace {

constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }
constexpr bool is_lower(char c) { return c >= 'a' && c <= 'z'; }
constexpr bool is_alpha(char c) { return is_lower(c) || (c >= 'A' && c <= 'Z'); }
constexpr bool is_alnum(char c) { return is_alpha(c) || is_digit(c); }
constexpr bool is_hex(char c) { return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }

bool all_in(std::string_view s, std::string_view extra) {
  return std::ranges::all_of(s, [&](char c) { return is_alnum(c) || extra.find(c) != std::string_view::npos; });
}

/// [a-z0-9]+ joined by `.`, `_`, `__` or dashes.
bool is_path_component(std::string_view s) {
  const auto is_word = [](char c) { return is_lower(c) || is_digit(c); };
  if (s.empty() || !is_word(s.front()) || !is_word(s.back())) return false;
  for (std::size_t i = 0; i < s.size();) {
    if (is_word(s[i])) {
      ++i;
      continue;
    }
    const auto end = std::min(s.find_first_not_of(s[i], i), s.size());
    const auto run = end - i;
    const bool fits = s[i] == '-' || (s[i] == '.' && run == 1) || (s[i] == '_' && run <= 2);
    if (!fits || !is_word(s[end])) return false;
    i = end;
  }
  return true;
}

bool is_domain(std::string_view s) {
  if (s.starts_with('[')) {
    const auto end = s.find(']');
    if (end == std::string_view::npos || end < 3) return false;
    if (!std::ranges::all_of(s.substr(1, end - 1), [](char c) { return is_hex(c) || c == ':'; })) return false;
    s.remove_prefix(end + 1);
    return s.empty() || (s.size() > 1 && s.front() == ':' && std::ranges::all_of(s.substr(1), is_digit));
  }
  const auto colon = s.find(':');
  if (colon != std::string_view::npos) {
    const auto port = s.substr(colon + 1);
    if (port.empty() || !std::ranges::all_of(port, is_digit)) return false;
    s = s.substr(0, colon);
  }
  for (const auto& label : text::split(s, '.')) {
    if (label.empty() || !is_alnum(label.front()) || !is_alnum(label.back()) || !all_in(label, "-")) return false;
  }
  return true;
}

bool is_tag(std::string_view s) {
  return !s.empty() && s.size() <= 128 && s.front() != '.' && s.front() != '-' && all_in(s, "_.-");
}

bool is_digest(std::string_view s) {
  const auto colon = s.find(':');
  if (colon == std::string_view::npos || colon == 0) return false;
  const auto hex = s.substr(colon + 1);
  return is_alpha(s.front()) && all_in(s.substr(0, colon), "-_+.") && hex.size() >= 32 &&
         std::ranges::all_of(hex, is_hex);
}

}  // namespace

bool is_image_reference(std::string_view s) {
  if (const auto at = s.find('@'); at != std::string_view::npos) {
    if (!is_digest(s.substr(at + 1))) return false;
    s = s.substr(0, at);
  }
  const auto slash = s.rfind('/');
  if (const auto colon = s.rfind(':');
      colon != std::string_view::npos && (slash == std::string_view::npos || colon > slash)) {
    if (!is_tag(s.substr(colon + 1))) return false;
    s = s.substr(0, colon);
  }
  if (s.size() > 255) return false;
  auto parts = text::split(s, '/');
  if (parts.size() > 1 && (parts.front().find_first_of(".:[") != std::string::npos || parts.front() == "localhost")) {
    if (!is_domain(parts.front())) return false;
    parts.erase(parts.begin());
  }
  return std::ranges::all_of(parts, is_path_component);
}

bool is_variant_name(std::string_view s) { return !s.empty() && is_alpha(s.front()) && all_in(s, "_.-"); }

bool is_debian_package(std::string_view s) {
  const auto mark = s.find_first_of("=/");
  const auto name = s.substr(0, mark);
  const bool named =
      name.size() >= 2 && (is_lower(name.front()) || is_digit(name.front())) &&
      std::ranges::all_of(name, [](char c) { return is_lower(c) || is_digit(c) || c == '+' || c == '.' || c == '-'; });
  if (!named || mark == std::string_view::npos) return named;
  const auto rest = s.substr(mark + 1);
  if (s[mark] == '/') return !rest.empty() && is_apt_word(rest);
  return !rest.empty() && is_digit(rest.front()) &&
         std::ranges::all_of(rest, [](char c) { return c > ' ' && c < 0x7f && c != '"' && c != '\''; });
}

bool is_apt_word(std::string_view s) {
  return !s.empty() && !has_control(s) && s.find_first_of(" \"'`") == std::string_view::npos;
}

bool is_environment_name(std::string_view s) {
  return !s.empty() && (is_alpha(s.front()) || s.front() == '_') && all_in(s, "_");
}

bool is_http_url(std::string_view s) {
  const auto scheme = s.starts_with("https://") ? 8U : s.starts_with("http://") ? 7U : 0U;
  if (scheme == 0 || has_control(s) || s.find_first_of(" \"'`\\<>") != std::string_view::npos) return false;
  const auto host = s.substr(scheme, s.find_first_of("/?#", scheme) - scheme);
  return !host.empty() && host.front() != ':';
}

bool has_plain_host(std::string_view url) {
  if (!is_http_url(url)) return false;
  auto host = url.substr(url.find("//") + 2);
  host = host.substr(0, host.find_first_of("/?#"));
  if (const auto at = host.rfind('@'); at != std::string_view::npos) host.remove_prefix(at + 1);
  const auto end = host.starts_with('[') ? host.find(']') : host.find(':');
  if (host.starts_with('['))
    return end != std::string_view::npos && end > 1 &&
           std::ranges::all_of(host.substr(1, end - 1), [](char c) { return is_hex(c) || c == ':' || c == '.'; });
  return !host.substr(0, end).empty() && all_in(host.substr(0, end), "_.-");
}

bool is_node_environment(std::string_view s) { return !s.empty() && std::ranges::all_of(s, is_alnum); }

bool is_python_version(std::string_view s) { return !s.empty() && is_digit(s.front()) && all_in(s, ".*+!_-"); }

bool is_python_specifier(std::string_view s) {
  for (const auto& part : text::split(s, ',')) {
    auto version = text::trim(part);
    constexpr std::array<std::string_view, 7> operators{"==", "!=", "<=", ">=", "~=", "<", ">"};
    const auto* sign = std::ranges::find_if(operators, [&](std::string_view op) { return version.starts_with(op); });
    if (sign == operators.end()) return false;
    if (!is_python_version(text::trim(version.substr(sign->size())))) return false;
  }
  return true;
}

bool is_user_name(std::string_view s) {
  return !s.empty() && s.size() <= 63 && s != "root" && (is_alpha(s.front()) || s.front() == '_') && all_in(s, "_.-");
}

bool is_absolute_path(std::string_view s) { return s.starts_with('/') && !has_control(s) && clean_path(s) != "/"; }

bool stays_inside(std::string_view path) {
  if (path.starts_with('/')) return false;
  const auto clean = clean_path(path);
  return clean != ".." && !clean.starts_with("../");
}

bool has_control(std::string_view s) {
  return std::ranges::any_of(s, [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte < 0x20 || byte == 0x7f;
  });
}

std::string clean_path(std::string_view path) {
  const bool rooted = path.starts_with('/');
  std::vector<std::string> kept;
  for (auto& part : text::split(path, '/')) {
    if (part.empty() || part == ".") continue;
    if (part != "..") {
      kept.push_back(std::move(part));
    } else if (!kept.empty() && kept.back() != "..") {
      kept.pop_back();
    } else if (!rooted) {
      kept.push_back(std::move(part));
    }
  }
  const auto joined = text::join(kept, "/");
  if (rooted) return "/" + joined;
  return joined.empty() ? "." : joined;
}

}  // namespace slipway::blubber::grammar
