// SPDX-License-Identifier: Apache-2.0
#include "answers.hpp"

#include "core/text.hpp"
#include "data/yaml.hpp"
#include "render.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace slipway::config_get {

namespace {

using data::Value;

std::string quoted(std::string_view text) { return data::to_json(Value::of(std::string(text))); }

/// The members that every document begins with.
std::string opening(std::string_view kind, const config::Bundle& bundle) {
  return fmt::format(R"({{"schema":"config-get/v1","kind":"{}","registry":{},"commit":"{}","service":{},)"
                     R"("environment":{},"release":{})",
                     kind, quoted(bundle.registry), bundle.commit, quoted(bundle.service), quoted(bundle.environment),
                     quoted(bundle.release));
}

std::string joined(const std::vector<std::string>& parts) { return text::join(parts, ","); }

std::string layer_name(const config::Layer& layer) {
  return layer.real_path == layer.path ? layer.path : fmt::format("{} -> {}", layer.path, layer.real_path);
}

/// A statement's members of a JSON object, without its braces.
std::string statement_json(const config::Statement& said) {
  const auto& mark = said.value->mark();
  auto out = fmt::format(R"("value":{},"origin":"{}","file":{})", data::to_json(*said.value),
                         name_of(said.layer->origin), quoted(said.layer->real_path));
  if (said.layer->path != said.layer->real_path) out += fmt::format(R"(,"link":{})", quoted(said.layer->path));
  if (mark.line != 0) out += fmt::format(R"(,"line":{},"column":{})", mark.line, mark.column);
  if (!said.layer->id.empty()) out += fmt::format(R"(,"id":"{}")", said.layer->id);
  if (!said.direct) out += R"(,"direct":false)";
  return out;
}

struct Row {
  std::string left;
  std::string right;
};

std::string side(const config::Bundle& bundle) {
  return fmt::format("{} {} at {}", bundle.service, bundle.environment, bundle.commit);
}

}  // namespace

std::string explain_text(const config::Bundle& bundle, const std::vector<config::Trace>& traces) {
  std::vector<Row> rows;
  // No commit covers what lies outside of git; the digest in the JSON form does.
  const auto place = [&](const config::Statement& said) {
    return config::place_of(said) +
           (said.layer->origin == config::Origin::external ? std::string() : "@" + bundle.commit.substr(0, 12));
  };
  for (const auto& trace : traces) {
    rows.push_back({fmt::format("{} = {}", config::show_path(trace.path), shown(*trace.value)),
                    trace.statements.empty() ? "(no layer)" : place(trace.statements.front())});
    for (std::size_t i = 1; i < trace.statements.size(); ++i)
      rows.push_back({fmt::format("    overrides {}", shown(*trace.statements[i].value)), place(trace.statements[i])});
  }
  constexpr std::size_t widest = 60;
  std::size_t width = 0;
  for (const auto& row : rows) width = std::max(width, std::min(row.left.size(), widest));
  std::string out;
  for (const auto& row : rows) out += fmt::format("{:<{}}  {}\n", row.left, width, row.right);
  for (const auto& layer : bundle.layers)
    if (!layer.present) out += fmt::format("# absent: {}\n", layer.path);
  return out;
}

std::string explain_json(const config::Bundle& bundle, const std::vector<config::Trace>& traces) {
  std::vector<std::string> keys;
  for (const auto& trace : traces) {
    auto key = fmt::format(R"({{"path":{})", quoted(config::show_path(trace.path)));
    if (!trace.statements.empty()) key += "," + statement_json(trace.statements.front());
    std::vector<std::string> beaten;
    for (std::size_t i = 1; i < trace.statements.size(); ++i)
      beaten.push_back("{" + statement_json(trace.statements[i]) + "}");
    keys.push_back(key + fmt::format(R"(,"overrides":[{}]}})", joined(beaten)));
  }
  std::vector<std::string> absent;
  for (const auto& layer : bundle.layers)
    if (!layer.present) absent.push_back(quoted(layer.path));
  return fmt::format("{},\"keys\":[{}],\"absent\":[{}]}}\n", opening("explain", bundle), joined(keys), joined(absent));
}

std::string diff_text(const config::Bundle& before, const config::Bundle& after,
                      const std::vector<config::Change>& changes) {
  if (changes.empty()) return {};
  auto out = fmt::format("--- {}\n+++ {}\n", side(before), side(after));
  for (const auto& change : changes) {
    const auto path = config::show_path(change.path);
    if (change.before == nullptr) out += fmt::format("+ {} = {}\n", path, shown(*change.after));
    else if (change.after == nullptr) out += fmt::format("- {} = {}\n", path, shown(*change.before));
    else out += fmt::format("~ {} = {} -> {}\n", path, shown(*change.before), shown(*change.after));
  }
  return out;
}

std::string diff_json(const config::Bundle& before, const config::Bundle& after,
                      const std::vector<config::Change>& changes) {
  const auto one_side = [](const config::Bundle& bundle) {
    return fmt::format(R"({{"environment":{},"commit":"{}","values-sha256":"{}"}})", quoted(bundle.environment),
                       bundle.commit, bundle.values_sha256);
  };
  std::vector<std::string> list;
  for (const auto& change : changes) {
    auto one = fmt::format(R"({{"path":{})", quoted(config::show_path(change.path)));
    if (change.before != nullptr) one += fmt::format(R"(,"before":{})", data::to_json(*change.before));
    if (change.after != nullptr) one += fmt::format(R"(,"after":{})", data::to_json(*change.after));
    list.push_back(one + "}");
  }
  return fmt::format(R"({{"schema":"config-get/v1","kind":"diff","registry":{},"service":{},"release":{},)"
                     R"("before":{},"after":{},"changes":[{}]}})",
                     quoted(after.registry), quoted(after.service), quoted(after.release), one_side(before),
                     one_side(after), joined(list)) +
         "\n";
}

std::string files_text(const config::Bundle& bundle) {
  std::string out;
  for (const auto& layer : bundle.layers) {
    const auto note =
        layer.origin == config::Origin::file ? std::string() : fmt::format(" ({})", name_of(layer.origin));
    out += fmt::format("{:<8} {}{}\n", layer.present ? "present" : "absent", layer_name(layer), note);
  }
  return out;
}

std::string names_json(std::string_view registry, std::string_view commit, std::string_view key,
                       const std::vector<std::string>& names) {
  std::vector<std::string> list;
  list.reserve(names.size());
  for (const auto& name : names) list.push_back(quoted(name));
  return fmt::format(R"({{"schema":"config-get/v1","kind":"list","registry":{},"commit":"{}","{}":[{}]}})",
                     quoted(registry), commit, key, joined(list)) +
         "\n";
}

std::string files_json(const config::Bundle& bundle) {
  std::vector<std::string> list;
  for (const auto& layer : bundle.layers) {
    auto one = fmt::format(R"({{"path":{},"origin":"{}","present":{})", quoted(layer.path), name_of(layer.origin),
                           layer.present);
    if (layer.real_path != layer.path) one += fmt::format(R"(,"real-path":{})", quoted(layer.real_path));
    if (!layer.id.empty()) one += fmt::format(R"(,"id":"{}")", layer.id);
    list.push_back(one + "}");
  }
  return fmt::format("{},\"files\":[{}]}}\n", opening("list", bundle), joined(list));
}

}  // namespace slipway::config_get
