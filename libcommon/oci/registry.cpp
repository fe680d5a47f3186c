// SPDX-License-Identifier: Apache-2.0
// What all requests share: where the registry is, credentials, retries, errors; and the small requests.
// The uploads are in upload.cpp.
#include "oci/registry.hpp"

#include "core/text.hpp"
#include "oci/certs.hpp"
#include "oci/manifest.hpp"
#include "oci/retry.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>

namespace slipway::oci {

namespace {

constexpr std::size_t longest_tag_list = 8U << 20U;

/// Of these waits the one after which a blob is not late but lost: 3.5 seconds have gone by.
constexpr std::size_t waits_for_late = 2;
/// After our own uploads a registry may need a moment until it sees them.
constexpr std::array<std::chrono::milliseconds, 5> settling{std::chrono::milliseconds{500}, std::chrono::seconds{1},
                                                            std::chrono::seconds{2}, std::chrono::seconds{4},
                                                            std::chrono::seconds{8}};

bool is_loopback_host(const std::string& host) {
  const auto url = http::Url::parse("http://" + host);
  return url && url->is_loopback();
}

/// Who speaks TLS says so in clear to whoever does not (nginx, Apache and Go's servers by 400), or sends them there.
/// Others hang up.
bool is_sign_of_tls(const http::Response& response) {
  return response.url.starts_with("https://") || response.status == 400 || response.status == 426 ||
         (response.status >= 300 && response.status < 400);
}

}  // namespace

Registry::Registry(Courier& courier, const Reference& where, const Access& access, const io::Run& run,
                   Authorizer::Need usual)
    : courier_(courier), name_(where.registry), api_host_(where.api_host()), access_(access),
      tls_(tls_for(access, where.registry, run)), run_(run), usual_(usual),
      authorizer_(courier, where.registry, where.repository, access, run), dice_(std::random_device{}()),
      most_at_once_(access.chunk), pace_(access.rate), progress_(run.events, where.registry) {
  if (pace_.limited()) courier_.keep_asking();
}

/// https, but for --plain-http, and for a registry on this machine that does not speak TLS.
std::string Registry::origin() {
  const std::lock_guard lock(mutex_);
  if (!origin_.empty()) return origin_;
  if (access_.plain_http) return origin_ = http_origin();
  // Who has a certificate to show it knows that it speaks TLS.
  if (!is_loopback_host(api_host_) || tls_.cert_pem) return origin_ = https_origin();
  return http_origin();
}

std::string Registry::here(const std::string& url) {
  const std::lock_guard lock(mutex_);
  const auto clear = http_origin() + "/";
  return origin_ == https_origin() && url.starts_with(clear) ? origin_ + "/" + url.substr(clear.size()) : url;
}

bool Registry::turns_out_tls(const http::Result& first) {
  using Kind = http::Transport::Kind;
  {
    const std::lock_guard lock(mutex_);
    if (!origin_.empty()) return origin_ == https_origin();
    if (first.response && !is_sign_of_tls(*first.response)) {
      origin_ = http_origin();
      return false;
    }
  }
  const auto is_away = [](const http::Result& result) {
    return result.transport && (result.transport->kind == Kind::connect || result.transport->kind == Kind::resolve);
  };
  if (is_away(first)) return false;  // not known: whoever asks next finds out
  http::Request probe;
  probe.url = https_origin() + "/v2/";
  probe.tls = {.verify = false};  // it says nothing and believes nothing; every other request verifies
  probe.stall_timeout = std::chrono::seconds{5};
  const auto result = courier_.exchange(std::move(probe));
  if (is_away(result)) return false;
  // One that is not trusted, or that wants a certificate of ours, speaks TLS all the same. The alert that says so can
  // be overtaken by the end of the connection.
  const auto says = [&](std::string_view word) { return result.transport->message.find(word) != std::string::npos; };
  const bool tls = result.response || result.transport->connected || says("certificate") || says(" alert ");
  if (!tls && !first.response) return false;
  const std::lock_guard lock(mutex_);
  origin_ = tls ? https_origin() : http_origin();
  return origin_ == https_origin();
}

std::string Registry::url(const std::string& repository, std::string_view rest) {
  return fmt::format("{}/v2/{}/{}", origin(), repository, rest);
}

std::string Registry::place(const Ask& ask, int status) {
  return fmt::format("{} {} (HTTP {})", ask.method, http::safe_url(here(ask.url)), status);
}

http::Request Registry::to_request(const Ask& ask) {
  http::Request request;
  request.method = ask.method;
  request.url = here(ask.url);
  request.headers = ask.headers;
  request.content = ask.content;
  if (ask.open) request.body = ask.open();
  request.proxy = proxy_for(access_, request.url);
  request.follow_redirects = ask.follow;
  request.stall_timeout = access_.stall;
  request.max_body = ask.most;
  if (ask.into != nullptr) {
    request.on_data = [take = ask.into->take](std::string_view bytes) {
      take(bytes);
      return true;
    };
    request.full = ask.into->full;
    request.unwanted = ask.into->unwanted;
    request.on_answer = ask.on_answer;
  }
  if (ask.brief) request.total_timeout = std::chrono::seconds{5};
  if (ask.own) request.tls = tls_;
  else request.tls.ca_pem = access_.tls.ca_pem;
  return request;
}

http::Result Registry::attempt(const Ask& ask, bool* renewed) {
  for (bool again = false;;) {
    auto request = to_request(ask);
    const bool in_clear = ask.own && request.url.starts_with(http_origin() + "/");
    const Authorizer::Scope scope{.repository = ask.repository, .need = ask.need, .from = ask.from};
    const auto credentials = ask.own ? authorizer_.header(scope) : std::string{};
    if (!credentials.empty()) request.headers.emplace_back("Authorization", credentials);
    auto result = courier_.exchange(std::move(request));
    if (in_clear && turns_out_tls(result)) continue;
    if (!result.response) return result;
    answered_ = true;
    for (const auto& [name, value] : result.response->headers)
      if (name == "warning") warn_once(value);
    if (result.response->status != 401 || !ask.own || again) return result;
    const bool worth_it = authorizer_.learn(*result.response, credentials);
    if (!worth_it) return result;
    if (ask.once || (ask.open && result.response->sent > 0)) {
      if (renewed != nullptr) *renewed = true;
      return result;
    }
    again = true;
  }
}

/// What a registry has to say to people, such as that it is about to close.
/// @source OCI distribution-spec, "Warnings"; RFC 7234 section 5.5
void Registry::warn_once(const std::string& text) {
  const auto open = text.find('"');
  const auto close = text.rfind('"');
  if (!text.starts_with("299 ") || open == std::string::npos || close <= open) return;
  once(text, fmt::format("{} says: {}", name_, text::printable(text.substr(open + 1, close - open - 1))));
}

void Registry::once(const std::string& key, const std::string& text) {
  {
    const std::lock_guard lock(mutex_);
    if (!warned_.insert(key).second) return;
  }
  run_.events.warn(text);
}

std::optional<std::chrono::milliseconds> Registry::heed(const Ask& ask, const http::Result& last) {
  if (last.response && (last.response->status == 429 || last.response->status == 503)) lanes_.shrink();
  const auto header = last.response ? last.response->header("retry-after") : std::nullopt;
  const auto asked = header ? parse_retry_after(*header, std::chrono::system_clock::now()) : std::nullopt;
  if (!asked) return std::nullopt;
  if (*asked > longest_wait)
    throw failed(ask, last).add_place(fmt::format("it asks to wait {}", text::show_duration(*asked)));
  const std::lock_guard lock(mutex_);
  not_before_ = std::max(not_before_, std::chrono::steady_clock::now() + *asked);
  return asked;
}

http::Response Registry::ask(const Ask& ask) {
  for (int tries = 1;; ++tries) {
    wait_for_turn();
    auto result = attempt(ask);
    if (result.response && !is_transient(result)) return std::move(*result.response);
    back_off(ask, result, tries);
  }
}

void Registry::back_off(const Ask& ask, const http::Result& last, int tries) {
  if (!is_transient(last) || tries > access_.retries) throw failed(ask, last);
  const auto asked = heed(ask, last);
  double dice = 0;
  {
    const std::lock_guard lock(mutex_);
    dice = std::uniform_real_distribution<double>(0.5, 1.0)(dice_);
  }
  const auto wait = wait_before(tries, asked, dice);
  const auto why = last.response ? fmt::format("HTTP {}", last.response->status) : last.transport->message;
  run_.events.emit(
      {.kind = "note",
       .level = io::Level::note,
       .subject = name_,
       .text = fmt::format("{}: {}; trying again in {}", name_, text::printable(why), text::show_duration(wait)),
       .fields = {{"attempt", std::int64_t{tries}}}});
  courier_.pause(wait);
}

/// When the registry has asked one of us to wait, it has asked all.
void Registry::wait_for_turn() {
  while (true) {
    std::chrono::steady_clock::time_point until;
    {
      const std::lock_guard lock(mutex_);
      until = not_before_;
    }
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(until - std::chrono::steady_clock::now());
    if (left.count() <= 0) return;
    courier_.pause(left);
  }
}

Error Registry::failed(const Ask& ask, const http::Result& last) {
  if (last.transport) {
    http::Request shown;
    shown.method = ask.method;
    shown.url = here(ask.url);
    auto error = http::to_error(*last.transport, shown);
    // Who never answered may not be there at all; who has answered before can be asked again later.
    if (!answered_ || !is_transient(last)) return error;
    auto later = Error(failure::busy, error.message(), "run the same command again later");
    for (const auto& place : error.at()) later.add_place(place);
    return later;
  }
  const auto& response = *last.response;
  if (!is_transient(response.status, response.body)) return refused(ask, response);
  const auto said = parse_error(response.body);
  return Error(failure::busy,
               fmt::format("{} keeps answering HTTP {}{}", name_, response.status,
                           said.message.empty() ? "" : fmt::format(" ({}: {})", said.code, said.message)),
               "run the same command again later")
      .add_place(place(ask, response.status));
}

Error Registry::refused(const Ask& ask, const http::Response& response) {
  const auto said = parse_error(response.body);
  const auto words = said.code.empty() ? std::string{} : fmt::format(" ({}: {})", said.code, said.message);
  const auto at = place(ask, response.status);
  if (response.status == 401) return authorizer_.denied(ask.repository, response.status).add_place(at);
  if (response.status == 403)
    return Error(failure::denied, fmt::format("{} does not allow this for '{}'{}", name_, ask.repository, words))
        .add_place(at);
  if (response.status == 404)
    return Error(failure::denied, fmt::format("{} knows no repository '{}', or shows it to nobody like you{}", name_,
                                              ask.repository, words))
        .add_place(at);
  if (response.status == 407)
    return Error(failure::denied, fmt::format("the proxy before {} wants a login", name_),
                 "write it into HTTP_PROXY: http://USER:PASSWORD@HOST:PORT")
        .add_place(at);
  if (response.status == 413)
    return Error(failure::protocol, fmt::format("{}, or a proxy before it, takes no body of this size", name_),
                 "raise the proxy's limit (nginx: client_max_body_size)")
        .add_place(at);
  return Error(failure::protocol, fmt::format("{} gave an answer that was not to be expected{}", name_, words))
      .add_place(at);
}

bool Registry::has_blob(const std::string& repository, const Digest& digest, std::uint64_t size) {
  const Ask head{.method = "HEAD",
                 .url = url(repository, "blobs/" + digest.text()),
                 .repository = repository,
                 .need = usual_,  // one token for all that follows
                 .follow = true};
  auto response = ask(head);
  if (response.status == 401) throw refused(head, response);
  if (response.status == 405 || response.status == 400) {  // a proxy that knows no HEAD: one byte tells as much
    auto get = head;
    get.method = "GET";
    get.headers = {{"Range", "bytes=0-0"}};
    response = ask(get);
    if (response.status == 206) {
      const auto range = response.header("content-range").value_or("");
      const auto slash = range.find('/');
      return slash == std::string::npos || range.substr(slash + 1) == std::to_string(size);
    }
  }
  if (response.status != 200) return false;
  if (const auto said = response.header("docker-content-digest");
      said && *said != digest.text() && said->starts_with(digest.algorithm()))
    throw Error(failure::protocol,
                fmt::format("{} was asked for {} and answers {}", name_, digest.text(), text::printable(*said)))
        .add_place(place(head, response.status));
  const auto length = response.header("content-length");
  if (!length || *length == std::to_string(size)) return true;
  run_.events.warn(fmt::format("{} has {} with {} bytes instead of {}: it is sent again", name_, digest.text(),
                               text::printable(*length), size));
  return false;
}

std::optional<std::string> Registry::blob(const std::string& repository, const Digest& digest, std::size_t most) {
  const Ask get{.method = "GET",
                .url = url(repository, "blobs/" + digest.text()),
                .repository = repository,
                .need = usual_,
                .follow = true,
                .most = most};
  auto response = ask(get);
  if (response.status == 404) return std::nullopt;
  if (response.status != 200) throw refused(get, response);
  if (digest.algorithm() == "sha256" && Digest::of(response.body) != digest)
    throw Error(failure::protocol, fmt::format("{} answered other bytes than {}", name_, digest.text()))
        .add_place(place(get, response.status));
  return std::move(response.body);
}

std::optional<StoredManifest> Registry::manifest(const std::string& repository, const std::string& version) {
  const Ask get{.method = "GET",
                .url = url(repository, "manifests/" + version),
                .repository = repository,
                .need = usual_,
                .headers = {{"Accept", std::string(media::any_manifest)}},
                .follow = true,
                .most = longest_manifest};
  auto response = ask(get);
  if (response.status == 404) return std::nullopt;
  if (response.status != 200) throw refused(get, response);
  const auto type = response.header("content-type").value_or("");
  const auto digest = Digest::of(response.body);
  return StoredManifest{
      .digest = digest, .media_type = type.substr(0, type.find(';')), .bytes = std::move(response.body)};
}

std::optional<Digest> Registry::manifest_digest(const std::string& repository, const std::string& version) {
  const Ask head{.method = "HEAD",
                 .url = url(repository, "manifests/" + version),
                 .repository = repository,
                 .need = Authorizer::Need::pull,
                 .headers = {{"Accept", std::string(media::any_manifest)}},
                 .follow = true};
  const auto response = ask(head);
  if (response.status == 404) return std::nullopt;
  if (response.status == 200)
    if (const auto digest = Digest::parse(response.header("docker-content-digest").value_or(""))) return digest;
  if (response.status == 200 || response.status == 405) {  // allowed to leave out the header: the bytes tell
    const auto whole = manifest(repository, version);
    return whole ? std::optional(whole->digest) : std::nullopt;
  }
  throw refused(head, response);
}

bool Registry::put_manifest(const std::string& repository, const std::string& version, const StoredManifest& manifest,
                            const Condition& condition, const std::function<bool(bool late)>& all_there) {
  Ask put{.method = "PUT",
          .url = url(repository, "manifests/" + version),
          .repository = repository,
          .need = Authorizer::Need::push,
          .headers = {{"Content-Type", manifest.media_type}},
          .content = manifest.bytes};
  if (condition.only_new) put.headers.emplace_back("If-None-Match", "*");
  if (condition.only_from) put.headers.emplace_back("If-Match", fmt::format("\"{}\"", condition.only_from->text()));
  std::size_t waits = 0;
  while (true) {
    const auto response = ask(put);
    if (response.status >= 200 && response.status < 300) {
      const auto confirmed = response.header("docker-content-digest");
      if (confirmed && *confirmed != manifest.digest.text())
        throw Error(failure::protocol, fmt::format("{} stored {} as {} instead of {}", name_, version,
                                                   text::printable(*confirmed), manifest.digest.text()))
            .add_place(place(put, response.status));
      return response.header("oci-subject").has_value();
    }
    if (response.status == 412)
      throw Error(failure::tag_exists,
                  condition.only_from
                      ? fmt::format("{}/{}:{} is no longer {}", name_, repository, version, condition.only_from->text())
                      : fmt::format("{}/{}:{} exists already", name_, repository, version));
    if (parse_error(response.body).code != "MANIFEST_BLOB_UNKNOWN") throw refused(put, response);
    bool late = false;
    do {
      if (waits == settling.size()) throw refused(put, response);
      run_.events.note(fmt::format("{} does not see all layers yet; trying again in {}", name_,
                                   text::show_duration(settling[waits])));
      courier_.pause(settling[waits]);
      late = waits++ >= waits_for_late;
    } while (all_there && !all_there(late));
  }
}

bool Registry::delete_manifest(const std::string& repository, const Digest& digest) {
  const Ask remove{.method = "DELETE",
                   .url = url(repository, "manifests/" + digest.text()),
                   .repository = repository,
                   .need = Authorizer::Need::remove};
  const auto response = ask(remove);
  if (response.status >= 200 && response.status < 300) return true;
  if (response.status == 404) return false;
  if (response.status == 405 || response.status == 400)
    throw Error(failure::bad_setup, fmt::format("{} does not delete images", name_),
                "allow it in the registry's configuration: storage.delete.enabled: true")
        .add_place(place(remove, response.status));
  throw refused(remove, response);
}

std::vector<std::string> Registry::last_tags(const std::string& repository, std::size_t most) {
  const Ask get{.method = "GET",
                .url = url(repository, "tags/list"),
                .repository = repository,
                .need = usual_,
                .most = longest_tag_list};
  const auto response = ask(get);
  const auto document = nlohmann::json::parse(response.body, nullptr, false);
  std::vector<std::string> tags;
  if (response.status != 200 || !document.is_object()) return tags;
  if (const auto list = document.find("tags"); list != document.end() && list->is_array())
    for (const auto& tag : *list)
      if (tag.is_string() && is_tag(tag.get_ref<const std::string&>())) tags.push_back(tag.get<std::string>());
  std::ranges::sort(tags, std::greater<>{});
  if (tags.size() > most) tags.resize(most);
  return tags;
}

}  // namespace slipway::oci
