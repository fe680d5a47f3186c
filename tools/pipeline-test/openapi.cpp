// SPDX-License-Identifier: Apache-2.0
#include "openapi.hpp"

#include "core/error.hpp"
#include "core/text.hpp"
#include "data/yaml.hpp"
#include "http/url.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace slipway::pipeline_test {

namespace {

using nlohmann::json;

constexpr std::array methods{"get", "head", "options", "post", "put", "patch", "delete"};
constexpr int deepest_reference = 16;

std::string text_of(const json& value) {
  if (value.is_string()) return value.get<std::string>();
  if (value.is_null()) return {};
  return value.dump();
}

std::string upper(std::string_view word) {
  std::string out(word);
  std::ranges::transform(out, out.begin(), [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c; });
  return out;
}

std::string pointer_part(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '~') out += "~0";
    else if (c == '/') out += "~1";
    else out += c;
  }
  return out;
}

class Reader {
 public:
  Reader(json document, std::string name, bool strict)
      : document_(std::move(document)), name_(std::move(name)), strict_(strict) {}

  SpecChecks read() {
    if (!document_.is_object() || (!document_.contains("openapi") && !document_.contains("swagger")))
      wrong("", "is no OpenAPI document: it names neither 'openapi' nor 'swagger'");
    const auto& paths = resolved(member(document_, "paths"));
    if (!paths.is_object()) wrong("/paths", "is missing");
    const auto base = base_path();
    for (const auto& [path, item] : paths.items()) {
      if (!path.starts_with('/')) continue;  // x- extensions
      for (const auto* method : methods)
        if (const auto& found = resolved(member(resolved(item), method)); found.is_object())
          operation(base + path, upper(method), found, fmt::format("/paths/{}/{}", pointer_part(path), method));
    }
    return std::move(result_);
  }

 private:
  [[noreturn]] void wrong(const std::string& at, const std::string& what) const {
    throw Error(failure::bad_input, fmt::format("{}{}{} {}", name_, at.empty() ? "" : " ", text::printable(at), what));
  }

  static const json& member(const json& object, const char* key) {
    static const json none;
    if (!object.is_object()) return none;
    const auto found = object.find(key);
    return found == object.end() ? none : *found;
  }

  /// References lead within the document only: what else they name would have to be fetched.
  const json& resolved(const json& value) const {
    const json* at = &value;
    for (int depth = 0; at->is_object() && at->contains("$ref") && (*at)["$ref"].is_string(); ++depth) {
      const auto reference = (*at)["$ref"].get<std::string>();
      if (!reference.starts_with('#')) wrong(reference, "is a reference out of the document");
      if (depth == deepest_reference) wrong(reference, "is a reference that leads in a circle");
      try {
        at = &document_.at(json::json_pointer(text::percent_decode(reference.substr(1)).value_or("")));
      } catch (const json::exception&) {
        wrong(reference, "is a reference to nothing");
      }
    }
    return *at;
  }

  std::string base_path() const {
    std::string base = text_of(member(document_, "basePath"));
    if (const auto& servers = member(document_, "servers"); servers.is_array() && !servers.empty()) {
      base = text_of(member(servers[0], "url"));
      // Where the service runs is for us to know; of an absolute URL only its path counts.
      if (const auto url = http::Url::parse(base)) base = url->path;
    }
    while (base.ends_with('/')) base.pop_back();
    return base.empty() || base.starts_with('/') ? base : "/" + base;
  }

  Vars defaults(const char* key) const {
    Vars out;
    const auto& given = resolved(member(document_, key));
    if (given.is_object())
      for (const auto& [name, value] : given.items()) out[name] = text_of(value);
    return out;
  }

  void operation(const std::string& path, const std::string& method, const json& operation, const std::string& at) {
    if (const auto& monitor = member(operation, "x-monitor"); monitor.is_boolean() && !monitor.get<bool>()) return;
    const auto& examples = resolved(member(operation, "x-amples"));
    if (examples.is_null()) {
      if (method == "GET") example(path, method, json::object(), at, "answers");
      return;
    }
    if (!examples.is_array()) wrong(at + "/x-amples", "is no list");
    const bool changes = method == "PUT" || method == "PATCH" || method == "DELETE";
    if (const auto& safe = member(operation, "x-safe"); changes && !(safe.is_boolean() && safe.get<bool>())) {
      result_.skipped.push_back(fmt::format("{} {}: it changes things, and is not marked x-safe: true", method, path));
      return;
    }
    for (std::size_t i = 0; i < examples.size(); ++i) {
      const auto here = fmt::format("{}/x-amples/{}", at, i);
      const auto& one = resolved(examples[i]);
      if (!one.is_object()) wrong(here, "is no map");
      const auto title = text_of(member(one, "title"));
      example(path, method, one, here, title.empty() ? fmt::format("example {}", i + 1) : title);
    }
  }

  void example(const std::string& path, const std::string& method, const json& given, const std::string& at,
               const std::string& title) {
    const auto& request = resolved(member(given, "request"));
    Check check;
    check.name = text::printable(fmt::format("{} {}: {}", method, path, title));
    check.origin = fmt::format("{} {}", name_, at);
    auto& question = check.question;
    question.method = method;
    auto params = defaults("x-default-params");
    merge(params, resolved(member(request, "params")));
    question.path = fill_template(path, params);
    auto query = defaults("x-default-query");
    merge(query, resolved(member(request, "query")));
    for (auto& [name, value] : query) question.query.emplace_back(name, value);
    Vars headers;
    merge(headers, resolved(member(request, "headers")));
    std::string type;
    for (auto& [name, value] : headers) {
      if (text::lower(name) == "content-type") type = text::lower(value);
      question.headers.emplace_back(name, value);
    }
    body(resolved(member(request, "body")), type, question);
    answer(resolved(member(given, "response")), at, check.expect);
    result_.checks.push_back(std::move(check));
  }

  static void merge(Vars& into, const json& more) {
    if (more.is_object())
      for (const auto& [name, value] : more.items()) into[name] = text_of(value);
  }

  static void body(const json& given, const std::string& type, Question& into) {
    if (given.is_null()) return;
    if (type.starts_with("application/json") || type.starts_with("application/octet-stream") || !given.is_object()) {
      into.body = given.is_string() ? given.get<std::string>() : given.dump();
      return;
    }
    Pairs form;
    for (const auto& [name, value] : given.items()) form.emplace_back(name, text_of(value));
    into.form = std::move(form);
  }

  void answer(const json& given, const std::string& at, Expectation& into) const {
    const auto rule = strict_ ? TextRule::equal : TextRule::prefix;
    into.header_rule = into.json_rule = into.body_rule = rule;
    into.statuses = {200};
    if (const auto& status = member(given, "status"); status.is_number_integer()) into.statuses = {status.get<int>()};
    else if (!status.is_null()) wrong(at + "/response/status", "is no number");
    Vars headers;
    merge(headers, resolved(member(given, "headers")));
    for (auto& [name, value] : headers) {
      valid_patterns(value, at + "/response/headers/" + name);
      into.headers.emplace_back(name, value);
    }
    const auto& body = resolved(member(given, "body"));
    valid_patterns(body, at + "/response/body");
    if (body.is_string()) into.body = body.get<std::string>();
    else if (!body.is_null()) into.json = body;
  }

  void valid_patterns(const json& value, const std::string& at) const {
    if (value.is_string()) {
      if (const auto expression = expression_of(value.get_ref<const std::string&>()))
        if (const auto fault = Pattern::fault(*expression)) wrong(at, "is a malformed pattern: " + *fault);
    } else if (value.is_structured()) {
      for (const auto& [key, below] : value.items()) valid_patterns(below, at + "/" + pointer_part(key));
    }
  }

  json document_;
  std::string name_;
  bool strict_;
  SpecChecks result_;
};

}  // namespace

std::string fill_template(std::string_view pattern, const Vars& params) {
  std::string out;
  while (!pattern.empty()) {
    const auto open = pattern.find('{');
    const auto close = open == std::string_view::npos ? open : pattern.find('}', open);
    out += pattern.substr(0, close == std::string_view::npos ? pattern.size() : open);
    if (close == std::string_view::npos) break;
    auto name = pattern.substr(open + 1, close - open - 1);
    const char kind = name.empty() ? '\0' : name.front();
    if (kind == '/' || kind == '+') name.remove_prefix(1);
    const auto found = params.find(std::string(name));
    const auto value = found == params.end() ? std::string() : found->second;
    if (kind == '+') out += value;
    else if (kind == '/') out += value.empty() ? "" : "/" + http::percent_encode(value);
    else out += http::percent_encode(value);
    pattern.remove_prefix(close + 1);
  }
  return out;
}

SpecChecks parse_spec(std::string_view text, const std::string& name, bool strict) {
  auto document = json::parse(text, nullptr, false);
  if (document.is_discarded()) document = json::parse(data::to_json(data::parse_yaml(text, name).root));
  return Reader(std::move(document), name, strict).read();
}

}  // namespace slipway::pipeline_test
