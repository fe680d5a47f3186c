// SPDX-License-Identifier: Apache-2.0
#include "oci/authorizer.hpp"

#include "core/base64.hpp"
#include "core/fs.hpp"
#include "core/text.hpp"
#include "oci/certs.hpp"
#include "oci/retry.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace slipway::oci {

namespace {

constexpr int token_tries = 4;

/// A second token that is refused so soon will not be the last: it is the rights that are missing.
constexpr std::chrono::seconds still_fresh{10};

std::string scope_text(const std::string& repository, Authorizer::Need need) {
  const auto* actions = need == Authorizer::Need::pull   ? "pull"
                        : need == Authorizer::Need::push ? "pull,push"
                                                         : "pull,push,delete";
  return fmt::format("repository:{}:{}", repository, actions);
}

std::vector<std::string> scopes_of(const Authorizer::Scope& scope) {
  std::vector<std::string> all{scope_text(scope.repository, scope.need)};
  if (!scope.from.empty()) all.push_back(scope_text(scope.from, Authorizer::Need::pull));
  return all;
}

std::string basic(const Login& login) {
  return "Basic " + base64::encode(fmt::format("{}:{}", login.user, login.password));
}

}  // namespace

Authorizer::Authorizer(Courier& courier, std::string registry, std::string repository, const Access& access,
                       const io::Run& run)
    : courier_(courier), registry_(std::move(registry)), repository_(std::move(repository)), access_(access),
      run_(run) {}

const std::optional<Login>& Authorizer::login() {
  if (looked_) return login_;
  if (access_.anonymous) {
    // nothing to look for
  } else if (access_.login) {
    login_ = access_.login;
  } else if (access_.creds_file) {
    login_ = find_login(fs::read_file(*access_.creds_file), *access_.creds_file, registry_, repository_, run_);
  } else if (access_.env) {
    login_ = find_login(access_.env, registry_, repository_, run_);
  }
  looked_ = true;
  return login_;
}

std::string Authorizer::header(const Scope& scope) {
  const std::lock_guard lock(mutex_);
  if (!challenge_) return {};
  if (challenge_->scheme == "basic") return login() ? basic(*login()) : std::string{};
  const auto scopes = scopes_of(scope);
  // Who may push may also pull: one token for a whole push.
  if (scope.need == Need::pull)
    if (const auto push = tokens_.find({scope_text(scope.repository, Need::push)});
        push != tokens_.end() && std::chrono::steady_clock::now() < push->second.renew_at)
      return "Bearer " + push->second.text;
  const auto kept = tokens_.find(scopes);
  if (kept != tokens_.end() && std::chrono::steady_clock::now() < kept->second.renew_at)
    return "Bearer " + kept->second.text;
  return "Bearer " + fetch(scopes);
}

bool Authorizer::learn(const http::Response& answer, const std::string& used) {
  std::vector<Challenge> all;
  for (const auto& [name, value] : answer.headers)
    if (name == "www-authenticate")
      for (auto& challenge : parse_challenges(value)) all.push_back(std::move(challenge));
  auto chosen = choose(all);
  const std::lock_guard lock(mutex_);
  if (!chosen) return false;
  challenge_ = std::move(chosen);
  if (challenge_->scheme == "basic") return login() && basic(*login()) != used;
  // The token was refused: of no use to anybody, unless another thread has renewed it already. It may be that of
  // another scope, since who may push may pull.
  const auto kept =
      std::ranges::find_if(tokens_, [&](const auto& entry) { return "Bearer " + entry.second.text == used; });
  if (kept == tokens_.end()) return true;
  const auto now = std::chrono::steady_clock::now();
  if (kept->second.second && now - kept->second.got < still_fresh && now < kept->second.ends) return false;
  refused_.insert(kept->first);
  tokens_.erase(kept);
  return true;
}

Error Authorizer::denied(const std::string& repository, int status) {
  const std::lock_guard lock(mutex_);
  const auto hint = fmt::format("docker login {}", registry_);
  if (!login() && !access_.token)
    return {failure::denied,
            fmt::format("{} wants a login for '{}', and none is known (HTTP {})", registry_, repository, status), hint};
  auto what = fmt::format("{} refused the credentials for '{}' (HTTP {})", registry_, repository, status);
  for (const auto& [scopes, kept] : tokens_)
    if (const auto granted = granted_scopes(kept.text);
        !granted.empty() && scopes.size() == 1 && scopes.front().find(repository) != std::string::npos)
      what += fmt::format("; wanted {}, was granted {}", scopes.front(), text::printable(text::join(granted, " ")));
  auto error = Error(failure::denied, std::move(what), hint);
  if (login()) error.add_place(fmt::format("login of '{}' from {}", text::printable(login()->user), login()->origin));
  return error;
}

/// A password goes over TLS or stays on this machine, whatever a registry's answer says.
void Authorizer::check_realm(const std::string& realm) const {
  const auto url = http::Url::parse(realm);
  const bool http_here = url && (url->is_loopback() || access_.plain_http);
  if (!url || (url->scheme != "https" && !(url->scheme == "http" && http_here)))
    throw Error(failure::protocol, fmt::format("{} names a token service that is not asked: '{}'", registry_,
                                               text::printable(http::safe_url(realm))));
}

http::Request Authorizer::token_request(const std::vector<std::string>& scopes, const std::string& identity) const {
  http::Request request;
  const auto realm = challenge_->parameter("realm");
  const auto service = http::percent_encode(challenge_->parameter("service"));
  const auto url = http::Url::parse(realm);
  request.proxy = proxy_for(access_, realm);
  request.tls =
      url ? tls_for(access_, url->port ? fmt::format("{}:{}", url->host, *url->port) : url->host, run_) : access_.tls;
  request.stall_timeout = access_.stall;
  request.max_body = 1U << 20U;
  if (!identity.empty()) {
    request.method = "POST";
    request.url = realm;
    request.headers = {{"Content-Type", "application/x-www-form-urlencoded"}};
    request.content =
        fmt::format("grant_type=refresh_token&client_id=slipway&service={}&scope={}&refresh_token={}", service,
                    http::percent_encode(text::join(scopes, " ")), http::percent_encode(identity));
    return request;
  }
  request.url = fmt::format("{}{}service={}", realm, realm.find('?') == std::string::npos ? '?' : '&', service);
  for (const auto& scope : scopes) request.url += "&scope=" + http::percent_encode(scope);
  if (login_ && !login_->user.empty()) {
    request.url += "&account=" + http::percent_encode(login_->user);
    request.headers = {{"Authorization", basic(*login_)}};
  }
  return request;
}

Error Authorizer::token_refused(const http::Request& request, const http::Response& response) const {
  const auto place = fmt::format("{} {} (HTTP {})", request.method, http::safe_url(request.url), response.status);
  if (response.status == 401 || response.status == 403 || response.status == 400) {
    auto error = Error(failure::denied,
                       login_ || access_.token
                           ? fmt::format("the token service of {} refused the login", registry_)
                           : fmt::format("the token service of {} wants a login, and none is known", registry_),
                       fmt::format("docker login {}", registry_));
    if (login_) error.add_place(fmt::format("login of '{}' from {}", text::printable(login_->user), login_->origin));
    return error.add_place(place);
  }
  if (is_transient(response.status, response.body))
    return Error(failure::busy, fmt::format("the token service of {} keeps failing", registry_)).add_place(place);
  return Error(response.status == 200 ? failure::denied : failure::protocol,
               fmt::format("the token service of {} gave no token", registry_))
      .add_place(place);
}

std::string Authorizer::fetch(const std::vector<std::string>& scopes) {
  check_realm(challenge_->parameter("realm"));
  static_cast<void>(login());
  std::string identity = access_.token ? std::string(text::trim(access_.token())) : std::string{};
  if (identity.empty() && login_) identity = login_->identity_token;
  const auto asked = std::chrono::steady_clock::now();
  for (int tries = 1;; ++tries) {
    const auto request = token_request(scopes, identity);
    const auto result = courier_.exchange(request);
    if (is_transient(result) && tries < std::min(token_tries, access_.retries + 1)) {
      courier_.pause(wait_before(tries, std::nullopt, 0.5));
      continue;
    }
    if (result.transport) throw http::to_error(*result.transport, request);
    const auto& response = *result.response;
    const bool no_such_method = response.status == 404 || response.status == 405;
    if (!identity.empty() && no_such_method) {
      if (!login_ || login_->user.empty()) return identity;  // a registry that takes the token as it is
      identity.clear();
      continue;
    }
    auto token = response.status == 200 ? parse_token(response.body) : std::nullopt;
    if (!token) throw token_refused(request, response);
    // Renewed while a quarter of its life, or ten seconds, are left: a body that is begun with it can end.
    const auto spare = std::max<std::chrono::seconds>(token->lifetime / 4, std::chrono::seconds{10});
    const auto& kept = tokens_[scopes] = {.text = std::move(token->text),
                                          .got = asked,
                                          .renew_at = asked + token->lifetime - spare,
                                          .ends = asked + token->lifetime,
                                          .second = refused_.erase(scopes) > 0};
    return kept.text;
  }
}

}  // namespace slipway::oci
