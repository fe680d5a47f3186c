// SPDX-License-Identifier: Apache-2.0
#include "checks_file.hpp"

#include "core/error.hpp"
#include "core/text.hpp"
#include "data/yaml.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <initializer_list>
#include <set>

namespace slipway::pipeline_test {

namespace {

using data::Kind;
using data::Value;

class Reader {
 public:
  Reader(std::string_view yaml, std::string file) : document_(data::parse_yaml(yaml, file)), file_(std::move(file)) {}

  ChecksFile read() {
    const auto& root = document_.root;
    if (!root.is(Kind::mapping)) {
      fault(root, "", "a checks file is a map with a list of 'checks'");
      finish();
    }
    keys(root, "", {"defaults", "vars", "checks"});
    if (const auto* defaults = map(root, "defaults", "")) {
      keys(*defaults, "defaults", {"timeout", "retry", "headers"});
      limits(*defaults, "defaults", default_);
      default_.question.headers = pairs(*defaults, "headers", "defaults");
    }
    if (root.find("vars") != nullptr)
      for (auto& [name, value] : pairs(root, "vars", "")) result_.vars[name] = value;
    for (const auto& [name, value] : result_.vars) known_.insert(name);
    if (const auto* checks = root.find("checks"); checks == nullptr || !checks->is(Kind::sequence))
      fault(checks == nullptr ? root : *checks, "checks", "'checks' is missing or no list");
    else if (checks->items().empty()) fault(*checks, "checks", "there is no check in it: nothing would be tested");
    else
      for (std::size_t i = 0; i < checks->items().size(); ++i) check(checks->items()[i], fmt::format("checks[{}]", i));
    finish();
    return std::move(result_);
  }

 private:
  void fault(const Value& at, const std::string& path, std::string message, std::string suggestion = {}) {
    const auto& mark = at.mark();
    findings_.push_back({.file = file_,
                         .line = mark.line,
                         .column = mark.column,
                         .message = std::move(message),
                         .suggestion = std::move(suggestion),
                         .path = path,
                         .source_line = data::source_line(document_.source, mark.line)});
  }

  void finish() {
    if (findings_.empty()) return;
    std::ranges::stable_sort(findings_, {}, &Diagnostic::line);
    const auto count = findings_.size();
    throw Error(failure::bad_input, fmt::format("{} error{} in {}", count, count == 1 ? "" : "s", file_),
                std::move(findings_));
  }

  void keys(const Value& value, const std::string& path, std::initializer_list<const char*> known) {
    const std::vector<std::string> names(known.begin(), known.end());
    for (const auto& member : value.members()) {
      if (std::ranges::find(names, member.key) != names.end()) continue;
      Value at;
      at.set_mark(member.key_mark);
      fault(at, path, fmt::format("unknown key '{}'{}", member.key, path.empty() ? "" : " in " + path),
            text::nearest(member.key, names).value_or(""));
    }
  }

  const Value* map(const Value& parent, const char* key, const std::string& path) {
    const auto* value = parent.find(key);
    if (value == nullptr || value->is(Kind::mapping)) return value;
    fault(*value, path, fmt::format("'{}' is a map, not {}", key, data::name_of(value->kind())));
    return nullptr;
  }

  std::optional<std::string> text_at(const Value& parent, const char* key, const std::string& path) {
    const auto* value = parent.find(key);
    if (value == nullptr) return std::nullopt;
    if (value->is_scalar() && !value->is(Kind::null)) return value->text();
    fault(*value, path, fmt::format("'{}' is text, not {}", key, data::name_of(value->kind())));
    return std::nullopt;
  }

  std::optional<int> number(const Value& value, const char* what, int low, int high, const std::string& path) {
    if (value.is(Kind::integer) && value.as_integer() >= low && value.as_integer() <= high)
      return static_cast<int>(value.as_integer());
    fault(value, path, fmt::format("'{}' is a number from {} to {}", what, low, high));
    return std::nullopt;
  }

  void duration(const Value& parent, const char* key, const std::string& path, std::chrono::milliseconds& into) {
    const auto text = text_at(parent, key, path);
    if (!text) return;
    if (const auto parsed = text::parse_duration(*text)) into = *parsed;
    else fault(*parent.find(key), path, fmt::format("'{}' is a duration such as 500ms or 10s, not '{}'", key, *text));
  }

  Pairs pairs(const Value& parent, const char* key, const std::string& path) {
    Pairs out;
    if (const auto* value = map(parent, key, path))
      for (const auto& member : value->members()) {
        if (member.value.is_scalar()) out.emplace_back(member.key, member.value.text());
        else
          fault(member.value, path + "." + key,
                fmt::format("'{}' is text, not {}", member.key, data::name_of(member.value.kind())));
      }
    return out;
  }

  std::vector<int> statuses(const Value& value, const char* key, const std::string& path) {
    std::vector<int> out;
    const auto one = [&](const Value& item) {
      if (const auto status = number(item, key, 100, 599, path)) out.push_back(*status);
    };
    if (value.is(Kind::sequence)) std::ranges::for_each(value.items(), one);
    else one(value);
    return out;
  }

  void limits(const Value& value, const std::string& path, Check& into) {
    duration(value, "timeout", path, into.timeout);
    if (const auto* retry = map(value, "retry", path)) {
      const auto below = path + ".retry";
      // A bare `on` is the boolean true in YAML 1.1, and our reader's key then says so.
      keys(*retry, below, {"for", "every", "on", "true"});
      duration(*retry, "for", below, into.retry.lasts);
      duration(*retry, "every", below, into.retry.every);
      if (const auto* on = retry->find(retry->find("on") != nullptr ? "on" : "true"))
        for (const int status : statuses(*on, "on", below)) into.retry.statuses.push_back(status);
    }
  }

  void request(const Value& value, const std::string& path, Question& into) {
    keys(value, path, {"method", "path", "query", "headers", "body", "json", "form"});
    if (const auto method = text_at(value, "method", path)) {
      into.method = *method;
      if (method->empty() || !std::ranges::all_of(*method, [](char c) { return c >= 'A' && c <= 'Z'; }))
        fault(*value.find("method"), path, fmt::format("'{}' is no method; methods are in capitals", *method));
    }
    if (const auto target = text_at(value, "path", path)) {
      into.path = *target;
      if (!target->starts_with('/'))
        fault(*value.find("path"), path, fmt::format("path '{}' does not begin with a slash", *target));
    } else if (value.find("path") == nullptr) {
      fault(value, path, "'path' is missing");
    }
    into.query = pairs(value, "query", path);
    for (auto& header : pairs(value, "headers", path)) {
      std::erase_if(into.headers, [&](const auto& h) { return text::lower(h.first) == text::lower(header.first); });
      into.headers.push_back(std::move(header));
    }
    into.body = text_at(value, "body", path);
    if (const auto* json = value.find("json")) into.json = nlohmann::json::parse(data::to_json(*json));
    if (value.find("form") != nullptr) into.form = pairs(value, "form", path);
    if (int{into.body.has_value()} + int{into.json.has_value()} + int{into.form.has_value()} > 1)
      fault(value, path, "only one of 'body', 'json' and 'form' can be sent");
  }

  void pattern(const Value& at, const std::string& path, std::string_view expected) {
    if (const auto expression = expression_of(expected))
      if (const auto wrong = Pattern::fault(*expression)) fault(at, path, fmt::format("malformed pattern: {}", *wrong));
  }
  void patterns(const Value& value, const std::string& path) {
    if (value.is(Kind::string)) pattern(value, path, value.text());
    for (const auto& item : value.items()) patterns(item, path);
    for (const auto& member : value.members()) patterns(member.value, path);
  }

  void expect(const Value& value, const std::string& path, Expectation& into) {
    keys(value, path, {"status", "headers", "json", "body", "not_body", "max_ms"});
    if (const auto* status = value.find("status")) into.statuses = statuses(*status, "status", path);
    into.headers = pairs(value, "headers", path);
    if (const auto* headers = value.find("headers")) patterns(*headers, path);
    if (const auto* json = value.find("json")) {
      into.json = nlohmann::json::parse(data::to_json(*json));
      patterns(*json, path + ".json");
    }
    for (const auto& [key, target] : {std::pair{"body", &into.body}, std::pair{"not_body", &into.not_body}})
      if (*target = text_at(value, key, path); *target) pattern(*value.find(key), path, **target);
    if (const auto* most = value.find("max_ms"))
      if (const auto ms = number(*most, "max_ms", 1, 3'600'000, path)) into.within = std::chrono::milliseconds{*ms};
  }

  /// Variables can come from `vars` and from checks further up, and from nowhere else.
  void variables(const Value& value, const std::string& path) {
    if (value.is(Kind::string)) {
      std::vector<std::string> missing;
      Vars all;
      for (const auto& name : known_) all[name] = "";
      static_cast<void>(expand(value.text(), all, missing));
      for (const auto& name : missing) {
        const std::vector<std::string> names(known_.begin(), known_.end());
        fault(value, path, fmt::format("nothing above defines '{}'", name), text::nearest(name, names).value_or(""));
      }
    }
    for (const auto& item : value.items()) variables(item, path);
    for (const auto& member : value.members()) variables(member.value, path);
  }

  void check(const Value& value, const std::string& path) {
    if (!value.is(Kind::mapping)) return fault(value, path, "a check is a map with 'name', 'request' and 'expect'");
    Check made = default_;
    made.has_vars = true;
    made.origin = fmt::format("{}:{}", file_, value.mark().line);
    keys(value, path, {"name", "request", "expect", "save", "retry", "timeout"});
    if (auto name = text_at(value, "name", path)) made.name = std::move(*name);
    else if (value.find("name") == nullptr) fault(value, path, "the check has no 'name'");
    limits(value, path, made);
    if (const auto* asked = map(value, "request", path)) {
      request(*asked, path + ".request", made.question);
      variables(*asked, path + ".request");
    } else if (value.find("request") == nullptr) {
      fault(value, path, "the check has no 'request'");
    }
    made.expect.statuses = {200};
    if (const auto* wanted = map(value, "expect", path)) {
      expect(*wanted, path + ".expect", made.expect);
      variables(*wanted, path + ".expect");
    }
    made.save = pairs(value, "save", path);
    for (const auto& [name, source] : made.save) known_.insert(name);
    result_.checks.push_back(std::move(made));
  }

  data::YamlDocument document_;
  std::string file_;
  std::vector<Diagnostic> findings_;
  std::set<std::string> known_;
  Check default_;
  ChecksFile result_;
};

}  // namespace

ChecksFile parse_checks(std::string_view yaml, const std::string& file) { return Reader(yaml, file).read(); }

}  // namespace slipway::pipeline_test
