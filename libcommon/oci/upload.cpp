// SPDX-License-Identifier: Apache-2.0
// How blobs get into a registry. CNCF distribution 2.8 shapes the rules for trouble: a body that was cut
// kills its session, and bytes sent twice into one are stored twice. So no byte is ever sent into a session
// whose state is not known: the registry is asked how far it got, and if it does not say, whether the blob is
// there; and if not, a new session is begun. Growing layers are in upload_stream.cpp.
#include "core/text.hpp"
#include "oci/registry.hpp"
#include "oci/retry.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>

namespace slipway::oci {

namespace {

constexpr int most_sessions_lost = 3;
constexpr std::chrono::milliseconds until_more{5};
constexpr std::uint64_t smallest_piece = 64U << 10U;
constexpr std::uint64_t largest_piece = 16U << 20U;

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

/// The pieces were put together to something else: a range that was not true.
bool is_mixed_up(const http::Result& result) {
  return result.response && result.response->status == 400 &&
         parse_error(result.response->body).code == "DIGEST_INVALID";
}

std::uint64_t bytes_out(const http::Result& result) {
  return result.response ? result.response->sent : result.transport->sent;
}

/// "0-9": ten bytes. Nothing for anything else, and for "0-0", which registries say of none and of one.
/// @source OCI distribution-spec, "Pushing a blob in chunks"
std::optional<std::uint64_t> bytes_in_range(std::string_view range) {
  std::uint64_t last = 0;
  if (!range.starts_with("0-")) return std::nullopt;
  range.remove_prefix(2);
  const auto [end, error] = std::from_chars(range.data(), range.data() + range.size(), last);
  if (error != std::errc{} || end != range.data() + range.size() || last == 0) return std::nullopt;
  return last + 1;
}

/// A blob's bytes a request's worth at a time. Opened once, as long as each part begins where the last one ended.
class Parts {
 public:
  /// @param wait for a body that has nothing just now; only while bytes are passed over
  Parts(std::function<http::Body()> open, std::function<void()> wait, Pace& pace, Progress::Line& line)
      : open_(std::move(open)), wait_(std::move(wait)), pace_(pace), line_(line) {}

  http::Body take(std::uint64_t from, std::uint64_t size) {
    seek(from);
    left_ = size;
    return {.read =
                [this](char* into, std::size_t most) {
                  const auto wanted = static_cast<std::size_t>(std::min<std::uint64_t>(most, left_));
                  const auto granted = pace_.take(wanted);
                  if (granted == 0 && wanted > 0) return http::Body::later;
                  const auto got = body_->read(into, granted);
                  if (got == http::Body::later) return got;
                  at_ += got;
                  left_ -= got;
                  line_.at(at_);
                  return got;
                },
            .size = size,
            .rewind = {}};  // else curl sends it a second time by itself where a kept connection breaks
  }

 private:
  void seek(std::uint64_t to) {
    if (!body_ || at_ > to) {
      body_ = open_();
      at_ = 0;
    }
    std::array<char, 1U << 16U> scratch{};
    while (at_ < to) {
      const auto got = body_->read(scratch.data(), std::min<std::uint64_t>(scratch.size(), to - at_));
      if (got == http::Body::later) {
        wait_();
        continue;
      }
      if (got == 0) throw Error(failure::internal, "a layer ended before a place in it that was there before");
      at_ += got;
    }
  }

  std::function<http::Body()> open_;
  std::function<void()> wait_;
  Pace& pace_;
  Progress::Line& line_;
  std::optional<http::Body> body_;
  std::uint64_t at_ = 0;
  std::uint64_t left_ = 0;
};

}  // namespace

// Sessions.

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
  // Not whether it is the host that has just answered: that may itself be one that uploads were sent to.
  const auto there = http::Url::parse(target.url);
  const auto home = http::Url::parse(origin());
  const bool own = there && home && there->scheme == home->scheme && there->host == home->host &&
                   there->effective_port() == home->effective_port();
  if (target.raised)
    once("raised", fmt::format("{} names an http:// upload location behind https; https is kept (does its proxy set "
                               "X-Forwarded-Proto?)",
                               name_));
  if (!own)
    run_.events.detail(
        fmt::format("{} sends uploads to {}; no credentials go there", name_, http::safe_url(target.url)));
  std::uint64_t least = 0;
  if (const auto header = response.header("oci-chunk-min-length"))
    std::from_chars(header->data(), header->data() + header->size(), least);
  Session session{.url = target.url, .own = own};
  const std::lock_guard lock(mutex_);
  least_at_once_ = std::max(least_at_once_, least);
  sessions_.emplace_back(ask.repository, session);
  return session;
}

void Registry::forget(const Session& session) {
  const std::lock_guard lock(mutex_);
  std::erase_if(sessions_, [&](const auto& entry) { return entry.second.url == session.url; });
}

void Registry::abandon(const std::string& repository, const Session& session) {
  const Ask remove{.method = "DELETE",
                   .url = session.url,
                   .repository = repository,
                   .need = Authorizer::Need::push,
                   .own = session.own,
                   .brief = true};
  // Once more where the connection that it went by had broken already.
  if (!attempt(remove).response) static_cast<void>(attempt(remove));
  forget(session);
}

bool Registry::mount(const std::string& repository, const Digest& digest, const std::string& from) {
  const Ask post{.method = "POST",
                 .url = url(repository, fmt::format("blobs/uploads/?mount={}&from={}",
                                                    http::percent_encode(digest.text()), http::percent_encode(from))),
                 .repository = repository,
                 .need = Authorizer::Need::push,
                 .from = from};
  // An optimisation, so whatever is said instead of 201 means no. A session that comes instead is kept for the
  // upload that follows.
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
    const std::lock_guard lock(mutex_);
    spare_.emplace_back(repository, session);
  }
  return response.status == 201;
}

std::optional<Registry::Session> Registry::spare_session(const std::string& repository) {
  const std::lock_guard lock(mutex_);
  const auto found = std::ranges::find(spare_, repository, &std::pair<std::string, Session>::first);
  if (found == spare_.end()) return std::nullopt;
  auto session = std::move(found->second);
  spare_.erase(found);
  return session;
}

void Registry::drop_spares() {
  std::vector<std::pair<std::string, Session>> all;
  {
    const std::lock_guard lock(mutex_);
    all.swap(spare_);
  }
  for (const auto& [repository, session] : all) abandon(repository, session);
}

// How much goes into one body.

std::uint64_t Registry::most_at_once() {
  const std::lock_guard lock(mutex_);
  if (most_at_once_ == 0) return 0;
  return std::max(most_at_once_, least_at_once_);
}

bool Registry::send_less(std::uint64_t refused, std::string_view why) {
  std::uint64_t next = 0;
  {
    const std::lock_guard lock(mutex_);
    if (most_at_once_ != 0 && most_at_once_ < refused) return true;  // another upload has found out
    if (refused <= std::max(smallest_piece, least_at_once_)) return false;
    next = std::max(std::min(refused / 4, largest_piece), smallest_piece);
    most_at_once_ = next;
  }
  run_.events.note(fmt::format("{} {}; layers go in pieces of {}", name_, why, text::show_size(next)));
  return true;
}

// One request, and what became of it.

bool Registry::confirmed(const std::string& repository, const Digest& digest, std::uint64_t size, const Ask& ask,
                         const http::Response& response) {
  const auto said = response.header("docker-content-digest");
  if (said == digest.text() || (!said && response.status == 201)) return true;
  if (!said) return has_blob(repository, digest, size);  // 200 or 204: somebody on the way answered
  throw Error(failure::protocol,
              fmt::format("{} stored a layer as {} instead of {}", name_, text::printable(*said), digest.text()))
      .add_place(fmt::format("{} {}", ask.method, http::safe_url(ask.url)));
}

Registry::Step Registry::send(Sending& sending, const Part& part) {
  const auto size = part.until - sending.at;
  const bool last = part.whole && part.until == part.whole->second;
  Ask ask{.method = last ? "PUT" : "PATCH",
          .url = last ? with_digest(sending.session->url, part.whole->first) : sending.session->url,
          .repository = sending.repository,
          .need = Authorizer::Need::push,
          .headers = {{"Content-Type", "application/octet-stream"}},
          .own = sending.session->own};
  if (size > 0) ask.open = [&part, from = sending.at, size] { return part.take(from, size); };
  if (size > 0 && (!last || sending.at > 0))
    ask.headers.emplace_back("Content-Range", fmt::format("{}-{}", sending.at, part.until - 1));
  wait_for_turn();
  bool renewed = false;
  const auto result = attempt(ask, &renewed);
  if (!is_success(result)) return not_sent(sending, part, ask, result, renewed);
  if (!last) return chunk_sent(sending, part, ask, *result.response);
  if (!confirmed(sending.repository, part.whole->first, part.whole->second, ask, *result.response))
    return lose(sending, ask, result);
  forget(*sending.session);
  sending.session.reset();
  return Step::stored;
}

Registry::Step Registry::chunk_sent(Sending& sending, const Part& part, const Ask& ask,
                                    const http::Response& response) {
  if (response.status == 201 && part.whole && has_blob(sending.repository, part.whole->first, part.whole->second)) {
    forget(*sending.session);
    sending.session.reset();
    return Step::stored;
  }
  // Where the answer names no new location, the old one stays good (seen with proxies that drop it).
  if (const auto location = response.header("location"); location && !location->empty()) {
    forget(*sending.session);
    sending.session = session_of(ask, response);
  }
  const auto range = response.header("range");
  if (range && *range != "0-0" && bytes_in_range(*range) != part.until) {
    run_.events.detail(
        fmt::format("{} counts {} where {} bytes were sent", name_, text::printable(*range), part.until));
    return lose(sending, ask, {response, std::nullopt});
  }
  sending.at = sending.given = part.until;
  sending.tries = 0;
  sending.cut.reset();
  return Step::on;
}

Registry::Step Registry::not_sent(Sending& sending, const Part& part, const Ask& ask, const http::Result& result,
                                  bool renewed) {
  const auto out = bytes_out(result);
  const auto size = part.until - sending.at;
  const bool last = ask.method == "PUT";
  const int status = result.response ? result.response->status : 0;
  sending.given = std::max(sending.given, sending.at + out);
  // An answer before the first byte leaves the session as it was; after that nobody knows.
  const bool untouched = result.response && out == 0 && size > 0;
  if (status == 413 && send_less(size, fmt::format("takes no body of {}", text::show_size(size)))) {
    if (!untouched) find_out(sending);
    return Step::on;
  }
  if (status == 401 && renewed && !std::exchange(sending.renewed, true)) {
    if (!untouched) find_out(sending);
    return Step::on;
  }
  if (is_mixed_up(result) && sending.at > 0) {
    const std::lock_guard lock(mutex_);
    trusts_ranges_ = false;
  } else if (!is_transient(result) && !is_lost_session(result)) {
    throw failed(ask, result);
  }
  // A request whose outcome is not known may have been the one that did it.
  if (last && part.whole && (out >= size || is_lost_session(result)) &&
      has_blob(sending.repository, part.whole->first, part.whole->second)) {
    forget(*sending.session);
    sending.session.reset();
    return Step::stored;
  }
  if (is_lost_session(result) || is_mixed_up(result)) return lose(sending, ask, result);
  // Cut twice at the same place: something on the way has a limit.
  if (result.transport && out > 0) {
    const auto near = std::max<std::uint64_t>(out / 10, smallest_piece);
    if (sending.cut && out + near > *sending.cut && *sending.cut + near > out &&
        send_less(std::min(out, size), fmt::format("was cut off twice after {}", text::show_size(out))))
      sending.tries = 0;
    sending.cut = out;
  }
  back_off(ask, result, ++sending.tries);
  if (!untouched) find_out(sending);
  return Step::on;
}

void Registry::find_out(Sending& sending) {
  const Ask get{.method = "GET",
                .url = sending.session->url,
                .repository = sending.repository,
                .need = Authorizer::Need::push,
                .own = sending.session->own,
                .brief = true};
  const auto result = attempt(get);
  bool trusted = false;
  {
    const std::lock_guard lock(mutex_);
    trusted = trusts_ranges_;
  }
  if (trusted && result.response && result.response->status == 204) {
    const auto there = bytes_in_range(result.response->header("range").value_or(""));
    if (there && *there >= sending.at && *there <= sending.given) {
      if (const auto location = result.response->header("location"); location && !location->empty()) {
        forget(*sending.session);
        sending.session = session_of(get, *result.response);
      }
      if (*there > sending.at) {
        sending.tries = 0;
        run_.events.detail(fmt::format("{} has {} of this layer; the rest follows", name_, text::show_size(*there)));
      }
      sending.at = sending.given = *there;
      return;
    }
  }
  if (result.response && result.response->status == 404) forget(*sending.session);
  else abandon(sending.repository, *sending.session);
  sending.session.reset();
  sending.at = sending.given = 0;
}

Registry::Step Registry::lose(Sending& sending, const Ask& ask, const http::Result& result) {
  if (++sending.lost > std::min(access_.retries + 1, most_sessions_lost))
    throw Error(failure::busy, fmt::format("{} has lost the upload of a layer {} times", name_, sending.lost),
                "do several registries behind one name share no http.secret?")
        .add_place(fmt::format("{} {}{}", ask.method, http::safe_url(ask.url),
                               result.response ? fmt::format(" (HTTP {})", result.response->status) : ""));
  if (is_success(result)) abandon(sending.repository, *sending.session);
  else forget(*sending.session);
  sending.session.reset();
  sending.at = sending.given = 0;
  return Step::lost;
}

void Registry::upload(const std::string& repository, const Blob& blob) {
  const Lane lane(lanes_, [this] { courier_.check(); });
  Sending sending{.repository = repository, .session = spare_session(repository), .cut = {}};
  const auto line = progress_.begin(std::string(blob.digest.brief()), blob.size);
  Parts parts(blob.open, [this] { courier_.pause(until_more); }, pace_, *line);
  Part part{.until = 0,
            .whole = std::pair{blob.digest, blob.size},
            .take = [&](std::uint64_t from, std::uint64_t size) { return parts.take(from, size); }};
  do {
    if (!sending.session) sending.session = open_session(repository);
    const auto most = most_at_once();
    part.until = most == 0 ? blob.size : std::min(blob.size, sending.at + most);
  } while (send(sending, part) != Step::stored);
  lanes_.praise();
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
