// SPDX-License-Identifier: Apache-2.0
#include "oci/location.hpp"

#include "core/text.hpp"
#include "http/url.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace slipway::oci {

namespace {

/// User names would be dropped and fragments cut by the parser: both mean that something is wrong.
bool has_user_or_fragment(std::string_view location) {
  if (location.find('#') != std::string_view::npos) return true;
  const auto mark = location.find("//");
  if (mark == std::string_view::npos || location.find_first_of("/?") < mark) return false;
  const auto authority = location.substr(mark + 2);
  return authority.substr(0, authority.find_first_of("/?")).find('@') != std::string_view::npos;
}

/// Fit to be shown: without the query, which carries the upload's signed state, and without a user and password.
std::string shown(std::string_view location) {
  location = location.substr(0, location.find('?'));
  const auto mark = location.find("//");
  if (mark == std::string_view::npos) return std::string(location);
  const auto end = std::min(location.find('/', mark + 2), location.size());
  const auto at = location.substr(0, end).rfind('@');
  if (at == std::string_view::npos || at < mark) return std::string(location);
  return fmt::format("{}...{}", location.substr(0, mark + 2), location.substr(at));
}

bool is_link_local(std::string_view host) {
  return host.starts_with("169.254.") || text::lower(host).starts_with("fe80:");
}

}  // namespace

UploadTarget resolve_location(std::string_view request_url, const std::optional<std::string>& location) {
  const auto wrong = [&](std::string_view why) {
    return Error(failure::protocol, fmt::format("the registry's upload location '{}' {}",
                                                text::printable(shown(location.value_or(""))), why))
        .add_place(fmt::format("POST {}", http::safe_url(request_url)));
  };
  if (!location || location->empty()) throw wrong("is missing: does a proxy drop the header Location?");
  if (has_user_or_fragment(*location)) throw wrong("holds a user name or a fragment");
  const auto base = http::Url::parse(request_url);
  if (!base) throw Error(failure::internal, "an upload was begun at no URL");
  auto url = base->resolve(*location);
  if (!url || (url->scheme != "http" && url->scheme != "https")) throw wrong("is no http or https URL");
  UploadTarget target;
  const bool same_host = url->host == base->host;
  if (base->scheme == "https" && url->scheme == "http") {
    if (!same_host) throw wrong("would send the layer to another host without TLS");
    url->scheme = "https";
    url->port = base->port;
    target.raised = true;
  }
  if (!same_host && !base->is_loopback() && (url->is_loopback() || is_link_local(url->host)))
    throw wrong("leads to an address that only this machine reaches");
  target.own = same_host && url->scheme == base->scheme && url->effective_port() == base->effective_port();
  target.url = url->text();
  return target;
}

std::string with_digest(std::string url, const Digest& digest) {
  url += url.find('?') == std::string::npos ? '?' : '&';
  return url + "digest=" + http::percent_encode(digest.text());
}

}  // namespace slipway::oci
