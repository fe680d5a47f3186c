// SPDX-License-Identifier: Apache-2.0
#include "answers.hpp"

#include "core/text.hpp"
#include "data/yaml.hpp"
#include "render.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

namespace slipway::config_get {

namespace {

using data::Value;

/// The members that every document begins with.
std::string opening(std::string_view kind, const config::Bundle& bundle) {
  return fmt::format(R"({{"schema":"config-get/v1","kind":"{}","registry":{},"commit":"{}","service":{},)"
                     R"("environment":{},"release":{})",
                     kind, json_string(bundle.registry), bundle.commit, json_string(bundle.service),
                     json_string(bundle.environment), json_string(bundle.release));
}

std::string joined(const std::vector<std::string>& parts) { return text::join(parts, ","); }

std::string layer_name(const config::Layer& layer) {
  return layer.real_path == layer.path ? layer.path : fmt::format("{} -> {}", layer.path, layer.real_path);
}

/// Who wrote the line; null when that was not asked, or cannot be known.
const git::Commit* writer(const config::Statement& said, const Blame& blame) {
  if (said.layer->origin != config::Origin::file) return nullptr;
  const auto found = blame.find({said.layer->real_path, said.value->mark().line});
  return found == blame.end() ? nullptr : &found->second;
}

std::string shown_statement(const config::Statement& said, const Mask& mask) {
  return mask.hides(*said.layer) ? std::string(masked_text) : shown(*said.value);
}

/// A statement's members of a JSON object, without its braces.
std::string statement_json(const config::Statement& said, const Mask& mask, const Blame& blame) {
  const auto& mark = said.value->mark();
  auto out = fmt::format(R"("value":{},"origin":"{}","file":{})",
                         mask.hides(*said.layer) ? json_string(masked_text) : data::to_json(*said.value),
                         name_of(said.layer->origin), json_string(said.layer->real_path));
  if (mask.hides(*said.layer)) out += R"(,"secret":true)";
  if (said.layer->path != said.layer->real_path) out += fmt::format(R"(,"link":{})", json_string(said.layer->path));
  if (mark.line != 0) out += fmt::format(R"(,"line":{},"column":{})", mark.line, mark.column);
  if (!said.layer->id.empty()) out += fmt::format(R"(,"id":"{}")", said.layer->id);
  if (!said.direct) out += R"(,"direct":false)";
  if (const auto* commit = writer(said, blame))
    out += fmt::format(R"(,"commit":"{}","author":{},"time":"{}","subject":{})", commit->id.hex(),
                       json_string(commit->author), text::rfc3339(commit->time), json_string(commit->subject));
  return out;
}

/// That it is a null would give a secret away as well.
std::optional<std::string> note(const Explanation& of, const config::Trace& trace,
                                std::optional<std::string> (Nulls::*form)(const config::Trace&) const) {
  const bool hidden = !trace.statements.empty() && of.mask.hides(*trace.statements.front().layer);
  return hidden ? std::nullopt : (of.nulls.*form)(trace);
}

std::string keys_json(const Explanation& of) {
  std::vector<std::string> keys;
  for (const auto& trace : of.traces) {
    auto key = fmt::format(R"({{"path":{})", json_string(config::show_path(trace.path)));
    if (trace.value == nullptr) key += R"(,"removed":true)";
    if (!trace.statements.empty()) key += "," + statement_json(trace.statements.front(), of.mask, of.blame);
    if (const auto null = note(of, trace, &Nulls::json)) key += R"(,"null":)" + *null;
    std::vector<std::string> beaten;
    for (std::size_t i = 1; i < trace.statements.size(); ++i)
      beaten.push_back("{" + statement_json(trace.statements[i], of.mask, of.blame) + "}");
    keys.push_back(key + fmt::format(R"(,"overrides":[{}]}})", joined(beaten)));
  }
  return joined(keys);
}

struct Row {
  std::string left;
  std::string right;
  std::string blame;
  std::string note;  ///< on a line of its own under it
};

std::string side(const config::Bundle& bundle) {
  return fmt::format("{} {} at {}", bundle.service, bundle.environment, bundle.commit);
}

}  // namespace

std::string json_string(std::string_view text) { return data::to_json(Value::of(std::string(text))); }

std::string explain_text(const Explanation& of) {
  const auto& bundle = of.bundle;
  std::vector<Row> rows;
  const auto add = [&](std::string left, const config::Statement& said) {
    // No commit covers what lies outside of git, or on the command line; its digest does.
    const auto origin = said.layer->origin;
    const bool committed = origin == config::Origin::file || origin == config::Origin::inline_map ||
                           (origin == config::Origin::set && !said.layer->path.starts_with("--"));
    Row row{std::move(left), config::place_of(said), {}, {}};
    if (committed) {
      const bool dirty = bundle.commit.ends_with("+dirty");
      row.right += "@" + bundle.commit.substr(0, 12) + (dirty ? "+dirty" : "");
    } else if (origin == config::Origin::external) {
      row.right += "@" + said.layer->id.substr(0, std::string_view("sha256:").size() + 12);
    }
    if (const auto* commit = writer(said, of.blame))
      row.blame = fmt::format("{} {} {}: {}", commit->id.brief(), text::rfc3339(commit->time).substr(0, 10),
                              text::printable(commit->author), text::printable(commit->subject));
    rows.push_back(std::move(row));
  };
  for (const auto& trace : of.traces) {
    const auto path = config::show_path(trace.path);
    if (trace.statements.empty()) {
      rows.push_back({fmt::format("{} = {}", path, shown(*trace.value)), "(no layer)", {}, {}});
      continue;
    }
    const bool hidden = of.mask.hides(*trace.statements.front().layer);
    add(trace.value == nullptr ? path + " is removed"
                               : fmt::format("{} = {}", path, hidden ? std::string(masked_text) : shown(*trace.value)),
        trace.statements.front());
    for (std::size_t i = 1; i < trace.statements.size(); ++i)
      add(fmt::format("    overrides {}", shown_statement(trace.statements[i], of.mask)), trace.statements[i]);
    rows.back().note = note(of, trace, &Nulls::note).value_or("");
  }
  constexpr std::size_t widest = 60;
  std::size_t width = 0;
  std::size_t place = 0;
  for (const auto& row : rows) {
    width = std::max(width, std::min(row.left.size(), widest));
    place = std::max(place, std::min(row.right.size(), widest));
  }
  std::string out;
  for (const auto& row : rows) {
    out += row.blame.empty() ? fmt::format("{:<{}}  {}\n", row.left, width, row.right)
                             : fmt::format("{:<{}}  {:<{}}  {}\n", row.left, width, row.right, place, row.blame);
    if (!row.note.empty()) out += fmt::format("    # {}\n", row.note);
  }
  for (const auto& layer : bundle.layers)
    if (!layer.present) out += fmt::format("# absent: {}\n", layer.path);
  return out;
}

std::string explain_json(const Explanation& of) {
  std::vector<std::string> absent;
  for (const auto& layer : of.bundle.layers)
    if (!layer.present) absent.push_back(json_string(layer.path));
  return fmt::format("{},\"keys\":[{}],\"absent\":[{}]}}\n", opening("explain", of.bundle), keys_json(of),
                     joined(absent));
}

std::string provenance_json(const Explanation& of) {
  return fmt::format("{},\"values-sha256\":\"{}\",\"values\":{},\"provenance\":[{}]}}\n",
                     opening("provenance", of.bundle), of.bundle.values_sha256, data::to_json(of.mask.masked()),
                     keys_json(of));
}

std::string change_lines(const Difference& difference, std::string_view indent) {
  std::string out;
  for (const auto& change : difference.changes) {
    const auto path = config::show_path(change.path);
    // A side that is no secret would still tell what the secret is, or was.
    const bool hidden = difference.mask_before.hides(change.path) || difference.mask_after.hides(change.path);
    const auto value = [&](const Value& one) { return hidden ? std::string(masked_text) : shown(one); };
    if (change.before == nullptr) out += fmt::format("{}+ {} = {}\n", indent, path, value(*change.after));
    else if (change.after == nullptr) out += fmt::format("{}- {} = {}\n", indent, path, value(*change.before));
    else out += fmt::format("{}~ {} = {} -> {}\n", indent, path, value(*change.before), value(*change.after));
  }
  return out;
}

std::string changes_json(const Difference& difference) {
  std::vector<std::string> list;
  for (const auto& change : difference.changes) {
    const bool hidden = difference.mask_before.hides(change.path) || difference.mask_after.hides(change.path);
    const auto value = [&](const Value& one) { return hidden ? json_string(masked_text) : data::to_json(one); };
    auto one = fmt::format(R"({{"path":{})", json_string(config::show_path(change.path)));
    if (change.before != nullptr) one += fmt::format(R"(,"before":{})", value(*change.before));
    if (change.after != nullptr) one += fmt::format(R"(,"after":{})", value(*change.after));
    if (hidden) one += R"(,"secret":true)";
    list.push_back(one + "}");
  }
  return fmt::format("[{}]", joined(list));
}

std::string diff_text(const Difference& difference) {
  if (difference.changes.empty()) return {};
  return fmt::format("--- {}\n+++ {}\n", side(difference.before), side(difference.after)) + change_lines(difference);
}

std::string diff_json(const Difference& difference) {
  const auto one_side = [](const config::Bundle& bundle) {
    return fmt::format(R"({{"environment":{},"commit":"{}","values-sha256":"{}"}})", json_string(bundle.environment),
                       bundle.commit, bundle.values_sha256);
  };
  const auto& after = difference.after;
  return fmt::format(R"({{"schema":"config-get/v1","kind":"diff","registry":{},"service":{},"release":{},)"
                     R"("before":{},"after":{},"changes":{}}})",
                     json_string(after.registry), json_string(after.service), json_string(after.release),
                     one_side(difference.before), one_side(after), changes_json(difference)) +
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
  for (const auto& name : names) list.push_back(json_string(name));
  return fmt::format(R"({{"schema":"config-get/v1","kind":"list","registry":{},"commit":"{}","{}":[{}]}})",
                     json_string(registry), commit, key, joined(list)) +
         "\n";
}

std::string values_json(const config::Bundle& bundle, const Mask& mask) {
  return fmt::format(R"({{"service":{},"environment":{},"release":{},"commit":"{}","values-sha256":"{}","values":{}}})",
                     json_string(bundle.service), json_string(bundle.environment), json_string(bundle.release),
                     bundle.commit, bundle.values_sha256, data::to_json(mask.masked()));
}

std::string all_values_json(std::string_view registry, std::string_view commit, const std::vector<std::string>& list) {
  return fmt::format(R"({{"schema":"config-get/v1","kind":"list","registry":{},"commit":"{}","values":[{}]}})",
                     json_string(registry), commit, joined(list)) +
         "\n";
}

std::string files_json(const config::Bundle& bundle) {
  std::vector<std::string> list;
  for (const auto& layer : bundle.layers) {
    auto one = fmt::format(R"({{"path":{},"origin":"{}","present":{})", json_string(layer.path), name_of(layer.origin),
                           layer.present);
    if (layer.real_path != layer.path) one += fmt::format(R"(,"real-path":{})", json_string(layer.real_path));
    if (!layer.id.empty()) one += fmt::format(R"(,"id":"{}")", layer.id);
    list.push_back(one + "}");
  }
  return fmt::format("{},\"files\":[{}]}}\n", opening("list", bundle), joined(list));
}

}  // namespace slipway::config_get
