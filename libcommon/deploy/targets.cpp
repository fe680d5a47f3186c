// SPDX-License-Identifier: Apache-2.0
#include "deploy/targets.hpp"

#include "core/text.hpp"
#include "data/yaml.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <initializer_list>
#include <set>
#include <utility>

namespace slipway::deploy {

namespace {

using data::Kind;
using data::Value;

/// Reads the maps of one document and keeps every complaint with its place.
class Reader {
 public:
  explicit Reader(const data::YamlDocument& document, std::string file) : document_(document), file_(std::move(file)) {}

  void complain(const data::Mark& mark, const std::string& path, std::string message, std::string suggestion = {},
                int width = 1) {
    Diagnostic finding;
    finding.file = file_;
    finding.line = mark.line;
    finding.column = mark.column;
    finding.width = std::max(width, 1);
    finding.message = std::move(message);
    finding.suggestion = std::move(suggestion);
    finding.path = path;
    if (mark.line > 0) finding.source_line = data::source_line(document_.source, mark.line);
    findings_.push_back(std::move(finding));
  }

  /// The value if it is of that kind; a complaint and null otherwise. Absent and null are just null.
  const Value* want(const Value* value, Kind kind, const std::string& path) {
    if (!value || value->is(Kind::null)) return nullptr;
    if (value->is(kind)) return value;
    complain(value->mark(), path,
             fmt::format("'{}' has to be {}, not {}", path, data::name_of(kind), data::name_of(value->kind())));
    return nullptr;
  }

  void known_keys(const Value& map, const std::string& path, const std::vector<std::string>& known) {
    for (const auto& member : map.members()) {
      if (std::ranges::find(known, member.key) != known.end()) continue;
      const auto near = text::nearest(member.key, known);
      complain(member.key_mark, path.empty() ? member.key : path + '.' + member.key,
               fmt::format("unknown key '{}'{}", member.key, path.empty() ? "" : fmt::format(" in '{}'", path)),
               near.value_or(""), static_cast<int>(member.key.size()));
    }
  }

  std::optional<std::string> word(const Value& map, std::string_view key, const std::string& path) {
    const auto* value = map.find(key);
    if (!value || value->is(Kind::null)) return std::nullopt;
    if (!value->is_scalar()) {
      complain(value->mark(), path, fmt::format("'{}.{}' has to be a string", path, key));
      return std::nullopt;
    }
    if (value->text().empty()) {
      complain(value->mark(), path, fmt::format("'{}.{}' is empty", path, key));
      return std::nullopt;
    }
    return value->text();
  }

  void duration(const Value& map, std::string_view key, const std::string& path, std::chrono::milliseconds& into) {
    const auto* value = map.find(key);
    const auto written = word(map, key, path);
    if (!written) return;
    if (const auto parsed = text::parse_duration(*written)) {
      into = *parsed;
      return;
    }
    complain(value->mark(), path,
             fmt::format("'{}.{}' has to be a duration such as 90s or 10m, not '{}'", path, key, *written), {},
             static_cast<int>(written->size()));
  }

  void number(const Value& map, std::string_view key, const std::string& path, int least, int& into) {
    const auto* value = map.find(key);
    if (!value || value->is(Kind::null)) return;
    if (!value->is(Kind::integer) || value->as_integer() < least || value->as_integer() > 1'000'000) {
      complain(value->mark(), path, fmt::format("'{}.{}' has to be a number from {} on", path, key, least));
      return;
    }
    into = static_cast<int>(value->as_integer());
  }

  void yes_no(const Value& map, std::string_view key, const std::string& path, bool& into) {
    if (const auto* value = want(map.find(key), Kind::boolean, path + '.' + std::string(key))) into = value->as_bool();
  }

  /// One of a few words, by table.
  template <typename Enum>
  void choice(const Value& map, std::string_view key, const std::string& path,
              const std::vector<std::pair<std::string, Enum>>& words, Enum& into) {
    const auto* value = map.find(key);
    const auto written = word(map, key, path);
    if (!written) return;
    std::vector<std::string> known;
    for (const auto& [name, meaning] : words) {
      if (name == *written) {
        into = meaning;
        return;
      }
      known.push_back(name);
    }
    complain(value->mark(), path,
             fmt::format("'{}.{}' has to be one of {}, not '{}'", path, key, text::join(known, ", "), *written),
             text::nearest(*written, known).value_or(""), static_cast<int>(written->size()));
  }

  std::vector<std::string> words(const Value& map, std::string_view key, const std::string& path) {
    const auto full = path.empty() ? std::string(key) : path + '.' + std::string(key);
    return word_list(map.find(key), full);
  }

  std::vector<std::string> word_list(const Value* value, const std::string& path) {
    std::vector<std::string> list;
    const auto* items = want(value, Kind::sequence, path);
    if (!items) return list;
    for (const auto& item : items->items()) {
      if (!item.is_scalar() || item.text().empty()) complain(item.mark(), path, fmt::format("'{}' lists names", path));
      else list.push_back(item.text());
    }
    return list;
  }

  [[nodiscard]] std::vector<Diagnostic> take() {
    std::ranges::stable_sort(findings_, {}, [](const Diagnostic& d) { return std::pair(d.line, d.column); });
    return std::move(findings_);
  }

 private:
  const data::YamlDocument& document_;
  std::string file_;
  std::vector<Diagnostic> findings_;
};

const std::vector<std::pair<std::string, Approve>> approve_words{{"none", Approve::none}, {"plan", Approve::plan}};
const std::vector<std::pair<std::string, OnFailure>> failure_words{
    {"stop", OnFailure::stop},
    {"rollback-target", OnFailure::rollback_target},
    {"stop-and-rollback-target", OnFailure::rollback_target},
    {"rollback-all", OnFailure::rollback_all},
};
const std::vector<std::pair<std::string, ImagePlace::Form>> form_words{
    {"reference", ImagePlace::Form::reference},
    {"tag", ImagePlace::Form::tag},
    {"tag-digest", ImagePlace::Form::tag_digest},
    {"digest", ImagePlace::Form::digest},
};

/// What `defaults:` and a single target can both say.
void read_shared(Reader& reader, const Value& map, const std::string& path, Target& target) {
  if (const auto pattern = reader.word(map, "namespace", path)) target.name_space = *pattern;
  reader.duration(map, "timeout", path, target.timeout);
  reader.duration(map, "bake", path, target.bake);
  reader.choice(map, "approve", path, approve_words, target.approve);
  reader.choice(map, "on-failure", path, failure_words, target.on_failure);
}

Target read_target(Reader& reader, const Value::Member& member, const Target& defaults) {
  auto target = defaults;
  target.name = member.key;
  target.environment = member.key;
  target.context = member.key;
  target.mark = member.key_mark;
  const auto path = "targets." + member.key;
  const auto* map = reader.want(&member.value, Kind::mapping, path);
  if (!map) {
    if (member.value.is(Kind::null)) reader.complain(member.key_mark, path, fmt::format("'{}' is empty", path));
    return target;
  }
  reader.known_keys(*map, path,
                    {"environment", "context", "kubeconfig", "approve", "stage", "canary", "bake", "namespace",
                     "timeout", "on-failure"});
  if (const auto name = reader.word(*map, "environment", path)) target.environment = *name;
  if (const auto name = reader.word(*map, "context", path)) target.context = *name;
  else if (!map->find("context"))
    reader.complain(member.key_mark, path,
                    fmt::format("'{}' names no context: the current one of a kubeconfig is never used", path), {},
                    static_cast<int>(member.key.size()));
  target.kubeconfig = reader.word(*map, "kubeconfig", path);
  reader.number(*map, "stage", path, 0, target.stage);
  reader.yes_no(*map, "canary", path, target.canary);
  read_shared(reader, *map, path, target);
  return target;
}

Service read_service(Reader& reader, const Value::Member& member) {
  Service service;
  service.name = member.key;
  service.mark = member.key_mark;
  const auto path = "services." + member.key;
  const auto* map = reader.want(&member.value, Kind::mapping, path);
  if (map) {
    reader.known_keys(*map, path, {"chart", "releases", "image", "namespace", "targets"});
    service.chart = reader.word(*map, "chart", path).value_or("");
    service.releases = reader.words(*map, "releases", path);
    service.name_space = reader.word(*map, "namespace", path);
    service.targets = reader.words(*map, "targets", path);
    if (const auto* image = reader.want(map->find("image"), Kind::mapping, path + ".image")) {
      const auto at = path + ".image";
      reader.known_keys(*image, at, {"path", "form", "registry", "repository", "tag", "digest"});
      if (const auto key = reader.word(*image, "path", at)) service.image.path = *key;
      reader.choice(*image, "form", at, form_words, service.image.form);
      service.image.registry_path = reader.word(*image, "registry", at);
      service.image.repository_path = reader.word(*image, "repository", at);
      service.image.tag_path = reader.word(*image, "tag", at);
      service.image.digest_path = reader.word(*image, "digest", at);
    }
  }
  if (service.chart.empty())
    reader.complain(member.key_mark, path, fmt::format("'{}' names no chart", path), {},
                    static_cast<int>(member.key.size()));
  if (service.releases.empty()) service.releases = {service.name};
  return service;
}

Requirement read_requirement(Reader& reader, const Value::Member& member) {
  Requirement requirement;
  requirement.target = member.key;
  const auto path = "requires." + member.key;
  const auto* map = reader.want(&member.value, Kind::mapping, path);
  if (!map) return requirement;
  reader.known_keys(*map, path, {"staging-age", "staging-same"});
  if (map->find("staging-age")) {
    std::chrono::milliseconds age{0};
    reader.duration(*map, "staging-age", path, age);
    requirement.staging_age = age;
  }
  requirement.staging_same = reader.words(*map, "staging-same", path);
  static const std::vector<std::string> known{"chart", "image", "values-commit"};
  for (const auto& word : requirement.staging_same)
    if (std::ranges::find(known, word) == known.end())
      reader.complain(map->find("staging-same")->mark(), path,
                      fmt::format("'{}.staging-same' may hold {}, not '{}'", path, text::join(known, ", "), word),
                      text::nearest(word, known).value_or(""));
  return requirement;
}

/// Names used in one part of the file have to exist in another.
void check_name(Reader& reader, const std::vector<std::string>& known, const std::string& name, const data::Mark& mark,
                const std::string& path, std::string_view kind) {
  if (std::ranges::find(known, name) != known.end()) return;
  reader.complain(mark, path, fmt::format("'{}' names the unknown {} '{}'", path, kind, name),
                  text::nearest(name, known).value_or(""), static_cast<int>(name.size()));
}

}  // namespace

Targets Targets::parse(std::string_view text, const std::string& file) {
  const auto document = data::parse_yaml(text, file);
  Reader reader(document, file);
  Targets all;
  all.file = file;
  const auto& root = document.root;
  if (!root.is(Kind::mapping)) {
    reader.complain(
        root.mark(), "",
        fmt::format("a targets file is a map with 'version' and 'targets', not {}", data::name_of(root.kind())));
  } else {
    reader.known_keys(root, "", {"version", "targets", "groups", "defaults", "services", "requires"});
    const auto* version = root.find("version");
    if (!version) reader.complain(root.mark(), "version", "'version' is missing; this tool reads version 1");
    else if (!version->is(Kind::integer) || version->as_integer() != 1)
      reader.complain(version->mark(), "version", "'version' has to be 1", {},
                      static_cast<int>(version->text().size()));

    Target defaults;
    defaults.name_space = "{service}";
    if (const auto* map = reader.want(root.find("defaults"), Kind::mapping, "defaults")) {
      reader.known_keys(*map, "defaults", {"namespace", "timeout", "bake", "approve", "on-failure", "max-parallel"});
      read_shared(reader, *map, "defaults", defaults);
      reader.number(*map, "max-parallel", "defaults", 1, all.max_parallel);
    }
    if (const auto* map = reader.want(root.find("targets"), Kind::mapping, "targets"))
      for (const auto& member : map->members()) all.targets.push_back(read_target(reader, member, defaults));
    if (all.targets.empty()) reader.complain(root.mark(), "targets", "'targets' lists no cluster");
    std::ranges::stable_sort(all.targets, {}, &Target::stage);

    std::vector<std::string> target_names;
    for (const auto& target : all.targets) target_names.push_back(target.name);
    if (const auto* map = reader.want(root.find("groups"), Kind::mapping, "groups"))
      for (const auto& member : map->members()) {
        const auto path = "groups." + member.key;
        if (std::ranges::find(target_names, member.key) != target_names.end())
          reader.complain(member.key_mark, path, fmt::format("'{}' is a target and cannot be a group, too", member.key),
                          {}, static_cast<int>(member.key.size()));
        auto names = reader.word_list(&member.value, path);
        for (const auto& item : member.value.items())
          if (item.is_scalar() && !item.text().empty())
            check_name(reader, target_names, item.text(), item.mark(), path, "target");
        all.groups.emplace_back(member.key, std::move(names));
      }
    const auto known = all.names();
    if (const auto* map = reader.want(root.find("services"), Kind::mapping, "services"))
      for (const auto& member : map->members()) {
        all.services.push_back(read_service(reader, member));
        for (const auto& name : all.services.back().targets)
          check_name(reader, known, name, member.key_mark, "services." + member.key + ".targets", "target");
      }
    if (const auto* map = reader.want(root.find("requires"), Kind::mapping, "requires"))
      for (const auto& member : map->members()) {
        check_name(reader, known, member.key, member.key_mark, "requires", "target or group");
        all.requirements.push_back(read_requirement(reader, member));
      }
  }
  auto findings = reader.take();
  if (!findings.empty()) {
    const auto count = findings.size();
    throw Error(failure::bad_input, fmt::format("{} error{} in {}", count, count == 1 ? "" : "s", file),
                std::move(findings));
  }
  return all;
}

std::vector<std::string> Targets::names() const {
  std::vector<std::string> list;
  for (const auto& target : targets) list.push_back(target.name);
  for (const auto& [name, members] : groups) list.push_back(name);
  return list;
}

std::vector<Target> Targets::select(const std::vector<std::string>& wanted) const {
  std::set<std::string, std::less<>> chosen;
  for (const auto& name : wanted) {
    const auto group = std::ranges::find(groups, name, [](const auto& entry) { return entry.first; });
    if (group != groups.end()) {
      chosen.insert(group->second.begin(), group->second.end());
      continue;
    }
    if (std::ranges::find(targets, name, &Target::name) == targets.end()) {
      const auto known = names();
      throw Error(failure::not_found,
                  fmt::format("{} has no target or group '{}'{}", file, name, text::did_you_mean(name, known)),
                  "known are: " + text::join(known, ", "));
    }
    chosen.insert(name);
  }
  std::vector<Target> list;
  std::ranges::copy_if(targets, std::back_inserter(list), [&](const Target& t) { return chosen.contains(t.name); });
  return list;
}

const Service* Targets::find_service(std::string_view name) const {
  const auto found = std::ranges::find(services, name, &Service::name);
  return found == services.end() ? nullptr : &*found;
}

const Service& Targets::service(std::string_view name) const {
  if (const auto* found = find_service(name)) return *found;
  std::vector<std::string> known;
  for (const auto& each : services) known.push_back(each.name);
  throw Error(failure::not_found, fmt::format("{} has no service '{}'{}", file, name, text::did_you_mean(name, known)),
              known.empty() ? "" : "known are: " + text::join(known, ", "));
}

std::string expand(std::string_view pattern, const Target& target, std::string_view service, std::string_view home) {
  std::string out;
  if (pattern == "~" || pattern.starts_with("~/")) {
    out = home;
    pattern.remove_prefix(1);
  }
  const std::pair<std::string_view, std::string_view> names[] = {
      {"{service}", service}, {"{cluster}", target.name}, {"{environment}", target.environment}};
  while (!pattern.empty()) {
    bool replaced = false;
    for (const auto& [name, value] : names)
      if (pattern.starts_with(name)) {
        out += value;
        pattern.remove_prefix(name.size());
        replaced = true;
        break;
      }
    if (replaced) continue;
    out += pattern.front();
    pattern.remove_prefix(1);
  }
  return out;
}

}  // namespace slipway::deploy
