// SPDX-License-Identifier: Apache-2.0
// What a missing answer means, in our own words: shared by all protocols that are spoken over HTTP.
#include "core/text.hpp"
#include "http/client.hpp"
#include "http/wire.hpp"

#include <fmt/format.h>

namespace slipway::http {

bool Transport::transient() const {
  switch (kind) {
  case Kind::resolve:  // a resolver that is down and a name that does not exist look alike from here
  case Kind::connect:
  case Kind::timeout:
  case Kind::stalled:
  case Kind::broken: return true;
  case Kind::tls:
  case Kind::certificate:
  case Kind::aborted:
  case Kind::too_large: return false;
  }
  return false;
}

std::optional<std::string> Response::header(std::string_view name) const {
  for (const auto& [key, value] : headers)
    if (key == name) return value;
  return std::nullopt;
}

namespace {

std::string address(const Request& request) {
  if (request.unix_socket) return *request.unix_socket;
  const auto url = Url::parse(request.url);
  return url ? url->origin() : safe_url(request.url);
}

Error describe(const Transport& transport, const Request& request) {
  using Kind = Transport::Kind;
  const auto where = address(request);
  const auto& why = transport.message;
  const auto has = [&](std::string_view part) { return why.find(part) != std::string::npos; };
  switch (transport.kind) {
  case Kind::resolve: return {failure::unreachable, fmt::format("the name in {} has no address: {}", where, why)};
  case Kind::connect: return {failure::unreachable, fmt::format("nothing answers at {}: {}", where, why)};
  case Kind::broken: return {failure::unreachable, fmt::format("the connection to {} broke: {}", where, why)};
  case Kind::stalled: return {failure::unreachable, fmt::format("{} went silent: {}", where, why)};
  case Kind::timeout: return {failure::timed_out, fmt::format("no answer from {} in time: {}", where, why)};
  case Kind::too_large: return {failure::protocol, fmt::format("the answer of {} is too large: {}", where, why)};
  case Kind::aborted:
    if (why.starts_with(proxy_refuses))
      return {failure::denied, fmt::format("{} is not to be reached: {}", where, why), "see HTTPS_PROXY and NO_PROXY"};
    return {failure::protocol, fmt::format("the transfer from {} was given up: {}", where, why)};
  case Kind::certificate:
    return {failure::denied, fmt::format("{} takes no client without a certificate that it trusts: {}", where, why)};
  case Kind::tls: break;
  }
  if (has("wrong version number") || has("unknown protocol") || has("packet length too long"))
    return {failure::protocol, fmt::format("{} does not speak TLS: {}", where, why), "use http:// for a plain server"};
  if (has("certificate") || has("verif") || has("CA"))
    return {failure::denied, fmt::format("the certificate of {} is not to be trusted: {}", where, why)};
  // By TLS 1.2 the alert is the same. @source RFC 5246, section 7.4.6
  if (has("alert handshake failure"))
    return {failure::protocol, fmt::format("no TLS connection to {}: {}", where, why),
            "it shares no cipher with us, or wants a client's certificate"};
  return {failure::protocol, fmt::format("no TLS connection to {}: {}", where, why)};
}

}  // namespace

Error to_error(const Transport& transport, const Request& request) {
  return describe(transport, request).add_place(fmt::format("{} {}", request.method, safe_url(request.url)));
}

}  // namespace slipway::http
