// SPDX-License-Identifier: Apache-2.0
#include "workloads.hpp"

#include "core/error.hpp"
#include "core/fs.hpp"
#include "core/text.hpp"
#include "data/yaml.hpp"
#include "kube/fields.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <filesystem>

namespace slipway::rollout {

using nlohmann::json;

namespace {

const std::vector<std::string>& known_types() {
  static const std::vector<std::string> types{
      "deployment", "deploy", "deployments", "statefulset",           "sts", "daemonset", "ds", "job",
      "replicaset", "rs",     "pod",         "replicationcontroller", "rc"};
  return types;
}

bool letter_or_digit(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'); }

/// A custom resource's type is the cluster's to know; what is nearly a built-in one is a slip of the finger.
bool nearly_built_in(const std::string& word) {
  return word.find('.') == std::string::npos && text::nearest(text::lower(word), known_types()).has_value();
}

bool may_be_a_type(std::string_view word) {
  return !word.empty() && letter_or_digit(word.front()) &&
         std::ranges::all_of(word, [](char c) { return letter_or_digit(c) || c == '-' || c == '.'; });
}

kube::Kind kind_or_throw(const std::string& word) {
  if (const auto kind = kube::kind_of(word)) return *kind;
  if (nearly_built_in(word))
    throw Error(failure::bad_usage,
                fmt::format("unknown type '{}'{}", word, text::did_you_mean(text::lower(word), known_types())),
                "write TYPE/NAME, such as deploy/web");
  if (!may_be_a_type(word))
    throw Error(failure::bad_usage, fmt::format("'{}' is no type", text::printable(word)),
                "write TYPE/NAME, such as deploy/web");
  return kube::Kind::custom;
}

/// The same of a stream, where a word that cannot be one makes no usage error.
std::optional<kube::Kind> kind_in_stream(const std::string& word) {
  if (const auto kind = kube::kind_of(word)) return kind;
  if (!may_be_a_type(word) || nearly_built_in(word)) return std::nullopt;
  return kube::Kind::custom;
}

/// The type as a custom one has to be looked up; empty for a built-in one.
std::string custom_of(kube::Kind kind, const std::string& word) { return kind == kube::Kind::custom ? word : ""; }

/// "Certificate.cert-manager.io/v1" of a manifest of a custom resource; empty: none of those. The groups of
/// Kubernetes itself hold nothing that is rolled out but what is built in here.
std::string custom_of_manifest(const json& object) {
  const auto version = kube::text_at(object, {"apiVersion"});
  const auto group = version.substr(0, version.find('/'));
  if (group == version || group.find('.') == std::string::npos || group.ends_with(".k8s.io")) return {};
  return kube::text_at(object, {"kind"}) + '.' + version;
}

Wish of_manifest(const json& object, kube::Kind kind, std::string custom, const std::string& stream) {
  const auto name = kube::text_at(object, {"metadata", "name"});
  if (name.empty())
    throw Error(failure::bad_input,
                fmt::format("{} holds a {} without a name", stream, kube::text_at(object, {"kind"})));
  Wish wish{kind, name, {}, {}, std::move(custom)};
  if (auto space = kube::text_at(object, {"metadata", "namespace"}); !space.empty()) wish.name_space = std::move(space);
  return wish;
}

/// One object of a stream: a manifest, a list of them, or a line that names a workload.
void take_object(const json& object, const std::string& stream, std::vector<Wish>& wishes) {
  if (const auto* items = kube::field(object, {"items"}); items && items->is_array()) {
    for (const auto& item : *items) take_object(item, stream, wishes);
    return;
  }
  if (kube::field(object, {"metadata"})) {
    if (const auto kind = kube::kind_of(kube::text_at(object, {"kind"})))
      wishes.push_back(of_manifest(object, *kind, {}, stream));
    else if (auto custom = custom_of_manifest(object); !custom.empty())
      wishes.push_back(of_manifest(object, kube::Kind::custom, std::move(custom), stream));
    return;
  }
  if (const auto& listed = kube::list_at(object, {"workloads"}); !listed.empty()) {
    for (const auto& item : listed) {
      auto merged = item.is_object() ? item : json{{"workload", item}};
      for (const char* key : {"namespace", "context"})
        if (!merged.contains(key) && object.contains(key)) merged[key] = object[key];
      take_object(merged, stream, wishes);
    }
    return;
  }
  auto text = kube::text_at(object, {"workload"});
  if (text.empty() && !kube::text_at(object, {"kind"}).empty())
    text = kube::text_at(object, {"kind"}) + '/' + kube::text_at(object, {"name"});
  const auto slash = text.find('/');
  const auto type = text.substr(0, slash);
  const auto kind = slash == std::string::npos ? std::nullopt : kind_in_stream(type);
  if (!kind || slash + 1 >= text.size())
    throw Error(failure::bad_input, fmt::format("{} holds an object that names no workload", stream));
  Wish wish{*kind, text.substr(slash + 1), {}, {}, custom_of(*kind, type)};
  if (auto space = kube::text_at(object, {"namespace"}); !space.empty()) wish.name_space = std::move(space);
  if (auto where = kube::text_at(object, {"context"}); !where.empty()) wish.context = std::move(where);
  wishes.push_back(std::move(wish));
}

void take_line(std::string_view line, int number, const std::string& stream, std::vector<Wish>& wishes) {
  std::vector<std::string> words;
  for (auto& word : text::split(line, ' '))
    if (!word.empty()) words.push_back(std::move(word));
  const auto slash = words.front().find('/');
  const auto type = words.front().substr(0, slash);
  const auto kind = slash == std::string::npos ? std::nullopt : kind_in_stream(type);
  if (!kind || slash + 1 >= words.front().size() || words.size() > 3)
    throw Error(failure::bad_input, fmt::format("'{}' is not TYPE/NAME [NAMESPACE [CONTEXT]]", text::printable(line)))
        .add_place(fmt::format("{}:{}", stream, number));
  Wish wish{*kind, words.front().substr(slash + 1), {}, {}, custom_of(*kind, type)};
  if (words.size() > 1) wish.name_space = words[1];
  if (words.size() > 2) wish.context = words[2];
  wishes.push_back(std::move(wish));
}

}  // namespace

std::vector<Wish> parse_arguments(const std::vector<std::string>& arguments) {
  std::vector<Wish> wishes;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const auto& word = arguments[i];
    if (const auto slash = word.find('/'); slash != std::string::npos) {
      const auto name = word.substr(slash + 1);
      if (name.empty() || name.find('/') != std::string::npos)
        throw Error(failure::bad_usage, fmt::format("'{}' is not TYPE/NAME", word),
                    "write TYPE/NAME, such as deploy/web");
      const auto type = word.substr(0, slash);
      const auto of = kind_or_throw(type);
      wishes.push_back({of, name, {}, {}, custom_of(of, type)});
      continue;
    }
    const auto kind = kind_or_throw(word);
    bool named = false;
    // kubectl's form: a type, and names that follow it.
    while (i + 1 < arguments.size() && arguments[i + 1].find('/') == std::string::npos) {
      wishes.push_back({kind, arguments[++i], {}, {}, custom_of(kind, word)});
      named = true;
    }
    if (!named) wishes.push_back({kind, {}, {}, {}, custom_of(kind, word)});
  }
  return wishes;
}

std::vector<Wish> parse_stream(std::string_view text, const std::string& name) {
  if (text::trim(text).empty())
    throw Error(failure::empty_input, fmt::format("{} is empty: the step before produced no workloads", name));
  std::vector<Wish> wishes;
  const bool manifests =
      text.find("apiVersion:") != std::string_view::npos || text.find("\"apiVersion\"") != std::string_view::npos;
  if (manifests) {
    for (const auto& document : data::parse_yaml_stream(text, name)) {
      const auto object = json::parse(data::to_json(document.root), nullptr, false);
      if (object.is_object()) take_object(object, name, wishes);
    }
    // Of a whole chart only the workloads matter: its monitors and policies have no end to wait for.
    if (std::ranges::any_of(wishes, [](const Wish& wish) { return wish.kind != kube::Kind::custom; }))
      std::erase_if(wishes, [](const Wish& wish) { return wish.kind == kube::Kind::custom; });
  } else {
    int number = 0;
    for (const auto& line : text::split(text, '\n')) {
      ++number;
      const auto trimmed = text::trim(line);
      if (trimmed.empty() || trimmed.front() == '#') continue;
      if (trimmed.front() != '{') {
        take_line(trimmed, number, name, wishes);
        continue;
      }
      const auto object = json::parse(trimmed, nullptr, false);
      if (!object.is_object())
        throw Error(failure::bad_input, "a line begins like a JSON object and is none")
            .add_place(fmt::format("{}:{}", name, number));
      take_object(object, name, wishes);
    }
  }
  if (wishes.empty()) throw Error(failure::bad_input, fmt::format("{} names no workload", name));
  return wishes;
}

namespace {

bool is_manifest(const std::filesystem::path& file) {
  return file.extension() == ".yaml" || file.extension() == ".yml" || file.extension() == ".json";
}

std::vector<Wish> read_file_wishes(const std::string& name, const Options& options, const cli::Context& context) {
  if (name == "-") return parse_stream(context.in.read_all(context.run), "stdin");
  std::error_code ignored;
  if (!std::filesystem::is_directory(name, ignored)) return parse_stream(fs::read_file(name), name);
  std::vector<std::filesystem::path> files;
  if (options.recursive) {
    for (const auto& entry : std::filesystem::recursive_directory_iterator(name))
      if (entry.is_regular_file() && is_manifest(entry.path())) files.push_back(entry.path());
  } else {
    for (const auto& entry : std::filesystem::directory_iterator(name))
      if (entry.is_regular_file() && is_manifest(entry.path())) files.push_back(entry.path());
  }
  std::ranges::sort(files);
  std::vector<Wish> wishes;
  for (const auto& file : files) {
    const auto text = fs::read_file(file);
    try {
      for (auto& wish : parse_stream(text, file.string())) wishes.push_back(std::move(wish));
    } catch (const Error& error) {
      // A folder of manifests holds other things than workloads, too.
      if (error.message().find("names no workload") == std::string::npos) throw;
    }
  }
  if (wishes.empty()) throw Error(failure::bad_input, fmt::format("no manifest in {} names a workload", name));
  return wishes;
}

}  // namespace

std::vector<Wish> read_wishes(const Options& options, const cli::Context& context) {
  const bool piped = std::ranges::find(options.workloads, "-") != options.workloads.end();
  if (piped) {
    if (options.workloads.size() > 1) throw Error(failure::bad_usage, "'-' stands alone: stdin names the workloads");
    if (context.in.is_terminal())
      throw Error(failure::bad_usage, "'-' reads workloads from stdin, which is a terminal");
    return parse_stream(context.in.read_all(context.run), "stdin");
  }
  auto wishes = parse_arguments(options.workloads);
  for (const auto& file : options.files)
    for (auto& wish : read_file_wishes(file, options, context)) wishes.push_back(std::move(wish));
  if (wishes.empty() && options.selector.empty())
    throw Error(failure::bad_usage, "no workload is named", fmt::format("k8s-rollout {} deploy/NAME", options.command));
  if (wishes.empty()) wishes.push_back({});  // the selector alone: Deployments
  if (!options.selector.empty() || options.all)
    for (const auto& wish : wishes)
      if (!wish.name.empty())
        throw Error(failure::bad_usage, fmt::format("'{}' is named, and {}: one of them has to go", wish.name,
                                                    options.all ? "--all takes all" : "-l selects"));
  return wishes;
}

std::vector<kube::Target> resolve(const std::vector<Wish>& wishes, const Options& options, const Cluster& cluster,
                                  kube::Client& client, const io::Run& run) {
  std::vector<kube::Target> targets;
  const auto add = [&targets](kube::Target target) {
    if (std::ranges::find(targets, target) == targets.end()) targets.push_back(std::move(target));
  };
  for (const auto& wish : wishes) {
    if (wish.context && *wish.context != cluster.access.context && *wish.context != cluster.name) continue;
    const auto space = wish.name_space ? *wish.name_space : cluster.namespace_of(wish.name, options.service);
    std::optional<kube::Resource> custom;
    if (wish.kind == kube::Kind::custom) {
      const auto dot = wish.custom.find('.');
      const bool of_manifest = wish.custom.find('/') != std::string::npos;
      custom = of_manifest ? client.resource(wish.custom.substr(dot + 1), wish.custom.substr(0, dot), run)
                           : client.resource_called(wish.custom, run);
    }
    if (!wish.name.empty()) {
      add({wish.kind, space, wish.name, std::move(custom)});
      continue;
    }
    auto path = kube::path_of(custom ? *custom : *kube::known_resource(kube::resource_of(wish.kind)), space);
    if (!options.selector.empty()) path = kube::with_query(path, {{"labelSelector", options.selector}});
    const auto objects = client.list(path, run);
    if (objects.empty() && !options.ignore_not_found)
      throw Error(failure::not_found,
                  fmt::format("no {} in namespace '{}' of {}{}", custom ? wish.custom : kube::name_of(wish.kind), space,
                              cluster.name,
                              options.selector.empty() ? "" : fmt::format(" has the labels {}", options.selector)));
    for (const auto& object : objects) add({wish.kind, space, kube::text_at(object, {"metadata", "name"}), custom});
  }
  return targets;
}

}  // namespace slipway::rollout
