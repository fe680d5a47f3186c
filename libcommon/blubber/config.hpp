// SPDX-License-Identifier: Apache-2.0
// A configuration as a person wrote it: typed, checked and with the place of each value. What is
// inherited is not in here; resolve.hpp merges.
#pragma once

#include "data/value.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <variant>
#include <vector>

namespace slipway::data {
struct YamlDocument;
}

namespace slipway::blubber {

class Report;

/// A value with its place.
template <typename T>
struct Placed {
  T value{};
  data::Mark mark;
  /// Places do not count.
  friend bool operator==(const Placed& a, const Placed& b) { return a.value == b.value; }
};

/// A value that may have been left out.
template <typename T>
using Field = std::optional<Placed<T>>;

using Text = Placed<std::string>;
using Texts = std::vector<Text>;
/// Names and values in the order of the file.
using Pairs = std::vector<std::pair<std::string, Text>>;

/// Files to copy: an item of `copies` or of `requirements`.
struct Artifact {
  std::string from;  ///< "local", a variant or an image; empty (which means local) only in requirements
  std::optional<std::string> source;
  std::optional<std::string> destination;
  std::vector<std::string> exclude;
  bool is_name = false;  ///< an item of `copies` that is only a name
  data::Mark mark;

  [[nodiscard]] bool is_local() const { return from.empty() || from == "local"; }
  friend bool operator==(const Artifact& a, const Artifact& b) {
    return a.from == b.from && a.source == b.source && a.destination == b.destination && a.exclude == b.exclude &&
           a.is_name == b.is_name;
  }
};
using Artifacts = std::vector<Artifact>;

/// A text that two artifacts share exactly when they are equal: for looking one up among many.
[[nodiscard]] std::string identity_of(const Artifact& artifact);

struct AptSource {
  std::string url;
  std::string distribution;
  std::vector<std::string> components;
  std::string signed_by;
  data::Mark mark;
};

struct AptProxy {
  std::string url;
  std::string source;
  data::Mark mark;
};

struct Apt {
  std::vector<std::pair<std::string, Texts>> packages;  ///< by release; "default" for the plain list
  std::vector<AptSource> sources;
  std::vector<AptProxy> proxies;
  data::Mark mark;
};

// Each builder lists its values once more, for who merges them or asks whether there are any.

struct Node {
  Field<Artifacts> requirements;
  Field<std::string> env;
  Field<bool> use_npm_ci;
  Field<bool> allow_dedupe_failure;
  data::Mark mark;

  static constexpr auto values() {
    return std::tuple{&Node::requirements, &Node::env, &Node::use_npm_ci, &Node::allow_dedupe_failure};
  }
};

struct Php {
  Field<Artifacts> requirements;
  Field<bool> production;
  data::Mark mark;

  static constexpr auto values() { return std::tuple{&Php::requirements, &Php::production}; }
};

/// A program that installs in pip's place.
struct Installer {
  Field<std::string> version;
  Field<bool> devel;
  Field<std::string> only;
  Field<std::string> without;

  static constexpr auto values() {
    return std::tuple{&Installer::version, &Installer::devel, &Installer::only, &Installer::without};
  }
};

struct Python {
  Field<std::string> version;
  Field<Artifacts> requirements;
  Field<bool> use_system_site_packages;
  Field<bool> no_deps;
  Installer poetry;
  Installer uv;  ///< ours: upstream has no such key
  Field<std::string> pip_version;
  Field<std::string> setuptools_version;
  Field<std::string> wheel_version;
  Field<std::string> tox_version;
  Field<std::string> venv;
  data::Mark mark;

  static constexpr auto values() {
    return std::tuple{&Python::version,
                      &Python::requirements,
                      &Python::use_system_site_packages,
                      &Python::no_deps,
                      &Python::poetry,
                      &Python::uv,
                      &Python::pip_version,
                      &Python::setuptools_version,
                      &Python::wheel_version,
                      &Python::tox_version,
                      &Python::venv};
  }
};

struct Command {
  bool is_text = false;  ///< one string of shell text; else words, of which the first is shell text
  std::vector<std::string> words;
};

struct Mount {
  std::string from;
  std::string destination;
  std::string source;
  data::Mark mark;
};

struct Cache {
  std::string destination;
  std::string id;
  std::string access;
  data::Mark mark;
};

struct Custom {
  Field<Command> command;
  Field<std::string> script;
  Field<Artifacts> requirements;
  Field<std::vector<Mount>> mounts;
  Field<std::vector<Cache>> caches;
  data::Mark mark;

  static constexpr auto values() {
    return std::tuple{&Custom::command, &Custom::script, &Custom::requirements, &Custom::mounts, &Custom::caches};
  }
};

/// An item of `builders`.
using Builder = std::variant<Custom, Node, Php, Python>;

struct Lives {
  Field<std::string> in;
  Field<std::string> as;
  Field<std::int64_t> uid;
  Field<std::int64_t> gid;
};

struct Runs {
  Field<std::string> as;
  Field<std::int64_t> uid;
  Field<std::int64_t> gid;
  Pairs environment;
  Field<std::string> in;
  Field<bool> insecurely;
};

/// The keys that stand at the top level and in each variant.
struct Common {
  Field<std::string> base;
  Pairs arguments;
  Apt apt;
  std::optional<Node> node;
  std::optional<Php> php;
  std::optional<Python> python;
  std::optional<Custom> builder;
  Field<std::vector<Builder>> builders;
  Lives lives;
  Runs runs;
  Field<std::vector<std::string>> entrypoint;
};

struct Variant {
  std::string name;
  data::Mark mark;  ///< of the name
  Common common;
  std::vector<std::pair<std::string, data::Mark>> keys;  ///< the keys that stand in it, for what is dropped
  Texts includes;
  Artifacts copies;
  // Version 3 only: `copies` was one name, which nobody inherited.
  std::optional<Text> copies_of_v3;
};

struct Config {
  bool is_v3 = false;
  Common common;
  std::vector<Variant> variants;
  std::map<std::string, std::size_t, std::less<>> by_name;  ///< places in `variants`

  [[nodiscard]] const Variant* find(std::string_view name) const;
  [[nodiscard]] std::vector<std::string> names() const;
};

/// Types, unknown keys and every rule that can be told before anything is merged; all faults go to
/// the report.
[[nodiscard]] Config read_config(const data::YamlDocument& document, Report& report);

}  // namespace slipway::blubber
