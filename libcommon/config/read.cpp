// SPDX-License-Identifier: Apache-2.0
// Reads the layers of a chain and merges them.
#include "config/cache.hpp"
#include "config/lookup.hpp"
#include "core/fs.hpp"
#include "data/merge.hpp"
#include "data/yaml.hpp"
#include "hash/sha2.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace slipway::config {

namespace {

using data::Kind;
using data::Value;

/// SOPS puts what it needs to decrypt under this key at the root, a message authentication code among it.
bool is_encrypted(const Value& root) {
  const auto* sops = root.find("sops");
  return sops != nullptr && sops->is(Kind::mapping) && sops->find("mac") != nullptr;
}

bool holds_references(const Value& value) {
  if (value.is(Kind::string)) return value.text().starts_with("ref+");
  return std::ranges::any_of(value.items(), holds_references) ||
         std::ranges::any_of(value.members(), [](const Value::Member& m) { return holds_references(m.value); });
}

/// No line of it may stand in an error.
std::vector<data::YamlDocument> parse_secret(const std::string& text, const std::string& path) {
  try {
    return data::parse_yaml_stream(text, path);
  } catch (const Error& error) {
    throw Error(failure::bad_input, fmt::format("{} is malformed once it is decrypted, in {} places", path,
                                                std::max<std::size_t>(error.findings().size(), 1)));
  }
}

/// What sops prints is laid out afresh; a value is where a person finds it in the encrypted file.
void take_marks(Value& plain, const Value& encrypted) {
  plain.set_mark(encrypted.mark());
  for (auto& member : plain.members())
    for (const auto& other : encrypted.members())
      if (other.key == member.key) {
        member.key_mark = other.key_mark;
        take_marks(member.value, other.value);
      }
  for (std::size_t i = 0; i < std::min(plain.items().size(), encrypted.items().size()); ++i)
    take_marks(plain.items()[i], encrypted.items()[i]);
}

}  // namespace

std::shared_ptr<const Registry::Document> Registry::document(const std::string& path, const std::string& id,
                                                             const std::string& content,
                                                             const ReadOptions& options) const {
  const bool all_documents = options.semantics && *options.semantics != data::HelmSemantics::v3_19;
  const int mode = (options.semantics ? 1 : 0) + (all_documents ? 1 : 0) + (options.decrypt ? 4 : 0);
  auto& known = cache_->documents[{path, id, mode}];
  if (known) return known;
  auto out = std::make_shared<Document>();
  auto parsed = data::parse_yaml_stream(content, path);
  if (!parsed.empty() && is_encrypted(parsed.front().root)) {
    if (!options.decrypt)
      throw Error(failure::bad_input, fmt::format("{} is encrypted with SOPS", path),
                  "--decrypt, with the key that sops needs");
    const auto encrypted = std::move(parsed.front().root);
    parsed = parse_secret(options.decrypt(path, content), path);
    if (!parsed.empty()) take_marks(parsed.front().root, encrypted);
    for (auto& one : parsed) one.warnings.clear();  // they are about lines that nobody has
    out->secret = true;
  }
  const auto finding = [&](const data::Mark& mark, std::string message) {
    Diagnostic diagnostic;
    diagnostic.file = path;
    diagnostic.line = mark.line;
    diagnostic.column = mark.column;
    diagnostic.message = std::move(message);
    if (!out->secret) diagnostic.source_line = data::source_line(content, mark.line);
    return diagnostic;
  };
  for (std::size_t i = 0; i < parsed.size(); ++i) {
    auto& one = parsed[i];
    if (!one.root.is(Kind::mapping) && !one.root.is(Kind::null))
      throw Error(
          failure::bad_input, fmt::format("{} is no values file", path),
          {finding(one.root.mark(), fmt::format("a values file holds a map, this is {}", name_of(one.root.kind())))});
    if (i > 0 && one.root.is(Kind::null)) continue;
    if (i > 0 && !options.semantics) {
      auto warning =
          finding(one.root.mark(), "a second document: helm 3 ignores it, helm 4 merges it; here it is ignored");
      warning.severity = Diagnostic::Severity::warning;
      warning.code = "W013";
      out->warnings.push_back(std::move(warning));
      break;
    }
    if (i > 0 && !all_documents) break;
    if (holds_references(one.root))
      out->notes.push_back(
          fmt::format("{} holds references to secrets (ref+...); they are passed on as they are", path));
    out->warnings.insert(out->warnings.end(), one.warnings.begin(), one.warnings.end());
    data::merge_layer(out->values, std::move(one.root));
  }
  // The line itself would give the secret away.
  if (out->secret)
    for (auto& warning : out->warnings) warning.source_line.clear();
  known = std::move(out);
  return known;
}

Layer Registry::read_layer(const PlannedLayer& planned, const Tree& tree, const ReadOptions& options,
                           Bundle& bundle) const {
  Layer layer{.origin = planned.origin, .path = planned.path, .real_path = planned.path, .secret = planned.secret};
  if (planned.origin == Origin::inline_map) {
    layer.values = planned.values;
    layer.present = true;
    return layer;
  }
  std::string content;
  if (planned.origin == Origin::file) {
    if (auto blob = tree.read(layer.path)) {
      layer.present = true;
      layer.real_path = std::move(blob->path);
      layer.id = blob->id.hex();
      content = std::move(blob->content);
    }
  } else if (options.external) {
    const auto relative = std::string_view(planned.path).substr(planned.path.starts_with('/') ? 1 : 0);
    layer.path = layer.real_path = (*options.external / relative).string();
    std::error_code unused;
    if (std::filesystem::exists(layer.path, unused)) {
      layer.present = true;
      content = fs::read_file(layer.path);
      layer.id = "sha256:" + hash::sha256_hex(content);
    }
  }
  if (layer.present) {
    const auto read = document(layer.real_path, layer.id, content, options);
    layer.values = read->values;
    layer.secret = layer.secret || read->secret;
    const auto is_first = std::ranges::find(bundle.layers, layer.real_path, &Layer::real_path) == bundle.layers.end();
    if (is_first) {
      bundle.warnings.insert(bundle.warnings.end(), read->warnings.begin(), read->warnings.end());
      bundle.notes.insert(bundle.notes.end(), read->notes.begin(), read->notes.end());
    }
  } else if (planned.required) {
    throw Error(failure::bad_input, fmt::format("the layer {} is required and is not there", layer.path),
                planned.origin == Origin::external && !options.external
                    ? fmt::format("--external DIR, where {} lies", planned.path)
                    : std::string());
  }
  return layer;
}

Bundle Registry::read(const Selection& selection, const ReadOptions& options) const {
  const auto& service = selection.service;
  const auto& tree = tree_of(selection.environment);
  Bundle bundle;
  bundle.registry = &tree == &tree_ ? name_ : tree.repository().location();
  bundle.commit = tree.name();
  bundle.service = service;
  bundle.environment = selection.environment;
  bundle.directory = directory_of(service, tree);
  check_environment(service, selection.environment);
  if (const auto* rule = layout_.environment(bundle.environment)) bundle.kind = rule->kind;
  auto chain = chain_in(selection, bundle.directory, tree);
  bundle.release = std::move(chain.release);
  bundle.name_space = std::move(chain.name_space);
  bundle.chart = std::move(chain.chart);
  bundle.values = Value::mapping();
  with_context(tree.place(), [&] {
    for (const auto& planned : chain.layers) {
      auto layer = read_layer(planned, tree, options, bundle);
      data::merge_layer(bundle.values, layer.values);
      bundle.layers.push_back(std::move(layer));
    }
    chain.sets.insert(chain.sets.end(), options.sets.begin(), options.sets.end());
    for (const auto& set : chain.sets) {
      Layer layer{.origin = Origin::set, .path = set.file, .real_path = set.file, .present = true};
      data::apply_set(layer.values, set.text, set.kind, set.file);
      data::apply_set(bundle.values, set.text, set.kind, set.file);
      bundle.layers.push_back(std::move(layer));
    }
  });
  bundle.values_sha256 = values_digest(bundle.values);
  return bundle;
}

Source filled_in(Source source, std::string_view environment) {
  constexpr std::string_view placeholder = "{env}";
  for (auto* text : {&source.location, &source.ref})
    for (auto where = text->find(placeholder); where != std::string::npos; where = text->find(placeholder, where)) {
      if (environment.empty())
        throw Error(failure::bad_usage, fmt::format("the registry '{}' differs by environment: say which", *text),
                    "-e ENVIRONMENT");
      text->replace(where, placeholder.size(), environment);
      where += environment.size();
    }
  return source;
}

std::string Registry::ingredients(const Selection& selection) const {
  const auto& tree = tree_of(selection.environment);
  const auto chain = this->chain(selection);
  std::string out = chain.release;
  for (const auto& layer : chain.layers) {
    out += fmt::format("\n{} {} ", name_of(layer.origin), layer.path);
    if (layer.origin == Origin::inline_map) out += data::to_json(layer.values);
    else if (layer.origin == Origin::file) out += tree.id(layer.path).value_or(layer.required ? "required" : "-");
  }
  for (const auto& set : chain.sets) out += fmt::format("\nset {} {}", static_cast<int>(set.kind), set.text);
  return out;
}

Registry open(const Source& source, const OpenOptions& options) {
  const auto filled = filled_in(source, options.environment);
  const auto revision = options.at.empty() ? filled.ref : options.at;
  const auto get = [mirrors = options.mirrors, history = options.history](const std::string& location,
                                                                          std::string_view wanted) {
    std::error_code unused;
    const bool remote = mirrors && git::Repository::is_remote(location) && !std::filesystem::exists(location, unused);
    return std::make_shared<const git::Repository>(remote ? mirrors->open(location, wanted, history)
                                                          : git::Repository::open(location));
  };
  auto repository = get(filled.location, revision);
  auto commit = repository->resolve(revision);
  const Opener opener = [get, own = filled.location](const Source& other) {
    auto another = get(other.location.empty() ? own : other.location, other.ref);
    auto tip = another->resolve(other.ref);
    return Tree(std::move(another), std::move(tip));
  };
  Registry registry(options.worktree ? Tree::worktree(std::move(repository), std::move(commit))
                                     : Tree(std::move(repository), std::move(commit)),
                    options.layout, opener);
  if (!options.at.empty() || options.worktree) registry.pin();
  return registry;
}

}  // namespace slipway::config
