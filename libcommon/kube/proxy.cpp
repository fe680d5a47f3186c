// SPDX-License-Identifier: Apache-2.0
#include "kube/proxy.hpp"

#include "core/text.hpp"
#include "http/url.hpp"

#include <arpa/inet.h>
#include <array>
#include <charconv>
#include <cstring>

namespace slipway::kube {

namespace {

/// An address as its 16 bytes; IPv4 mapped into IPv6, so that both compare alike.
std::optional<std::array<unsigned char, 16>> address(const std::string& text) {
  std::array<unsigned char, 16> bytes{};
  if (::inet_pton(AF_INET6, text.c_str(), bytes.data()) == 1) return bytes;
  std::array<unsigned char, 4> four{};
  if (::inet_pton(AF_INET, text.c_str(), four.data()) != 1) return std::nullopt;
  bytes[10] = bytes[11] = 0xff;
  std::memcpy(bytes.data() + 12, four.data(), 4);
  return bytes;
}

bool in_block(const std::string& host, std::string_view block) {
  const auto slash = block.find('/');
  const auto base = address(std::string(block.substr(0, slash)));
  const auto mine = address(host);
  int bits = 0;
  const auto digits = block.substr(slash + 1);
  const auto [end, fault] = std::from_chars(digits.data(), digits.data() + digits.size(), bits);
  if (!base || !mine || fault != std::errc{} || end != digits.data() + digits.size()) return false;
  if (block.substr(0, slash).find(':') == std::string_view::npos) bits += 96;
  if (bits < 0 || bits > 128) return false;
  for (int i = 0; i < bits; ++i) {
    const auto byte = static_cast<std::size_t>(i / 8);
    const auto mask = static_cast<unsigned char>(0x80U >> static_cast<unsigned>(i % 8));
    if (((*base)[byte] & mask) != ((*mine)[byte] & mask)) return false;
  }
  return true;
}

bool spares(std::string_view entry, const std::string& host, int port) {
  if (entry == "*") return true;
  if (entry.find('/') != std::string_view::npos) return in_block(host, entry);
  std::string name(entry);
  // A port, unless the colons are those of a bare IPv6 address.
  const auto colon = name.rfind(':');
  const bool bracketed = name.starts_with('[');
  if (colon != std::string::npos && (bracketed ? name[colon - 1] == ']' : name.find(':') == colon)) {
    int wanted = 0;
    const auto [end, fault] = std::from_chars(name.data() + colon + 1, name.data() + name.size(), wanted);
    if (fault != std::errc{} || end != name.data() + name.size() || wanted != port) return false;
    name.resize(colon);
  }
  if (name.starts_with('[') && name.ends_with(']')) name = name.substr(1, name.size() - 2);
  if (const auto wanted = address(name)) return wanted == address(host);
  if (name.starts_with("*.")) name.erase(0, 1);
  if (name.starts_with('.')) return host.size() > name.size() && host.ends_with(name);
  return host == name || (host.size() > name.size() + 1 && host.ends_with('.' + name));
}

}  // namespace

bool spared_by(std::string_view no_proxy, const std::string& host, int port) {
  const auto lower = text::lower(host);
  for (const auto& each : text::split(no_proxy, ',')) {
    const auto entry = text::lower(text::trim(each));
    if (!entry.empty() && spares(entry, lower, port)) return true;
  }
  return false;
}

std::string proxy_for(std::string_view url, const std::function<std::optional<std::string>(const std::string&)>& env) {
  const auto parsed = http::Url::parse(url);
  if (!parsed || parsed->is_loopback()) return {};
  const auto either = [&](const char* upper, const char* lower) {
    auto value = env(upper);
    if (!value || value->empty()) value = env(lower);
    return value.value_or("");
  };
  auto proxy = parsed->scheme == "https" ? either("HTTPS_PROXY", "https_proxy") : either("HTTP_PROXY", "http_proxy");
  if (proxy.empty() || spared_by(either("NO_PROXY", "no_proxy"), parsed->host, parsed->effective_port())) return {};
  if (proxy.find("://") == std::string::npos) proxy = "http://" + proxy;
  return proxy;
}

}  // namespace slipway::kube
