// SPDX-License-Identifier: Apache-2.0
#include "kube/config.hpp"

#include "core/error.hpp"
#include "core/fs.hpp"
#include "core/text.hpp"
#include "data/yaml.hpp"
#include "kube/credentials.hpp"
#include "kube/embedded.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

namespace slipway::kube {

namespace {

using data::Kind;
using data::Value;

/// Where the kubelet puts a pod's own credentials.
constexpr std::string_view service_account = "/var/run/secrets/kubernetes.io/serviceaccount/";

std::optional<std::string> set_and_not_empty(const Environment& env, const std::string& name) {
  auto value = env(name);
  return value && !value->empty() ? value : std::nullopt;
}

std::optional<Access> in_cluster(const Environment& env) {
  const auto host = set_and_not_empty(env, "KUBERNETES_SERVICE_HOST");
  const auto port = set_and_not_empty(env, "KUBERNETES_SERVICE_PORT");
  const std::string token_file = std::string(service_account) + "token";
  std::error_code ignored;
  if (!host || !port || !std::filesystem::exists(token_file, ignored)) return std::nullopt;
  Access access;
  access.context = access.cluster = "in-cluster";
  access.user = "service account";
  access.server = host->find(':') == std::string::npos ? fmt::format("https://{}:{}", *host, *port)
                                                       : fmt::format("https://[{}]:{}", *host, *port);
  access.token_file = token_file;
  access.ca_pem = fs::read_file(std::string(service_account) + "ca.crt");
  const std::string namespace_file = std::string(service_account) + "namespace";
  if (std::filesystem::exists(namespace_file, ignored))
    access.name_space = std::string(text::trim(fs::read_file(namespace_file)));
  return access;
}

/// Every kind of a value that is not as client-go's types want it.
struct Findings {
  std::string file;
  std::vector<Diagnostic> list;

  void add(const data::Mark& mark, std::string message, std::string path) {
    Diagnostic finding;
    finding.file = file;
    finding.line = mark.line;
    finding.column = mark.column;
    finding.message = std::move(message);
    finding.path = std::move(path);
    // No source line: a kubeconfig's lines hold secrets.
    list.push_back(std::move(finding));
  }
};

constexpr std::string_view text_fields[] = {"server",
                                            "certificate-authority",
                                            "certificate-authority-data",
                                            "tls-server-name",
                                            "proxy-url",
                                            "token",
                                            "tokenFile",
                                            "username",
                                            "password",
                                            "client-certificate",
                                            "client-certificate-data",
                                            "client-key",
                                            "client-key-data",
                                            "cluster",
                                            "user",
                                            "namespace",
                                            "as",
                                            "as-uid"};

void check_fields(Findings& findings, const Value& map, const std::string& path) {
  for (const auto& member : map.members()) {
    const bool wants_text = std::ranges::find(text_fields, member.key) != std::end(text_fields);
    if (wants_text && !member.value.is_scalar())
      findings.add(member.value.mark(), fmt::format("'{}' has to be a string", member.key), path + '.' + member.key);
    if (member.key == "insecure-skip-tls-verify" && !member.value.is(Kind::boolean) && !member.value.is(Kind::null))
      findings.add(member.value.mark(), "'insecure-skip-tls-verify' has to be true or false", path + '.' + member.key);
    if (member.key == "exec" && !member.value.is(Kind::mapping) && !member.value.is(Kind::null))
      findings.add(member.value.mark(), "'exec' has to be a map", path + '.' + member.key);
  }
}

data::YamlDocument read_yaml(std::string_view text, const std::string& file_name) {
  const auto lean = take_out_embedded(text);
  try {
    auto document = data::parse_yaml(lean.text, file_name);
    put_back_embedded(document.root, lean);
    return document;
  } catch (const Error&) {  // said below, with its places in the text as it is
  }
  try {
    return data::parse_yaml(text, file_name);
  } catch (const Error& error) {
    auto findings = error.findings();
    for (auto& finding : findings) finding.source_line.clear();
    throw Error(failure::bad_setup, fmt::format("the kubeconfig '{}' is malformed", file_name), std::move(findings));
  }
}

}  // namespace

Config Config::load(const std::optional<std::filesystem::path>& file, const Environment& env) {
  Config config;
  config.env_ = env;
  config.plugins_ = std::make_shared<PluginMemory>();
  const auto read = [&config](const std::filesystem::path& path) {
    try {
      config.add(fs::read_file(path), path.string(), std::filesystem::absolute(path).parent_path());
    } catch (const Error& error) {
      if (error.failure().id != failure::not_found.id && error.failure().id != failure::read_failed.id) throw;
      throw Error(failure::bad_setup,
                  fmt::format("the kubeconfig '{}' cannot be read: {}", path.string(), error.message()));
    }
  };
  if (file) {
    std::error_code ignored;
    if (!std::filesystem::exists(*file, ignored))
      throw Error(failure::bad_setup, fmt::format("the kubeconfig '{}' does not exist", file->string()));
    read(*file);
    return config;
  }
  if (const auto list = set_and_not_empty(env, "KUBECONFIG")) {
    for (const auto& name : text::split(*list, ':')) {
      std::error_code ignored;
      if (name.empty() || !std::filesystem::exists(name, ignored)) continue;
      read(name);
    }
    if (config.files_.empty())
      throw Error(failure::bad_setup, fmt::format("no kubeconfig: KUBECONFIG names '{}', which does not exist", *list),
                  "name one with --kubeconfig FILE");
    return config;
  }
  if (const auto home = set_and_not_empty(env, "HOME")) {
    const auto standard = std::filesystem::path(*home) / ".kube" / "config";
    std::error_code ignored;
    if (std::filesystem::exists(standard, ignored)) {
      read(standard);
      return config;
    }
  }
  config.in_cluster_ = in_cluster(env);
  if (!config.in_cluster_)
    throw Error(
        failure::bad_setup,
        "no kubeconfig: --kubeconfig and KUBECONFIG are not set, ~/.kube/config does not exist, and this is no pod",
        "name one with --kubeconfig FILE");
  return config;
}

void Config::add(std::string_view text, const std::string& file_name, const std::filesystem::path& directory) {
  const auto document = read_yaml(text, file_name);
  files_.push_back(file_name);
  Findings findings{file_name, {}};
  const auto& root = document.root;
  if (root.is(Kind::null)) return;  // client-go takes an empty file as one that says nothing
  if (!root.is(Kind::mapping)) {
    findings.add(root.mark(), fmt::format("a kubeconfig is a map, not {}", data::name_of(root.kind())), "");
    throw Error(failure::bad_setup, fmt::format("the kubeconfig '{}' is malformed", file_name),
                std::move(findings.list));
  }
  if (const auto* kind = root.find("kind");
      kind && kind->is_scalar() && !kind->text().empty() && kind->text() != "Config")
    findings.add(kind->mark(), fmt::format("'kind' is '{}': this is no kubeconfig", kind->text()), "kind");
  const std::pair<std::string_view, Entries*> lists[] = {
      {"cluster", &clusters_}, {"user", &users_}, {"context", &contexts_}};
  for (const auto& [singular, entries] : lists) {
    const auto plural = std::string(singular) + 's';
    const auto* list = root.find(plural);
    if (!list || list->is(Kind::null)) continue;
    if (!list->is(Kind::sequence)) {
      findings.add(list->mark(), fmt::format("'{}' has to be a list, not {}", plural, data::name_of(list->kind())),
                   plural);
      continue;
    }
    for (const auto& item : list->items()) {
      const auto* name = item.find("name");
      const auto* inner = item.find(singular);
      if (!name || !name->is_scalar() || name->text().empty()) {
        findings.add(item.mark(), fmt::format("an entry of '{}' has no name", plural), plural);
        continue;
      }
      const auto path = plural + '.' + name->text();
      if (inner && !inner->is(Kind::mapping) && !inner->is(Kind::null)) {
        findings.add(inner->mark(), fmt::format("'{}' of '{}' has to be a map", singular, name->text()), path);
        continue;
      }
      if (inner) check_fields(findings, *inner, path);
      entries->try_emplace(name->text(), Entry{inner ? *inner : Value::mapping(), directory});
    }
  }
  if (const auto* current = root.find("current-context"); current && current->is_scalar() && current_.empty())
    current_ = current->is(Kind::null) ? "" : current->text();
  if (!findings.list.empty()) {
    std::ranges::stable_sort(findings.list, {}, [](const Diagnostic& d) { return std::pair(d.line, d.column); });
    const auto count = findings.list.size();
    throw Error(failure::bad_setup,
                fmt::format("{} error{} in the kubeconfig '{}'", count, count == 1 ? "" : "s", file_name),
                std::move(findings.list));
  }
}

const Config::Entry& Config::find(const Entries& entries, const std::string& name, std::string_view kind) const {
  if (const auto found = entries.find(name); found != entries.end()) return found->second;
  std::vector<std::string> known;
  for (const auto& [each, entry] : entries) known.push_back(each);
  throw Error(failure::bad_setup,
              fmt::format("the kubeconfig has no {} '{}'{}", kind, name, text::did_you_mean(name, known)),
              known.empty() ? "" : fmt::format("known are: {}", text::join(known, ", ")))
      .add_place(sources());
}

std::vector<std::string> Config::contexts() const {
  std::vector<std::string> names;
  for (const auto& [name, entry] : contexts_) names.push_back(name);
  return names;
}

std::string Config::sources() const { return text::join(files_, ":"); }

}  // namespace slipway::kube
