// SPDX-License-Identifier: Apache-2.0
#include "support/configurations.hpp"

#include "core/error.hpp"
#include "support/planned.hpp"

#include <algorithm>

namespace slipway::testing {

using nlohmann::json;

std::string shown(const KeyPath& path) {
  std::string out;
  for (const auto& step : path) out += (out.empty() || step == "[]" ? "" : ".") + step;
  return out;
}

namespace {

bool takes_text(const json& node) {
  if (node.contains("enum") || node.contains("const")) return true;
  const auto type = node.value("type", json());
  const auto is_string = [](const json& t) { return t == "string"; };
  return type.is_array() ? std::ranges::any_of(type, is_string) : is_string(type);
}

void find_keys(const json& schema, json node, const KeyPath& path, std::set<KeyPath>& out) {
  while (node.contains("$ref")) node = schema.at(json::json_pointer(node.at("$ref").get<std::string>().substr(1)));
  const auto below = [&](const std::string& step) {
    auto longer = path;
    longer.push_back(step);
    return longer;
  };
  if (takes_text(node)) out.insert(path);
  for (const auto& word : {"anyOf", "allOf", "oneOf"}) {
    const auto parts = node.value(word, json::array());
    for (const auto& part : parts) find_keys(schema, part, path, out);
  }
  const auto properties = node.value("properties", json::object());
  for (const auto& [key, part] : properties.items()) find_keys(schema, part, below(key), out);
  const auto patterns = node.value("patternProperties", json::object());
  for (const auto& [pattern, part] : patterns.items()) {
    if (pattern == "^x-") continue;
    out.insert(below("~"));
    find_keys(schema, part, below("*"), out);
  }
  if (node.contains("items")) find_keys(schema, node.at("items"), below("[]"), out);
}

const char* const features[] = {
    R"({"base": "debian:12", "arguments": {"ARGUMENT": "a"}, "entrypoint": ["program", "argument"],
        "lives": {"in": "/srv/x", "as": "owner"}, "runs": {"in": "/srv/y", "as": "runner", "environment": {"NAME": "value"}}})",
    R"({"base": "debian", "apt": {"packages": ["aa", "bb=1.0"], "proxies": ["http://proxy:8080"],
        "sources": [{"url": "http://deb.example/d", "distribution": "stable", "components": ["main"], "signed-by": "key"}]}})",
    R"({"base": "debian", "apt": {"packages": {"stable": ["cc"]}, "proxies": [{"url": "http://proxy", "source": "https://deb.example"}]}})",
    R"({"base": "debian", "node": {"env": "production", "requirements": ["package.json", {"from": "b", "source": "x", "destination": "y", "exclude": ["z"]}]}})",
    R"({"base": "debian", "php": {"requirements": ["composer.json", {"from": "b", "source": "x", "destination": "y/", "exclude": ["z"]}]}})",
    R"({"base": "debian", "python": {"version": "python3", "venv": "/opt/venv", "pip-version": "1", "setuptools-version": "2",
        "wheel-version": "3", "tox-version": "4", "requirements": ["r.txt", {"from": "local", "source": "x", "destination": "y", "exclude": ["*"]}]}})",
    R"({"base": "debian", "python": {"version": "python3", "requirements": ["r.txt"], "poetry": {"version": "1.5", "only": "main"}}})",
    R"({"base": "debian", "python": {"version": "python3", "requirements": ["r.txt"], "poetry": {"version": "1.5", "without": "dev"}}})",
    R"({"base": "debian", "python": {"version": "python3", "requirements": ["r.txt"], "uv": {"version": "0.5", "only": "main"}}})",
    R"({"base": "debian", "python": {"version": "python3", "requirements": ["r.txt"], "uv": {"version": "0.5", "without": "dev"}}})",
    R"({"base": "debian", "builder": {"command": "make", "requirements": ["a", {"from": "b", "source": "c", "destination": "d", "exclude": ["e"]}],
        "mounts": ["b", {"from": "b", "source": "/m", "destination": "/n"}], "caches": ["/c", {"destination": "/d", "id": "e", "access": "locked"}]}})",
    R"({"base": "debian", "builder": {"command": ["make", "all"], "caches": ["/c"]}})",
    R"({"base": "debian", "builder": {"command": ["make", "all"]}})",
    R"({"base": "debian", "builder": {"script": "make\n", "mounts": [{"from": "local", "source": "m", "destination": "n"}]}})",
    R"({"base": "debian", "builders": [
        {"custom": {"command": ["make", "all"], "requirements": ["a", {"from": "b", "source": "c", "destination": "d", "exclude": ["e"]}],
          "mounts": ["b", {"from": "b", "source": "/m", "destination": "/n"}], "caches": ["/c", {"destination": "/d", "id": "e", "access": "private"}]}},
        {"custom": {"script": "make\n"}}, {"custom": {"command": "make"}},
        {"node": {"env": "test", "requirements": ["package.json", {"from": "b", "source": "c", "destination": "d", "exclude": ["e"]}]}},
        {"php": {"requirements": ["composer.json", {"from": "b", "source": "c", "destination": "d", "exclude": ["e"]}]}},
        {"python": {"version": "python3", "venv": "/opt/venv", "pip-version": "1", "setuptools-version": "2", "wheel-version": "3",
          "tox-version": "4", "requirements": ["r.txt", {"from": "b", "source": "c", "destination": "d", "exclude": ["e"]}]}}]})",
    R"({"base": "debian", "builders": [{"python": {"version": "python3", "requirements": ["r.txt"], "poetry": {"version": "1.5", "only": "main"}}}]})",
    R"({"base": "debian", "builders": [{"python": {"version": "python3", "requirements": ["r.txt"], "poetry": {"version": "1.5", "without": "dev"}}}]})",
    R"({"base": "debian", "builders": [{"python": {"version": "python3", "requirements": ["r.txt"], "uv": {"version": "0.5", "only": "main"}}}]})",
    R"({"base": "debian", "builders": [{"python": {"version": "python3", "requirements": ["r.txt"], "uv": {"version": "0.5", "without": "dev"}}}]})",
};

/// What only a variant has.
const char* const copies[] = {
    R"(["b", "local"])",
    R"([{"from": "b", "source": "/x", "destination": "/y", "exclude": ["z"]}, {"from": "local", "source": "q", "destination": "r"}])",
};

/// The places of a document that the path means.
void find_places(const json& node, const KeyPath& path, std::size_t step, const json::json_pointer& at,
                 std::vector<std::pair<json::json_pointer, bool>>& out) {
  if (step == path.size()) {
    if (!node.is_object() && !node.is_array()) out.emplace_back(at, false);
    return;
  }
  if (path[step] == "[]") {
    if (!node.is_array()) return;
    for (std::size_t i = 0; i < node.size(); ++i) find_places(node[i], path, step + 1, at / i, out);
  } else if (node.is_object()) {
    for (const auto& [key, value] : node.items()) {
      if (path[step] == "~") out.emplace_back(at / key, true);
      else if (path[step] == "*" || path[step] == key) find_places(value, path, step + 1, at / key, out);
    }
  }
}

}  // namespace

std::set<KeyPath> text_keys() {
  std::set<KeyPath> out;
  const auto schema = json::parse(blubber::schema());
  find_keys(schema, schema, {}, out);
  return out;
}

std::vector<json> configurations() {
  std::vector<json> out;
  const auto other = json{{"base", "debian"}, {"lives", {{"in", "/srv/b"}}}};
  for (const auto* text : features) {
    const auto feature = json::parse(text);
    // What all variants inherit cannot come from one of them.
    auto elsewhere = std::string(text);
    for (auto at = elsewhere.find("\"b\""); at != std::string::npos; at = elsewhere.find("\"b\"", at))
      elsewhere.replace(at, 3, "\"busybox\"");
    auto at_top = json::parse(elsewhere);
    at_top["version"] = "v4";
    at_top["variants"] = {{"a", json::object()}, {"b", json::object()}};
    out.push_back(at_top);
    out.push_back({{"version", "v4"}, {"variants", {{"a", feature}, {"b", other}}}});
  }
  for (const auto* text : copies)
    out.push_back(
        {{"version", "v4"}, {"variants", {{"a", {{"includes", {"b"}}, {"copies", json::parse(text)}}}, {"b", other}}}});
  // Without a base.
  out.push_back({{"version", "v4"},
                 {"variants", {{"a", {{"copies", json::parse(copies[1])}, {"entrypoint", {"x"}}}}, {"b", other}}}});
  return out;
}

/// JSON is YAML but for DEL, which may not stand in one as it is.
std::string as_yaml(const json& document) {
  auto text = document.dump();
  std::string out;
  for (const char c : text) {
    if (c == '\x7f') out += "\\x7f";
    else out += c;
  }
  return out;
}

std::string Place::text() const { return is_name ? at.back() : document.at(at).get<std::string>(); }

std::pair<std::string, std::string> Place::with(const std::string& text) const {
  auto changed = document;
  std::string variant = "a";
  if (is_name) {
    auto& parent = changed.at(at.parent_pointer());
    auto value = parent.at(at.back());
    parent.erase(at.back());
    parent[text] = std::move(value);
    if (at.to_string() == "/variants/a") variant = text;
  } else {
    changed.at(at) = text;
  }
  return {as_yaml(changed), variant};
}

std::vector<Place> places_of(const KeyPath& path) {
  std::vector<Place> out;
  for (const auto& document : configurations()) {
    std::vector<std::pair<json::json_pointer, bool>> found;
    find_places(document, path, 0, json::json_pointer(), found);
    for (auto& [at, is_name] : found) out.push_back({document, at, is_name});
  }
  return out;
}

namespace {

bool is_clean(std::string_view text) {
  return std::ranges::none_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == '\x7f'; });
}

}  // namespace

Outcome generate(std::string_view yaml, const std::string& variant, blubber::Target target) {
  Outcome out;
  const auto look_at = [&](const std::vector<Diagnostic>& findings, bool has_path) {
    for (const auto& f : findings) {
      if (f.line < 1 || f.column < 1) out.wrong = "a finding without a place: " + f.message;
      else if (f.path.empty() && has_path && f.code.empty() && !f.message.starts_with("the configuration ")) out.wrong = "a finding without a path: " + f.message;
      else if (!is_clean(f.message) || !is_clean(f.path))
        out.wrong = "a finding that holds control characters: " + json(f.message + " " + f.path).dump();
      else if (f.message.size() > 2'000) out.wrong = "a finding as long as the value: " + f.message.substr(0, 100);
    }
  };
  try {
    out.dockerfile = blubber::dockerfile(yaml, "f.yaml", variant, {.version = "1", .target = target});
    look_at(out.dockerfile->warnings, true);
    if (out.wrong.empty()) out.wrong = difference(out.dockerfile->planned, out.dockerfile->text).value_or("");
  } catch (const Error& error) {
    if (error.code() != ExitCode::data) out.wrong = "the wrong status: " + error.message();
    else if (error.findings().empty()) out.wrong = "no finding: " + error.message();
    // What is no YAML has no keys.
    look_at(error.findings(), error.message().find("is not valid YAML") == std::string::npos);
  }
  return out;
}

}  // namespace slipway::testing
