// SPDX-License-Identifier: Apache-2.0
#include "kube/client.hpp"

#include "core/error.hpp"
#include "core/text.hpp"
#include "kube/credentials.hpp"
#include "kube/fields.hpp"
#include "kube/headers.hpp"

#include <fmt/format.h>
#include <poll.h>

#include <algorithm>
#include <map>
#include <utility>

namespace slipway::kube {

using namespace std::chrono_literals;
using nlohmann::json;
using std::chrono::milliseconds;
using Steady = std::chrono::steady_clock;
using Wall = std::chrono::system_clock;

namespace {

std::string_view content_type(Patch type) {
  switch (type) {
  case Patch::json: return "application/json-patch+json";
  case Patch::merge: return "application/merge-patch+json";
  case Patch::strategic: return "application/strategic-merge-patch+json";
  case Patch::apply: return "application/apply-patch+yaml";
  }
  return "application/json";
}

}  // namespace

struct Client::Impl {
  Impl(Access given, std::string name, ClientOptions wanted)
      : access(std::move(given)), agent(std::move(name)), options(wanted), http(agent), credentials(access) {}

  Access access;
  std::string agent;
  ClientOptions options;
  http::Client http;
  Credentials credentials;
  Wall::duration skew{0};
  bool warned_insecure = false;
  std::map<std::string, Resource> discovered;
  std::vector<std::string> warned;  ///< said once each
  bool version_asked = false;
  int slots = 0;
};

Client::Client(Access access, std::string agent, ClientOptions options)
    : impl_(std::make_unique<Impl>(std::move(access), std::move(agent), options)) {}
Client::Client(Client&&) noexcept = default;
Client& Client::operator=(Client&&) noexcept = default;
Client::~Client() = default;

const Access& Client::access() const { return impl_->access; }
void Client::set_grace(milliseconds grace) { impl_->options.grace = grace; }
http::Client& Client::transport() { return impl_->http; }
std::map<std::string, Resource>& Client::discovered() { return impl_->discovered; }
bool Client::renew_credentials() { return impl_->credentials.renew(); }
Wall::time_point Client::now() const { return Wall::now() + impl_->skew; }

bool Client::take_slot() {
  constexpr int most = 4;
  if (impl_->slots >= most) return false;
  ++impl_->slots;
  return true;
}
void Client::give_slot() { --impl_->slots; }

void Client::saw(const http::Response& response, const io::Run& run) {
  for (const auto& [name, value] : response.headers) {
    if (name != "warning") continue;
    auto said = warning_text(value);
    if (said.empty() || std::ranges::find(impl_->warned, said) != impl_->warned.end()) continue;
    run.events.warn(fmt::format("the server of '{}' says: {}", impl_->access.context, said));
    impl_->warned.push_back(std::move(said));
  }
  const auto header = response.header("date");
  const auto date = header ? parse_http_date(*header) : std::nullopt;
  if (!date) return;
  // The header has whole seconds: half of one is the best guess, and small differences are none.
  const auto skew = *date + 500ms - Wall::now();
  impl_->skew = skew > -2s && skew < 2s ? Wall::duration{0} : skew;
}

http::Request Client::request(std::string method, const std::string& path, const io::Run& run) {
  const auto& access = impl_->access;
  if (access.insecure && !impl_->warned_insecure) {
    impl_->warned_insecure = true;
    run.events.warn(
        fmt::format("the certificate of cluster '{}' is not verified (insecure-skip-tls-verify)", access.cluster));
  }
  const auto& proof = impl_->credentials.current(run);
  http::Request request;
  request.method = std::move(method);
  request.url = access.server + path;
  request.headers.emplace_back("accept", "application/json");
  if (!proof.authorization.empty()) request.headers.emplace_back("authorization", proof.authorization);
  const auto& as = access.impersonate;
  if (!as.user.empty()) request.headers.emplace_back("impersonate-user", as.user);
  if (!as.uid.empty()) request.headers.emplace_back("impersonate-uid", as.uid);
  for (const auto& group : as.groups) request.headers.emplace_back("impersonate-group", group);
  for (const auto& [key, value] : as.extra)
    request.headers.emplace_back("impersonate-extra-" + http::percent_encode(key), value);
  request.tls.ca_pem = access.ca_pem;
  request.tls.cert_pem = proof.cert_pem;
  request.tls.key_pem = proof.key_pem;
  request.tls.server_name = access.tls_server_name;
  request.tls.verify = !access.insecure;
  request.proxy = access.proxy;
  request.share_connection = true;
  request.total_timeout = impl_->options.request_timeout;
  return request;
}

Error Client::error_of(const http::Request& request, const http::Transport& transport) const {
  auto error = http::to_error(transport, request);
  const auto& access = impl_->access;
  // "No answer in time" from a server is a server out of reach; --timeout is another thing.
  const auto& failure = error.code() == ExitCode::timeout ? failure::unreachable : error.failure();
  Error named(failure,
              fmt::format("cluster '{}' cannot be reached: {}", access.context.empty() ? access.server : access.context,
                          error.message()),
              error.hint());
  for (const auto& place : error.at()) named.add_place(place);
  return named;
}

Error Client::error_of(const http::Request& request, const http::Response& response) const {
  const auto& access = impl_->access;
  const auto name = access.context.empty() ? access.server : access.context;
  const auto body = json::parse(response.body, nullptr, false);
  const bool is_status = body.is_object() && text_at(body, {"kind"}) == "Status";
  auto message = is_status ? text::printable(text_at(body, {"message"})) : std::string();
  if (message.empty()) message = fmt::format("HTTP {}", response.status);
  const auto place = fmt::format("{} {} (HTTP {})", request.method, http::safe_url(request.url), response.status);
  const auto made = [&](const Failure& failure, std::string what, std::string hint = {}) {
    return Error(failure, std::move(what), std::move(hint)).add_place(place);
  };
  switch (response.status) {
  case 400:
  case 422: return made(failure::bad_input, fmt::format("cluster '{}' refuses the object: {}", name, message));
  case 401:
    return made(failure::denied, fmt::format("cluster '{}' refused the credentials of user '{}'", name, access.user),
                "check the token or certificate of that user in the kubeconfig");
  case 403: return made(failure::denied, fmt::format("cluster '{}' does not allow this: {}", name, message));
  case 404:
    return made(
        is_status ? failure::not_found : failure::protocol,
        is_status ? message
                  : fmt::format("'{}' is not a Kubernetes API: it answered HTTP 404 without a Status", access.server));
  case 409: return made(failure::conflict, fmt::format("cluster '{}': {}", name, message));
  case 410: return made(failure::conflict, fmt::format("cluster '{}' has forgotten that version: {}", name, message));
  case 429:
    // @source eviction API: a PodDisruptionBudget's no is a 429 as well, and its cause says how many pods it needs
    for (const auto& cause : list_at(body, {"details", "causes"}))
      if (text_at(cause, {"reason"}) == "DisruptionBudget")
        return made(failure::busy,
                    fmt::format("cluster '{}': {} {}", name, message, text::printable(text_at(cause, {"message"}))));
    return made(failure::busy, fmt::format("cluster '{}' is too busy to answer: {}", name, message));
  default: break;
  }
  if (response.status >= 500)
    return made(failure::unreachable, fmt::format("cluster '{}' does not work: {}", name, message));
  return made(failure::protocol,
              fmt::format("cluster '{}' answered HTTP {}, which is no answer to this", name, response.status));
}

void Client::wait(milliseconds duration, const io::Run& run, const std::function<bool()>& until) {
  const auto end = Steady::now() + duration;
  while (!until || !until()) {
    run.check();
    const auto left = std::chrono::ceil<milliseconds>(end - Steady::now());
    if (left <= 0ms) return;
    if (impl_->http.active() > 0) {
      impl_->http.drive(run, left, until);
      continue;
    }
    pollfd stop{run.stop.fd(), POLLIN, 0};
    const auto most = run.deadline.left(left);
    ::poll(&stop, stop.fd >= 0 ? 1U : 0U, static_cast<int>(std::min<milliseconds>(most + 1ms, 60s).count()));
  }
}

namespace {

/// One request to its end, through expired credentials, throttling and an API that is away for a while.
struct Exchange {
  Client& client;
  milliseconds grace;
  const io::Run& run;

  http::Response send(const std::string& method, const std::string& path, const std::string& content,
                      std::string_view type) const {
    const bool reads = method == "GET";
    const auto begun = Steady::now();
    milliseconds back_off = 200ms;
    bool renewed = false;
    for (int throttled = 0;;) {
      auto request = client.request(method, path, run);
      if (!content.empty()) {
        request.content = content;
        request.headers.emplace_back("content-type", std::string(type));
      }
      std::optional<http::Result> result;
      const auto id = client.transport().start(request, [&result](http::Result done) { result = std::move(done); });
      try {
        client.transport().drive(run, 24h, [&result] { return result.has_value(); });
      } catch (...) {
        client.transport().cancel(id);
        throw;
      }
      if (!result) throw Error(failure::internal, "a request ended without a result");
      const bool in_grace = reads && Steady::now() - begun < grace;
      if (result->transport) {
        if (!result->transport->transient() || !in_grace) throw client.error_of(request, *result->transport);
      } else {
        auto& response = *result->response;
        client.saw(response, run);
        run.events.detail(fmt::format("{} {} -> {}", method, http::safe_url(request.url), response.status));
        if (response.status < 300) return std::move(response);
        if (response.status == 401 && !renewed && client.renew_credentials()) {
          renewed = true;
          continue;
        }
        const auto after = retry_after(response, client.now());
        if (response.status == 429)
          run.events.detail(fmt::format("{} throttles (flow schema {})", client.access().context,
                                        response.header("x-kubernetes-pf-flowschema-uid").value_or("unknown")));
        if (after && (response.status == 429 || (response.status == 503 && reads)) && throttled < most_retry_after) {
          ++throttled;
          client.wait(std::max(*after, 100ms), run);
          continue;
        }
        if (response.status < 500 || !in_grace) throw client.error_of(request, response);
      }
      client.wait(back_off, run);
      back_off = std::min(back_off * 2, milliseconds(5000));
    }
  }
};

/// Of a write.
std::string to_write(const std::string& path, bool dry_run, Query query = {}) {
  if (dry_run) query.emplace_back("dryRun", "All");
  return with_query(path, query);
}

json parsed(const http::Response& response, const std::string& path) {
  auto value = json::parse(response.body, nullptr, false);
  if (value.is_discarded())
    throw Error(failure::protocol, "the server's answer is no JSON")
        .add_place(fmt::format("{} (HTTP {})", path, response.status));
  return value;
}

}  // namespace

json Client::get(const std::string& path, const io::Run& run) {
  return parsed(Exchange{*this, impl_->options.grace, run}.send("GET", path, {}, {}), path);
}

std::optional<json> Client::find(const std::string& path, const io::Run& run) {
  try {
    return get(path, run);
  } catch (const Error& error) {
    if (error.failure().id != failure::not_found.id) throw;
    return std::nullopt;
  }
}

std::vector<json> Client::list(const std::string& path, const io::Run& run) {
  std::vector<json> items;
  std::string token;
  bool paged = true;
  for (;;) {
    Query query;
    if (paged) query.emplace_back("limit", "500");
    if (!token.empty()) query.emplace_back("continue", token);
    json page;
    try {
      page = get(with_query(path, query), run);
    } catch (const Error& error) {
      // The list's version was forgotten between two pages: once more, in one piece.
      const bool expired = !token.empty() && error.message().find("forgotten") != std::string::npos;
      if (!expired) throw;
      items.clear();
      token.clear();
      paged = false;
      continue;
    }
    auto kind = text_at(page, {"kind"});
    if (kind.ends_with("List")) kind.resize(kind.size() - 4);
    const auto version = text_at(page, {"apiVersion"});
    if (auto list = page.find("items"); list != page.end() && list->is_array())
      for (auto& item : *list) {
        if (!kind.empty() && !item.contains("kind")) item["kind"] = kind;
        if (!item.contains("apiVersion")) item["apiVersion"] = version;
        items.push_back(std::move(item));
      }
    token = text_at(page, {"metadata", "continue"});
    if (token.empty()) return items;
  }
}

json Client::create(const std::string& path, const json& object, const io::Run& run) {
  return parsed(
      Exchange{*this, {}, run}.send("POST", to_write(path, impl_->options.dry_run), object.dump(), "application/json"),
      path);
}

json Client::replace(const std::string& path, const json& object, const io::Run& run) {
  return parsed(
      Exchange{*this, {}, run}.send("PUT", to_write(path, impl_->options.dry_run), object.dump(), "application/json"),
      path);
}

json Client::patch(const std::string& path, Patch type, const json& change, const io::Run& run, bool dry_run) {
  const auto& options = impl_->options;
  const auto manager =
      options.field_manager.empty() ? impl_->agent.substr(0, impl_->agent.find('/')) : options.field_manager;
  const auto target =
      to_write(path, options.dry_run || dry_run, {{"fieldManager", manager}, {"fieldValidation", "Strict"}});
  try {
    return parsed(Exchange{*this, {}, run}.send("PATCH", target, change.dump(), content_type(type)), path);
  } catch (const Error& error) {
    // A `test` that does not hold comes back as 422 without naming itself.
    const auto& words = error.message();
    const bool test_failed =
        type == Patch::json && error.failure().id == failure::bad_input.id &&
        (words.find("testing value") != std::string::npos || words.find("testing path") != std::string::npos ||
         words.find("rejected our request due to an error in our request") != std::string::npos);
    if (!test_failed) throw;
    Error conflict(failure::conflict, "it was changed by someone else meanwhile");
    for (const auto& place : error.at()) conflict.add_place(place);
    throw conflict;
  }
}

json Client::remove(const std::string& path, const json& options, const io::Run& run) {
  return parsed(Exchange{*this, {}, run}.send("DELETE", to_write(path, impl_->options.dry_run),
                                              options.is_null() ? "" : options.dump(), "application/json"),
                path);
}

std::string Client::text(const std::string& path, const io::Run& run) {
  return Exchange{*this, impl_->options.grace, run}.send("GET", path, {}, {}).body;
}

void Client::check_version(const io::Run& run) {
  if (std::exchange(impl_->version_asked, true)) return;
  auto request = this->request("GET", "/version", run);
  auto* self = impl_.get();  // owns the transport, so it outlives the request; so do the events
  auto* events = &run.events;
  (void)impl_->http.start(std::move(request), [self, events](const http::Result& result) {
    if (!result.response || result.response->status != 200) return;
    if (const auto said = too_old(json::parse(result.response->body, nullptr, false)))
      events->warn(fmt::format("cluster '{}' {}", self->access.context, *said));
  });
}

std::string Client::server_version(const io::Run& run) { return text_at(get("/version", run), {"gitVersion"}); }

bool Client::allowed(std::string_view verb, const Resource& resource, std::string_view name_space, const io::Run& run,
                     std::string_view subresource) {
  json attributes{{"verb", verb}, {"group", resource.group}, {"resource", resource.plural}};
  if (resource.namespaced && !name_space.empty()) attributes["namespace"] = name_space;
  if (!subresource.empty()) attributes["subresource"] = subresource;
  const json review{{"apiVersion", "authorization.k8s.io/v1"},
                    {"kind", "SelfSubjectAccessReview"},
                    {"spec", {{"resourceAttributes", attributes}}}};
  // A question, though it is posted: it is asked in a dry run as well.
  const std::string path = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews";
  const auto answer = parsed(Exchange{*this, {}, run}.send("POST", path, review.dump(), "application/json"), path);
  return flag_at(answer, {"status", "allowed"});
}

}  // namespace slipway::kube
