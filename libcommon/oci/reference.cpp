// SPDX-License-Identifier: Apache-2.0
#include "oci/reference.hpp"

#include "core/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>

namespace slipway::oci {

namespace {

constexpr std::string_view hub = "docker.io";
constexpr std::size_t longest_name = 255;
constexpr std::size_t longest_tag = 128;

bool is_lower(char c) { return c >= 'a' && c <= 'z'; }
bool is_upper(char c) { return c >= 'A' && c <= 'Z'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_alphanumeric(char c) { return is_lower(c) || is_digit(c); }

/// Runs of lower-case letters and digits with one separator between two of them: a full stop, one or
/// two underscores, any number of dashes.
bool is_path_component(std::string_view s) {
  if (s.empty() || !is_alphanumeric(s.front()) || !is_alphanumeric(s.back())) return false;
  for (std::size_t i = 0; i < s.size();) {
    if (is_alphanumeric(s[i])) {
      ++i;
      continue;
    }
    const auto begin = i;
    while (i < s.size() && s[i] == s[begin]) ++i;
    const auto length = i - begin;
    const bool good = (s[begin] == '.' && length == 1) || (s[begin] == '_' && length <= 2) || s[begin] == '-';
    if (!good || !is_alphanumeric(s[i])) return false;
  }
  return true;
}

bool is_host_label(std::string_view s) {
  const auto inner = [](char c) { return is_alphanumeric(c) || is_upper(c) || c == '-'; };
  return !s.empty() && s.front() != '-' && s.back() != '-' && std::ranges::all_of(s, inner);
}

bool is_port(std::string_view s) {
  int number = 0;
  const auto [end, error] = std::from_chars(s.data(), s.data() + s.size(), number);
  return !s.empty() && is_digit(s.front()) && error == std::errc{} && end == s.data() + s.size() && number >= 1 &&
         number <= 65535;
}

bool is_ipv6(std::string_view s) {
  const auto allowed = [](char c) {
    return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F') || c == ':';
  };
  return std::ranges::count(s, ':') >= 2 && std::ranges::all_of(s, allowed);
}

bool is_host(std::string_view s) {
  auto host = s;
  std::optional<std::string_view> port;
  if (s.starts_with('[')) {
    const auto end = s.find(']');
    if (end == std::string_view::npos || !is_ipv6(s.substr(1, end - 1))) return false;
    const auto after = s.substr(end + 1);
    return after.empty() || (after.starts_with(':') && is_port(after.substr(1)));
  }
  if (const auto colon = s.rfind(':'); colon != std::string_view::npos) {
    host = s.substr(0, colon);
    port = s.substr(colon + 1);
  }
  if (port && !is_port(*port)) return false;
  const auto labels = text::split(host, '.');
  return std::ranges::all_of(labels, [](const std::string& label) { return is_host_label(label); });
}

/// Whether a first component is meant as a host and not as part of a path.
/// @source distribution/reference, splitDockerDomain
bool means_host(std::string_view s) {
  return s == "localhost" || s.find_first_of(".:[") != std::string_view::npos || std::ranges::any_of(s, is_upper);
}

bool is_hub_alias(std::string_view host) {
  static constexpr std::array<std::string_view, 4> aliases{"docker.io", "index.docker.io", "registry-1.docker.io",
                                                           "registry.docker.io"};
  return std::ranges::find(aliases, host) != aliases.end();
}

struct Parser {
  std::string_view whole;
  const Failure& failure;

  [[nodiscard]] Error wrong(std::string why, std::string hint = {}) const {
    return {failure, fmt::format("'{}' is no image reference: {}", text::printable(whole), why), std::move(hint)};
  }

  /// A scheme in front is the commonest slip: it belongs to other tools.
  void refuse_scheme() const {
    const auto mark = whole.find("://");
    if (mark == std::string_view::npos) return;
    const auto scheme = whole.substr(0, mark + 3);
    throw wrong(fmt::format("it starts with {}", text::printable(scheme)),
                fmt::format("write it as {}", text::printable(whole.substr(mark + 3))));
  }

  [[nodiscard]] std::optional<Digest> take_digest(std::string_view& rest) const {
    const auto at = rest.find('@');
    if (at == std::string_view::npos) return std::nullopt;
    const auto text = rest.substr(at + 1);
    auto digest = Digest::parse(text);
    if (!digest)
      throw wrong(fmt::format("'{}' is no digest", text::printable(text)),
                  "a digest is sha256: and 64 digits of 0-9a-f, or sha512: and 128");
    rest = rest.substr(0, at);
    return digest;
  }

  [[nodiscard]] std::optional<std::string> take_tag(std::string_view& rest) const {
    const auto colon = rest.rfind(':');
    const auto slash = rest.rfind('/');
    if (colon == std::string_view::npos || (slash != std::string_view::npos && colon < slash)) return std::nullopt;
    const auto tag = rest.substr(colon + 1);
    if (tag.size() > longest_tag)
      throw wrong(fmt::format("its tag has {} characters, {} are allowed", tag.size(), longest_tag));
    if (!is_tag(tag))
      throw wrong(tag.empty() ? "nothing stands behind the last colon"
                              : fmt::format("'{}' is no tag", text::printable(tag)),
                  "a tag is made of letters, digits, '_', '.' and '-', and begins with none of the last two");
    rest = rest.substr(0, colon);
    return std::string(tag);
  }

  void check_path(std::string_view path) const {
    for (const auto& component : text::split(path, '/')) {
      if (is_path_component(component)) continue;
      if (const auto low = text::lower(component); low != component && is_path_component(low))
        throw wrong("a repository's name is all lower case", fmt::format("write it as {}", lowered(path)));
      throw wrong(component.empty()
                      ? "a part between slashes is empty"
                      : fmt::format("'{}' cannot be part of a repository's name", text::printable(component)));
    }
  }

  [[nodiscard]] std::string lowered(std::string_view path) const {
    std::string out(whole);
    const auto at = out.find(path);
    return out.replace(at, path.size(), text::lower(path));
  }
};

}  // namespace

bool is_tag(std::string_view text) {
  const auto word = [](char c) { return is_alphanumeric(c) || is_upper(c) || c == '_'; };
  return !text.empty() && text.size() <= longest_tag && word(text.front()) &&
         std::ranges::all_of(text, [&](char c) { return word(c) || c == '.' || c == '-'; });
}

Reference Reference::parse(std::string_view text, const Failure& failure) {
  const Parser parser{text, failure};
  if (text.empty()) throw parser.wrong("it is empty");
  parser.refuse_scheme();
  auto rest = text;
  Reference out;
  out.digest = parser.take_digest(rest);
  // "localhost:5000" alone would read as the repository localhost with the tag 5000.
  out.tag = parser.take_tag(rest);
  const auto slash = rest.find('/');
  const auto first = rest.substr(0, slash);
  if (slash != std::string_view::npos && means_host(first)) {
    if (!is_host(first)) throw parser.wrong(fmt::format("'{}' is no host", text::printable(first)));
    out.registry = first;
    rest = rest.substr(slash + 1);
  } else {
    out.registry = hub;
    out.named_registry = false;
  }
  parser.check_path(rest);
  if (is_hub_alias(out.registry)) {
    out.registry = hub;
    out.repository = rest.find('/') == std::string_view::npos ? fmt::format("library/{}", rest) : std::string(rest);
  } else {
    out.repository = rest;
  }
  if (out.name().size() > longest_name)
    throw parser.wrong(fmt::format("its name has {} characters, {} are allowed", out.name().size(), longest_name));
  return out;
}

std::string Reference::text() const {
  return fmt::format("{}{}{}", name(), tag ? ":" + *tag : "", digest ? "@" + digest->text() : "");
}

std::string Reference::version() const {
  if (digest) return digest->text();
  if (tag) return *tag;
  throw Error(failure::bad_usage, fmt::format("{} has neither a tag nor a digest", name()),
              fmt::format("write {}:TAG", name()));
}

std::string Reference::api_host() const { return registry == hub ? "registry-1.docker.io" : registry; }

}  // namespace slipway::oci
