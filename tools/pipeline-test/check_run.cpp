// SPDX-License-Identifier: Apache-2.0
#include "check_run.hpp"

#include "core/error.hpp"
#include "core/text.hpp"

#include <fmt/format.h>
#include <poll.h>

#include <algorithm>
#include <optional>

namespace slipway::pipeline_test {

namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;
constexpr std::size_t evidence_size = 64U << 10U;

milliseconds since(Clock::time_point begun) { return std::chrono::duration_cast<milliseconds>(Clock::now() - begun); }

std::string exchange_of(const Check& check, const std::string& base, const http::Response* response,
                        std::string_view fault) {
  auto out = fmt::format("# {}\n{} {}{}\n", check.name, check.question.method, base, target_of(check.question));
  const auto [content, type] = content_of(check.question);
  if (!content.empty()) out += "\n" + content.substr(0, evidence_size) + "\n";
  if (response == nullptr) return out + fmt::format("\nno answer: {}\n", fault);
  out += fmt::format("\nHTTP {}\n", response->status);
  for (const auto& [name, value] : response->headers)
    out += name == "set-cookie" ? "set-cookie: ...\n" : fmt::format("{}: {}\n", name, value);
  out += "\n" + response->body.substr(0, evidence_size);
  if (response->body.size() > evidence_size) out += fmt::format("\n... ({} bytes)\n", response->body.size());
  return out;
}

/// One check on its way: asked, perhaps asked again.
struct Asked {
  Check check;  ///< with its variables filled in
  CheckResult result;
  Clock::time_point begun;  ///< of the first try
  Clock::time_point tried;  ///< of this one
  std::optional<Clock::time_point> again;
  bool done = false;
};

class Asker {
 public:
  Asker(http::Client& client, const std::vector<Check>& checks, Vars& vars, const CheckOptions& options,
        const io::Run& run)
      : client_(&client), checks_(&checks), vars_(&vars), options_(&options), run_(&run), asked_(checks.size()) {}

  std::vector<CheckResult> ask_all() {
    while (finished_ < asked_.size()) {
      const auto before = finished_;
      start_more();
      client_->drive(*run_, next_wake(), [&] { return finished_ != before; });
      if (client_->active() == 0 && finished_ == before) pause();
      ask_again();
    }
    std::vector<CheckResult> results;
    for (auto& one : asked_) results.push_back(std::move(one.result));
    return results;
  }

 private:
  void start_more() {
    while (next_ < asked_.size() && next_ - finished_ < static_cast<std::size_t>(std::max(options_->jobs, 1))) {
      auto& one = asked_[next_];
      const auto& check = (*checks_)[next_++];
      one.result.name = check.name;
      one.result.origin = check.origin;
      one.begun = Clock::now();
      try {
        one.check = expand(check, *vars_);
      } catch (const Error& error) {
        one.check = check;
        one.result.mismatches.push_back({"variables", "values for all of them", error.message()});
        end(one, nullptr, error.message());
        continue;
      }
      one.result.curl = curl_line(one.check.question, options_->base);
      ask(one);
    }
  }

  void ask(Asked& one) {
    ++one.result.tries;
    one.tried = Clock::now();
    one.again.reset();
    const auto& question = one.check.question;
    http::Request request;
    request.method = question.method;
    request.url = options_->base + target_of(question);
    auto [content, type] = content_of(question);
    request.content = std::move(content);
    if (!type.empty()) request.headers.emplace_back("Content-Type", type);
    for (const auto& header : question.headers) request.headers.push_back(header);
    request.tls = options_->tls;
    request.total_timeout = one.check.timeout;
    request.connect_timeout = one.check.timeout;
    request.max_body = 16U << 20U;
    client_->start(std::move(request), [this, &one](http::Result result) { answered(one, std::move(result)); });
  }

  void answered(Asked& one, http::Result result) {
    auto& out = one.result;
    out.took = since(one.tried);
    out.mismatches.clear();
    bool try_again = false;
    if (result.transport) {
      out.mismatches.push_back({"connection", "an answer", result.transport->message});
      try_again = result.transport->transient();
    } else {
      const auto& response = *result.response;
      out.mismatches = judge(one.check.expect, response, out.took);
      const auto& statuses = one.check.retry.statuses;
      try_again = !out.mismatches.empty() && std::ranges::find(statuses, response.status) != statuses.end();
      if (out.mismatches.empty()) out.mismatches = save(one.check, response, *vars_);
    }
    if (try_again && since(one.begun) + one.check.retry.every < one.check.retry.lasts) {
      one.again = Clock::now() + one.check.retry.every;
      return;
    }
    end(one, result.response ? &*result.response : nullptr, result.transport ? result.transport->message : "");
  }

  void end(Asked& one, const http::Response* response, std::string_view fault) {
    one.result.passed = one.result.mismatches.empty();
    one.result.exchange = exchange_of(one.check, options_->base, response, fault);
    one.done = true;
    ++finished_;
    if (options_->on_result) options_->on_result(one.result);
  }

  void ask_again() {
    for (auto& one : asked_)
      if (one.again && Clock::now() >= *one.again) ask(one);
  }

  [[nodiscard]] milliseconds next_wake() const {
    auto wait = milliseconds{60'000};
    for (const auto& one : asked_)
      if (one.again)
        wait = std::min(wait,
                        std::max(milliseconds{1}, std::chrono::duration_cast<milliseconds>(*one.again - Clock::now())));
    return wait;
  }

  /// Nothing is on its way, only a next try is due: the client would not wait for that.
  void pause() const {
    const auto end = Clock::now() + next_wake();
    while (Clock::now() < end) {
      run_->check();
      const auto left = std::chrono::duration_cast<milliseconds>(end - Clock::now());
      pollfd stop{run_->stop.fd(), POLLIN, 0};
      ::poll(&stop, run_->stop.fd() >= 0 ? 1 : 0, static_cast<int>(run_->deadline.left(left).count()) + 1);
    }
  }

  http::Client* client_;
  const std::vector<Check>* checks_;
  Vars* vars_;
  const CheckOptions* options_;
  const io::Run* run_;
  std::vector<Asked> asked_;
  std::size_t next_ = 0;
  std::size_t finished_ = 0;
};

}  // namespace

std::vector<Mismatch> judge(const Expectation& expected, const http::Response& response, milliseconds took) {
  std::vector<Mismatch> found;
  const auto& statuses = expected.statuses;
  if (!statuses.empty() && std::ranges::find(statuses, response.status) == statuses.end())
    found.push_back({"status", fmt::format("{}", fmt::join(statuses, " or ")), std::to_string(response.status)});
  for (const auto& [name, value] : expected.headers) {
    const auto got = response.header(text::lower(name));
    const auto where = "header " + text::lower(name);
    if (!got) found.push_back({where, value, "nothing"});
    else if (auto mismatch = match_text(where, value, *got, expected.header_rule))
      found.push_back(std::move(*mismatch));
  }
  if (expected.json) {
    const auto body = nlohmann::json::parse(response.body, nullptr, false);
    if (body.is_discarded()) {
      if (auto mismatch = match_text("body", "JSON", response.body, TextRule::equal))
        found.push_back(std::move(*mismatch));
    } else {
      match_json("", *expected.json, body, expected.json_rule, found);
    }
  }
  if (expected.body)
    if (auto mismatch = match_text("body", *expected.body, response.body, expected.body_rule))
      found.push_back(std::move(*mismatch));
  if (expected.not_body && !match_text("body", *expected.not_body, response.body, TextRule::contains))
    found.push_back({"body", "no " + *expected.not_body, "it is there"});
  if (expected.within && took > *expected.within)
    found.push_back(
        {"time", fmt::format("at most {} ms", expected.within->count()), fmt::format("{} ms", took.count())});
  return found;
}

std::vector<Mismatch> save(const Check& check, const http::Response& response, Vars& vars) {
  std::vector<Mismatch> missing;
  for (const auto& [name, source] : check.save) {
    if (source.starts_with('/')) {
      const auto body = nlohmann::json::parse(response.body, nullptr, false);
      try {
        const auto& value = body.at(nlohmann::json::json_pointer(source));
        vars[name] = value.is_string() ? value.get<std::string>() : value.dump();
      } catch (const nlohmann::json::exception&) {
        missing.push_back({source, fmt::format("a value for '{}'", name), "nothing"});
      }
    } else if (const auto header = response.header(text::lower(source))) {
      vars[name] = *header;
    } else {
      missing.push_back({"header " + source, fmt::format("a value for '{}'", name), "nothing"});
    }
  }
  return missing;
}

std::vector<CheckResult> run_checks(http::Client& client, const std::vector<Check>& checks, Vars& vars,
                                    const CheckOptions& options, const io::Run& run) {
  return Asker(client, checks, vars, options, run).ask_all();
}

std::string to_tap(const std::vector<CheckResult>& results) {
  auto out = fmt::format("TAP version 13\n1..{}\n", results.size());
  for (std::size_t i = 0; i < results.size(); ++i) {
    const auto& one = results[i];
    auto name = text::printable(one.name);
    std::ranges::replace(name, '#', ' ');
    out += fmt::format("{}ok {} - {}\n", one.passed ? "" : "not ", i + 1, name);
    if (one.passed) continue;
    out += fmt::format("  ---\n  origin: {}\n", nlohmann::json(one.origin).dump());
    for (const auto& mismatch : one.mismatches)
      out += fmt::format("  - at: {}\n    expected: {}\n    got: {}\n", nlohmann::json(mismatch.where).dump(),
                         nlohmann::json(mismatch.expected).dump(), nlohmann::json(mismatch.got).dump());
    out += "  ...\n";
  }
  return out;
}

}  // namespace slipway::pipeline_test
