// SPDX-License-Identifier: Apache-2.0
#include "complete.hpp"

#include "clusters.hpp"
#include "core/error.hpp"
#include "core/text.hpp"
#include "journal.hpp"
#include "kube/client.hpp"
#include "kube/config.hpp"
#include "kube/fields.hpp"
#include "session.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace slipway::rollout {

using namespace std::chrono_literals;

namespace {

/// A shell that waits is worse than one that offers nothing.
constexpr auto patience = 800ms;

constexpr std::string_view bash_script = R"(# k8s-rollout: source <(k8s-rollout completion bash)
_k8s_rollout() {
  local line
  COMPREPLY=()
  while IFS= read -r line; do
    [[ $line == "${COMP_WORDS[COMP_CWORD]}"* ]] && COMPREPLY+=("$line")
  done < <(k8s-rollout completion candidates -- "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
  [[ ${COMPREPLY[0]-} != */ ]] || compopt -o nospace
}
COMP_WORDBREAKS=${COMP_WORDBREAKS//:/}
complete -F _k8s_rollout k8s-rollout
)";

constexpr std::string_view zsh_script = R"(#compdef k8s-rollout
# k8s-rollout: source <(k8s-rollout completion zsh)
_k8s_rollout() {
  local -a found
  found=("${(@f)$(k8s-rollout completion candidates -- "${(@)words[2,CURRENT]}" 2>/dev/null)}")
  compadd -Q -- $found
}
compdef _k8s_rollout k8s-rollout
)";

constexpr std::string_view fish_script = R"(# k8s-rollout: k8s-rollout completion fish | source
function __k8s_rollout
  set -l words (commandline -opc) (commandline -ct)
  k8s-rollout completion candidates -- $words[2..-1] 2>/dev/null
end
complete -c k8s-rollout -f -a '(__k8s_rollout)'
)";

const std::vector<std::string>& types() {
  static const std::vector<std::string> list{"deploy/", "sts/", "ds/", "job/", "pod/", "rs/"};
  return list;
}

/// The value that an option of the words before has; empty: none.
std::string value_of(const std::vector<std::string>& words, std::initializer_list<std::string_view> names) {
  for (std::size_t i = 0; i + 1 < words.size(); ++i)
    for (const auto name : names) {
      if (words[i] == name && i + 2 < words.size()) return words[i + 1];
      if (words[i].starts_with(std::string(name) + '=')) return words[i].substr(name.size() + 1);
    }
  return {};
}

std::vector<std::string> names_on_cluster(const std::string& type, const std::vector<std::string>& words,
                                          cli::Context& context) {
  const auto kind = kube::kind_of(type);
  const auto* resource = kind            ? kube::known_resource(kube::resource_of(*kind))
                         : type == "svc" ? kube::known_resource("svc")
                                         : nullptr;
  if (!resource) return {};
  Options options;
  if (auto file = value_of(words, {"--kubeconfig"}); !file.empty()) options.kubeconfig = std::move(file);
  const auto contexts = value_of(words, {"--context", "--contexts"});
  options.contexts = contexts.substr(0, contexts.find(','));
  if (auto space = value_of(words, {"-n", "--namespace"}); !space.empty()) options.name_space = std::move(space);
  const auto clusters = choose_clusters(options, context);
  kube::Client client(clusters.front().access, std::string(agent), {.request_timeout = patience, .grace = 0ms});
  const io::Run run{context.run.events, context.run.stop, Deadline::in(patience)};
  std::vector<std::string> names;
  for (const auto& item : client.list(kube::path_of(*resource, clusters.front().namespace_of("", {})), run))
    names.push_back(type + '/' + kube::text_at(item, {"metadata", "name"}));
  return names;
}

}  // namespace

std::vector<std::string> candidates(const std::vector<std::string>& words, cli::Context& context) {
  Options ignored;
  cli::App app("k8s-rollout", "");
  describe(app, ignored);
  const std::string word = words.empty() ? "" : words.back();
  const cli::App* command = nullptr;
  std::size_t at = 0;
  for (std::size_t i = 0; i + 1 < words.size() && !command; ++i)
    for (const auto& each : app.commands())
      if (each.name() == words[i]) {
        command = &each;
        at = i;
      }
  const std::string before = words.size() > 1 ? words[words.size() - 2] : "";
  if (before == "--context" || before == "--contexts") return kube::Config::load({}, context.env).contexts();
  if (!command && !word.starts_with('-')) {
    std::vector<std::string> names;
    for (const auto& each : app.commands()) names.push_back(each.name());
    return names;
  }
  std::vector<std::string> found;
  for (const auto* model : {command, &std::as_const(app)})
    if (model)
      for (const auto& option : model->options()) {
        if (option.is_positional) continue;
        // `--on-failure` is waited for: its words.
        if (std::ranges::find(option.names, before) != option.names.end() && !option.value.empty() && !option.bare)
          return option.value.find('|') == std::string::npos ? std::vector<std::string>{}
                                                             : text::split(option.value, '|');
        for (const auto& name : option.names)
          if (name.starts_with("--")) found.push_back(name);
      }
  if (word.starts_with('-')) return found;
  const bool first = words.size() == at + 2;
  if (command->name() == "completion") return {"bash", "zsh", "fish"};
  if (command->name() == "plan")
    return first ? std::vector<std::string>{"list", "show", "continue", "abort"}
                 : journal_ids(journal_folder(context.env));
  if (command->name() == "canary" && first) return {"start", "promote", "abort", "status"};
  if (const auto slash = word.find('/'); slash != std::string::npos)
    return names_on_cluster(word.substr(0, slash), words, context);
  return types();
}

ExitCode completion(const Options& options, cli::Context& context) {
  const auto& words = options.workloads;
  if (words.empty()) throw Error(failure::bad_usage, "completion needs bash, zsh or fish");
  if (words.front() == "candidates") {
    try {
      for (const auto& each : candidates({words.begin() + 1, words.end()}, context)) context.out.print_line(each);
    } catch (const Error& error) {
      if (error.failure().id == failure::interrupted.id) throw;  // no cluster, no kubeconfig: nothing to offer
    }
    return ExitCode::ok;
  }
  if (words.front() == "bash") context.out.print(bash_script);
  else if (words.front() == "zsh") context.out.print(zsh_script);
  else if (words.front() == "fish") context.out.print(fish_script);
  else
    throw Error(failure::bad_usage, fmt::format("no completion for '{}'", words.front()),
                "bash, zsh and fish are known");
  return ExitCode::ok;
}

}  // namespace slipway::rollout
