// SPDX-License-Identifier: Apache-2.0
// How blobs get into a registry. CNCF distribution 2.8 shapes the rules for trouble: a body that was cut
// kills its session, and bytes sent twice into one are stored twice. So nothing is ever sent again into
// a session: the registry is asked whether the blob is there, and if not, a new session is begun.
#include "core/text.hpp"
#include "oci/registry.hpp"
#include "oci/retry.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace slipway::oci {

namespace {

const http::Header octets{"Content-Type", "application/octet-stream"};

bool is_success(const http::Result& result) {
  return result.response && result.response->status >= 200 && result.response->status < 300;
}

/// The session is gone: what was sent into it before may have ended well, or not.
bool is_lost_session(const http::Result& result) {
  if (!result.response) return false;
  const int status = result.response->status;
  return status == 404 || status == 416 ||
         (status == 400 && parse_error(result.response->body).code == "BLOB_UPLOAD_INVALID");
}

}  // namespace

Registry::Session Registry::open_session(const std::string& repository) {
  const Ask post{.method = "POST",
                 .url = url(repository, "blobs/uploads/"),
                 .repository = repository,
                 .need = Authorizer::Need::push};
  const auto response = ask(post);
  if (response.status != 202) throw refused(post, response);
  return session_of(post, response);
}

Registry::Session Registry::session_of(const Ask& ask, const http::Response& response) {
  const auto target = resolve_location(response.url.empty() ? ask.url : response.url, response.header("location"));
  if (target.raised)
    run_.events.detail(fmt::format("{} names an http:// upload location behind https; https is kept (does its proxy "
                                   "set X-Forwarded-Proto?)",
                                   name_));
  if (!target.own)
    run_.events.detail(
        fmt::format("{} sends uploads to {}; no credentials go there", name_, http::safe_url(target.url)));
  Session session{.url = target.url, .own = target.own};
  const std::lock_guard lock(mutex_);
  sessions_.emplace_back(ask.repository, session);
  return session;
}

void Registry::forget(const Session& session) {
  const std::lock_guard lock(mutex_);
  std::erase_if(sessions_, [&](const auto& entry) { return entry.second.url == session.url; });
}

bool Registry::mount(const std::string& repository, const Digest& digest, const std::string& from) {
  const Ask post{.method = "POST",
                 .url = url(repository, fmt::format("blobs/uploads/?mount={}&from={}",
                                                    http::percent_encode(digest.text()), http::percent_encode(from))),
                 .repository = repository,
                 .need = Authorizer::Need::push,
                 .from = from};
  // An optimisation, so whatever is said instead of 201 means no. A session that comes instead is given up.
  http::Response response;
  try {
    response = ask(post);
  } catch (const Error& error) {
    // No token for both repositories, or one that does not suffice: the blob is sent with the usual one.
    if (error.failure().id != failure::denied.id) throw;
    run_.events.detail(fmt::format("{} gives no access to {} beside {}", name_, from, repository));
    return false;
  }
  if (response.status == 202 && response.header("location")) {
    const auto session = session_of(post, response);
    const Ask abandon{.method = "DELETE",
                      .url = session.url,
                      .repository = repository,
                      .need = Authorizer::Need::push,
                      .own = session.own};
    static_cast<void>(attempt(abandon));
    forget(session);
  }
  return response.status == 201;
}

bool Registry::settled(const std::string& repository, const Digest& digest, std::uint64_t size, const Ask& ask,
                       const http::Result& result) {
  if (is_success(result)) {
    const auto confirmed = result.response->header("docker-content-digest");
    if (confirmed == digest.text() || (!confirmed && result.response->status == 201)) return true;
    if (!confirmed) return has_blob(repository, digest, size);  // 200 or 204: somebody on the way answered
    throw Error(failure::protocol,
                fmt::format("{} stored a layer as {} instead of {}", name_, text::printable(*confirmed), digest.text()))
        .add_place(fmt::format("{} {}", ask.method, http::safe_url(ask.url)));
  }
  if (!is_transient(result) && !is_lost_session(result)) throw failed(ask, result);
  return has_blob(repository, digest, size);
}

void Registry::upload(const std::string& repository, const Blob& blob) {
  for (int tries = 1;; ++tries) {
    const auto session = open_session(repository);
    const Ask put{.method = "PUT",
                  .url = with_digest(session.url, blob.digest),
                  .repository = repository,
                  .need = Authorizer::Need::push,
                  .headers = {octets},
                  .open = blob.open,
                  .own = session.own};
    wait_for_turn();
    auto result = attempt(put);
    const bool there = settled(repository, blob.digest, blob.size, put, result);
    forget(session);
    if (there) return;
    if (is_lost_session(result) || is_success(result)) {
      if (tries > std::min(access_.retries, 2))
        throw failed(put, result)
            .add_place("uploads are lost on the way: do several registries behind one name share no http.secret?");
      continue;
    }
    back_off(put, result, tries);
  }
}

bool Registry::upload(const std::string& repository, const BlobStream& stream) {
  auto session = open_session(repository);
  const Ask patch{.method = "PATCH",
                  .url = session.url,
                  .repository = repository,
                  .need = Authorizer::Need::push,
                  .headers = {octets},
                  .open = [&] { return http::Body{.read = stream.read, .size = std::nullopt, .rewind = {}}; },
                  .own = session.own,
                  .once = true};
  const auto sent = attempt(patch);
  forget(session);
  if (!is_success(sent)) {
    // A 401 came after the bytes were taken; only a source that can be read again gets over that.
    const bool too_late = sent.response && sent.response->status == 401;
    if (is_transient(sent) || is_lost_session(sent) || too_late) return false;
    throw failed(patch, sent);
  }
  // Where the answer names no new location, the old one stays good (seen with proxies that drop it).
  const auto location = sent.response->header("location");
  if (location && !location->empty()) session = session_of(patch, *sent.response);
  const auto [digest, size] = stream.finish();
  const Ask put{.method = "PUT",
                .url = with_digest(session.url, digest),
                .repository = repository,
                .need = Authorizer::Need::push,
                .headers = {octets},
                .own = session.own};
  for (int tries = 1;; ++tries) {
    const auto result = attempt(put);
    if (settled(repository, digest, size, put, result)) break;
    if (is_lost_session(result) || is_success(result)) {
      forget(session);
      return false;
    }
    back_off(put, result, tries);
  }
  forget(session);
  return true;
}

std::vector<http::Request> Registry::leftovers() {
  std::vector<std::pair<std::string, Session>> open;
  {
    const std::lock_guard lock(mutex_);
    open.swap(sessions_);
  }
  std::vector<http::Request> requests;
  for (const auto& [repository, session] : open) {
    const Ask abandon{.method = "DELETE", .url = session.url, .repository = repository, .own = session.own};
    auto request = to_request(abandon);
    // Only credentials that are at hand: there is no time to ask for new ones.
    try {
      const auto credentials =
          session.own ? authorizer_.header({.repository = repository, .need = Authorizer::Need::push, .from = {}})
                      : std::string{};
      if (!credentials.empty()) request.headers.emplace_back("Authorization", credentials);
    } catch (const Error&) {
    }
    requests.push_back(std::move(request));
  }
  return requests;
}

}  // namespace slipway::oci
