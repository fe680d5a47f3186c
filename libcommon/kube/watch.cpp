// SPDX-License-Identifier: Apache-2.0
#include "kube/watch.hpp"

#include "core/error.hpp"
#include "core/text.hpp"
#include "kube/fields.hpp"
#include "kube/headers.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <random>
#include <utility>

namespace slipway::kube {

using namespace std::chrono_literals;
using nlohmann::json;
using std::chrono::milliseconds;
using Steady = std::chrono::steady_clock;

// ---- JsonSplitter

void JsonSplitter::clear() {
  buffer_.clear();
  depth_ = 0;
  in_string_ = escaped_ = false;
}

void JsonSplitter::feed(std::string_view bytes, const std::function<void(std::string_view)>& object) {
  std::size_t begin = 0;  // of the part of `bytes` that belongs to the object under way
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    const char c = bytes[i];
    if (in_string_) {
      if (escaped_) escaped_ = false;
      else if (c == '\\') escaped_ = true;
      else if (c == '"') in_string_ = false;
      continue;
    }
    if (depth_ == 0) {
      if (c == ' ' || c == '\n' || c == '\r' || c == '\t') continue;
      if (c != '{')
        throw Error(failure::protocol,
                    fmt::format("the watch stream holds '{}' where an object is due", text::printable({&c, 1})));
      begin = i;
      depth_ = 1;
      continue;
    }
    if (c == '"') in_string_ = true;
    else if (c == '{' || c == '[') ++depth_;
    else if ((c == '}' || c == ']') && --depth_ == 0) {
      const auto part = bytes.substr(begin, i - begin + 1);
      if (buffer_.empty()) {
        object(part);
      } else {
        buffer_ += part;
        const auto whole = std::exchange(buffer_, {});
        object(whole);
      }
      begin = i + 1;
    }
  }
  if (depth_ > 0) buffer_ += bytes.substr(begin);
  if (buffer_.size() > limit_)
    throw Error(failure::protocol,
                fmt::format("one object of the watch stream is larger than {}", text::show_size(limit_)));
}

// ---- Watch

namespace {

constexpr milliseconds first_back_off{800};
constexpr milliseconds most_back_off{30'000};
/// Bookmarks come about once a minute: silence for longer than twice that is a dead peer.
constexpr milliseconds silence{150'000};
/// A peer that does not even acknowledge for so long is gone, whatever the stream holds back.
constexpr milliseconds dead_peer{60'000};

}  // namespace

struct Watch::Impl {
  Impl(Client& c, WatchOptions o, Sink s)
      : client(c), options(std::move(o)), sink(std::move(s)),
        random(static_cast<std::minstd_rand::result_type>(Steady::now().time_since_epoch().count())) {}
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;
  ~Impl() {
    if (active) client.transport().cancel(*active);
    give_slot();
  }

  Client& client;
  io::Events* events = nullptr;  ///< of the last step(): outlives the requests that it began
  WatchOptions options;
  Sink sink;
  std::minstd_rand random;  ///< only that not all ask at the same moment: the clock's nanoseconds are seed enough
  JsonSplitter splitter;
  std::optional<http::Client::Id> active;
  http::Request sent;  ///< the request under way, for errors
  Steady::time_point due = Steady::now();
  milliseconds back_off = first_back_off;
  std::string version;  ///< to watch from; empty: list first
  std::string page;     ///< continue token of a list under way
  bool paged = true;
  bool complete = false;  ///< the last list came to its end
  bool forbidden = false;
  bool renewed = false;
  int throttled = 0;  ///< times in a row that the server asked to be left alone
  bool holds_slot = false;
  std::optional<Error> fatal;
  std::string trouble;
  std::optional<Steady::time_point> lost_at;
  Steady::time_point stream_begun;

  void saw(const http::Response& response) {
    if (events) client.saw(response, io::Run{*events, {}, {}});
  }
  void start(const io::Run& run);
  void start_list(const io::Run& run);
  void start_stream(const io::Run& run);
  void on_list(http::Result result);
  void on_stream_end(http::Result result);
  void on_event(std::string_view text);
  /// @returns true when it has been dealt with
  void on_refusal(const http::Response& response);
  void give_slot() {
    if (std::exchange(holds_slot, false)) client.give_slot();
  }
  void contact() {
    trouble.clear();
    lost_at.reset();
    back_off = first_back_off;
    renewed = false;
    throttled = 0;
  }
  void lose(std::string why) {
    trouble = std::move(why);
    if (!lost_at) lost_at = Steady::now();
    std::uniform_int_distribution<milliseconds::rep> jitter(back_off.count() / 2, back_off.count());
    due = Steady::now() + milliseconds(jitter(random));
    back_off = std::min(back_off * 2, most_back_off);
  }
  void relist() {
    version.clear();
    page.clear();
    complete = false;
  }
};

void Watch::Impl::start(const io::Run& run) {
  events = &run.events;
  if (version.empty()) start_list(run);
  else start_stream(run);
}

void Watch::Impl::start_list(const io::Run& run) {
  auto query = options.query;
  if (paged) query.emplace_back("limit", "500");
  if (!page.empty()) query.emplace_back("continue", page);
  sent = client.request("GET", with_query(options.path, query), run);
  if (!client.take_slot()) {  // others are being listed: soon
    due = Steady::now() + 20ms;
    return;
  }
  holds_slot = true;
  auto request = sent;
  request.compressed = true;
  active = client.transport().start(std::move(request), [this](http::Result result) {
    active.reset();
    give_slot();
    on_list(std::move(result));
    json none;
    if (!complete || !trouble.empty()) sink(Change::lost, none);
  });
}

void Watch::Impl::on_list(http::Result result) {
  if (result.transport) {
    const auto error = client.error_of(sent, *result.transport);
    if (!result.transport->transient()) fatal = error;
    lose(error.message());
    return;
  }
  auto& response = *result.response;
  saw(response);
  if (response.status >= 300) {
    on_refusal(response);
    return;
  }
  auto list = json::parse(response.body, nullptr, false);
  response.body.clear();
  response.body.shrink_to_fit();
  if (!list.is_object() || !list.contains("items")) {
    fatal = Error(failure::protocol,
                  fmt::format("'{}' answered a list request with something else: is it a Kubernetes API?",
                              client.access().server));
    return;
  }
  contact();
  json none;
  if (page.empty()) sink(Change::replaced, none);
  if (list["items"].is_array())
    for (auto& item : list["items"]) sink(Change::set, item);
  page = text_at(list, {"metadata", "continue"});
  due = Steady::now();
  if (!page.empty()) return;
  version = text_at(list, {"metadata", "resourceVersion"});
  complete = true;
  sink(Change::listed, none);
}

void Watch::Impl::on_refusal(const http::Response& response) {
  const auto error = client.error_of(sent, response);
  switch (response.status) {
  case 410:
    if (!page.empty()) paged = false;  // the pages' version was compacted away: in one piece, then
    relist();
    due = Steady::now();
    return;
  case 401:
    if (!renewed && client.renew_credentials()) {
      renewed = true;
      due = Steady::now();
      return;
    }
    break;
  case 403:
    if (options.optional) {
      contact();
      forbidden = complete = true;
      json none;  // nothing, and that is all: who waits for this list may go on
      sink(Change::replaced, none);
      sink(Change::listed, none);
      return;
    }
    break;
  case 429:
    // It answers, so it is not out of reach; it only wants to be left alone for a while.
    if (const auto after = retry_after(response, client.now()); after && ++throttled <= most_retry_after) {
      due = Steady::now() + std::max(*after, 100ms);
      return;
    }
    if (throttled > most_retry_after) {
      fatal = error;
      return;
    }
    break;
  default: break;
  }
  if (response.status == 429 || response.status >= 500) lose(error.message());
  else fatal = error;
}

void Watch::Impl::start_stream(const io::Run& run) {
  auto query = options.query;
  std::uniform_int_distribution<int> seconds(300, 600);
  query.insert(query.end(), {{"watch", "1"},
                             {"allowWatchBookmarks", "true"},
                             {"resourceVersion", version},
                             {"timeoutSeconds", std::to_string(seconds(random))}});
  sent = client.request("GET", with_query(options.path, query), run);
  splitter.clear();
  stream_begun = Steady::now();
  auto request = sent;
  request.total_timeout = 0ms;
  request.stall_timeout = silence;
  request.dead_peer = dead_peer;
  request.on_data = [this](std::string_view bytes) {
    contact();
    try {
      splitter.feed(bytes, [this](std::string_view text) { on_event(text); });
    } catch (const Error& error) {
      relist();
      trouble = error.message();
      return false;
    }
    return !version.empty();  // emptied by a 410 within the stream
  };
  active = client.transport().start(std::move(request), [this](http::Result result) {
    active.reset();
    on_stream_end(std::move(result));
    json none;
    sink(Change::lost, none);
  });
}

void Watch::Impl::on_event(std::string_view text) {
  auto event = json::parse(text, nullptr, false);
  if (!event.is_object()) throw Error(failure::protocol, "a line of the watch stream is no JSON object");
  const auto type = text_at(event, {"type"});
  const auto object = event.find("object");
  if (object == event.end() || !object->is_object()) return;
  if (type == "ERROR") {
    relist();  // whatever it is (410 mostly), a new list tells
    return;
  }
  if (auto at = text_at(*object, {"metadata", "resourceVersion"}); !at.empty() && !version.empty())
    version = std::move(at);
  if (type == "ADDED" || type == "MODIFIED") sink(Change::set, *object);
  else if (type == "DELETED") sink(Change::deleted, *object);
}

void Watch::Impl::on_stream_end(http::Result result) {
  due = std::max(Steady::now(), stream_begun + 1s);  // a server that closes at once is not to be hammered
  if (version.empty()) return;                       // we ended it ourselves, to list anew
  if (result.transport) {
    const auto error = client.error_of(sent, *result.transport);
    if (!result.transport->transient() && result.transport->kind != http::Transport::Kind::aborted) fatal = error;
    lose(error.message());
    return;
  }
  saw(*result.response);
  if (result.response->status >= 300) on_refusal(*result.response);
}

Watch::Watch(Client& client, WatchOptions options, Sink sink)
    : impl_(std::make_unique<Impl>(client, std::move(options), std::move(sink))) {}
Watch::~Watch() = default;

milliseconds Watch::step(const io::Run& run) {
  auto& self = *impl_;
  if (self.fatal) throw *self.fatal;
  if (self.forbidden || self.active || (self.options.once && self.complete)) return 60s;
  const auto now = Steady::now();
  if (now >= self.due) {
    self.start(run);
    if (self.active) return 60s;
  }
  return std::max(1ms, std::chrono::ceil<milliseconds>(self.due - now));
}

bool Watch::synced() const { return impl_->complete; }
bool Watch::readable() const { return !impl_->forbidden; }
const std::string& Watch::trouble() const { return impl_->trouble; }

milliseconds Watch::out_of_contact() const {
  if (!impl_->lost_at) return 0ms;
  return std::chrono::duration_cast<milliseconds>(Steady::now() - *impl_->lost_at);
}

}  // namespace slipway::kube
