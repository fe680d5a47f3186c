// SPDX-License-Identifier: Apache-2.0
#include "http/url.hpp"

#include "core/text.hpp"

#include <algorithm>
#include <charconv>
#include <vector>

namespace slipway::http {

namespace {

bool is_alpha(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

bool is_scheme(std::string_view s) {
  return !s.empty() && is_alpha(s.front()) &&
         std::ranges::all_of(s, [](char c) { return is_alpha(c) || is_digit(c) || c == '+' || c == '-' || c == '.'; });
}

/// Blanks and control characters would end the request line early or smuggle in a header.
bool has_forbidden(std::string_view s) {
  return std::ranges::any_of(s, [](char c) { return static_cast<unsigned char>(c) <= ' ' || c == '\x7f'; });
}

/// RFC 3986 section 5.2.4.
std::string remove_dots(std::string_view path) {
  std::vector<std::string_view> kept;
  const bool absolute = path.starts_with('/');
  if (absolute) path.remove_prefix(1);
  bool directory = false;
  while (true) {
    const auto slash = path.find('/');
    const auto segment = path.substr(0, slash);
    directory = segment == "." || segment == "..";
    if (segment == "..") {
      if (!kept.empty()) kept.pop_back();
    } else if (segment != ".") {
      kept.push_back(segment);
    }
    if (slash == std::string_view::npos) break;
    path.remove_prefix(slash + 1);
  }
  std::string out;
  for (const auto segment : kept) {
    if (absolute || !out.empty()) out += '/';
    out += segment;
  }
  if (directory || (absolute && out.empty())) out += '/';
  return out;
}

}  // namespace

std::string Url::origin() const {
  const bool v6 = host.find(':') != std::string::npos;
  std::string out = scheme + "://" + (v6 ? "[" + host + "]" : host);
  if (port) out += ":" + std::to_string(*port);
  return out;
}

std::string Url::text() const {
  std::string out = origin() + path;
  if (!query.empty()) out += (path.empty() ? "/?" : "?") + query;
  return out;
}

int Url::effective_port() const {
  if (port) return *port;
  return scheme == "https" ? 443 : 80;
}

bool Url::is_loopback() const {
  if (host == "localhost" || host == "::1") return true;
  return host.starts_with("127.") && std::ranges::all_of(host, [](char c) { return is_digit(c) || c == '.'; });
}

std::optional<Url> Url::parse(std::string_view text) {
  if (has_forbidden(text)) return std::nullopt;
  text = text.substr(0, text.find('#'));
  const auto colon = text.find("://");
  if (colon == std::string_view::npos || !is_scheme(text.substr(0, colon))) return std::nullopt;
  Url url;
  url.scheme = text::lower(text.substr(0, colon));
  text.remove_prefix(colon + 3);
  auto authority = text.substr(0, text.find_first_of("/?"));
  text.remove_prefix(authority.size());
  if (const auto at = authority.rfind('@'); at != std::string_view::npos) authority.remove_prefix(at + 1);
  std::string_view port;
  bool has_port = false;
  if (authority.starts_with('[')) {
    const auto end = authority.find(']');
    if (end == std::string_view::npos) return std::nullopt;
    url.host = text::lower(authority.substr(1, end - 1));
    if (url.host.find(':') == std::string::npos) return std::nullopt;
    const auto after = authority.substr(end + 1);
    if (!after.empty() && !after.starts_with(':')) return std::nullopt;
    has_port = !after.empty();
    if (has_port) port = after.substr(1);
  } else {
    const auto mark = authority.find(':');
    url.host = text::lower(authority.substr(0, mark));
    has_port = mark != std::string_view::npos;
    if (has_port) port = authority.substr(mark + 1);
  }
  if (url.host.empty()) return std::nullopt;
  if (has_port && !port.empty()) {
    int number = 0;
    const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), number);
    if (error != std::errc{} || end != port.data() + port.size() || number < 1 || number > 65535) return std::nullopt;
    url.port = number;
  }
  const auto mark = text.find('?');
  url.path = text.substr(0, mark);
  if (mark != std::string_view::npos) url.query = text.substr(mark + 1);
  return url;
}

std::optional<Url> Url::resolve(std::string_view reference) const {
  if (has_forbidden(reference)) return std::nullopt;
  reference = reference.substr(0, reference.find('#'));
  if (const auto colon = reference.find_first_of(":/?");
      colon != std::string_view::npos && reference[colon] == ':' && is_scheme(reference.substr(0, colon))) {
    auto url = parse(reference);
    if (url && !url->path.empty()) url->path = remove_dots(url->path);
    return url;
  }
  if (reference.starts_with("//")) return parse(scheme + ":" + std::string(reference));
  Url url = *this;
  if (reference.empty()) return url;
  const auto mark = reference.find('?');
  const auto target = reference.substr(0, mark);
  if (target.starts_with('/')) {
    url.path = remove_dots(target);
  } else if (!target.empty()) {
    // Section 5.2.3: a base with an authority and no path merges as if its path were "/".
    const auto base = path.substr(0, path.rfind('/') == std::string::npos ? 0 : path.rfind('/') + 1);
    url.path = remove_dots((base.empty() ? "/" : base) + std::string(target));
  }
  if (mark != std::string_view::npos) url.query = reference.substr(mark + 1);
  else if (!target.empty()) url.query.clear();
  return url;
}

std::string percent_encode(std::string_view text) {
  static constexpr std::string_view digits = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    if (is_alpha(c) || is_digit(c) || c == '-' || c == '.' || c == '_' || c == '~') {
      out += c;
    } else {
      const auto byte = static_cast<unsigned char>(c);
      out += '%';
      out += digits[byte >> 4U];
      out += digits[byte & 15U];
    }
  }
  return out;
}

std::string safe_url(std::string_view url) {
  std::string out(url.substr(0, url.find_first_of("?#")));
  const auto colon = out.find("://");
  if (colon == std::string::npos) return out;
  const auto begin = colon + 3;
  const auto end = std::min(out.find('/', begin), out.size());
  const auto at = out.rfind('@', end);
  if (at != std::string::npos && at >= begin && at < end) out.erase(begin, at + 1 - begin);
  return out;
}

}  // namespace slipway::http
