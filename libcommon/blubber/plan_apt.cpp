// SPDX-License-Identifier: Apache-2.0
#include "blubber/sha256.hpp"
#include "blubber/shell.hpp"
#include "blubber/stage_plan.hpp"
#include "core/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <unordered_set>

namespace slipway::blubber {

namespace {

constexpr std::string_view sources_file = "/etc/apt/sources.list.d/99blubber.list";
constexpr std::string_view proxies_file = "/etc/apt/apt.conf.d/99blubber-proxies";
constexpr std::string_view keys_folder = "/etc/apt/keyrings";

std::string_view scheme_of(std::string_view url) { return url.substr(0, url.find(':')); }

std::string_view host_of(std::string_view url) {
  url.remove_prefix(url.find("//") + 2);
  url = url.substr(0, url.find_first_of("/?#"));
  if (const auto at = url.rfind('@'); at != std::string_view::npos) url.remove_prefix(at + 1);
  if (url.starts_with('[')) return url.substr(0, url.find(']') + 1);
  return url.substr(0, url.find(':'));
}

std::string proxy_line(const AptProxy& proxy) {
  if (proxy.source.empty()) return fmt::format("Acquire::{}::Proxy \"{}\";", scheme_of(proxy.url), proxy.url);
  return fmt::format("Acquire::{}::Proxy::{} \"{}\";", scheme_of(proxy.source), host_of(proxy.source), proxy.url);
}

std::string key_path(const AptSource& source) {
  return fmt::format("{}/{}.asc", keys_folder, sha256_hex(source.signed_by));
}

std::string source_line(const AptSource& source) {
  std::string out = "deb ";
  if (!source.signed_by.empty()) out += fmt::format("[signed-by={}] ", key_path(source));
  out += source.url + " " + source.distribution;
  for (const auto& component : source.components) out += " " + component;
  return out;
}

std::string write_lines(const std::vector<std::string>& lines, std::string_view file) {
  std::string out = "printf '%s\\n'";
  for (const auto& line : lines) out += " " + shell::quote(line);
  return fmt::format("{} > {}", out, file);
}

template <typename Items, typename Line>
std::vector<std::string> lines_of(const Items& items, Line line) {
  std::vector<std::string> out;
  std::unordered_set<std::string> seen;
  for (const auto& item : items) {
    // What several layers ask for is wanted once.
    if (auto text = line(item); seen.insert(text).second) out.push_back(std::move(text));
  }
  return out;
}

/// Packages by release in the order of names, each once.
std::map<std::string, std::vector<std::string>> packages_of(const Apt& apt) {
  std::map<std::string, std::vector<std::string>> out;
  for (const auto& [release, packages] : apt.packages) {
    if (!packages.empty()) out[release] = lines_of(packages, [](const Text& text) { return text.value; });
  }
  return out;
}

}  // namespace

void plan_apt(StagePlan& plan) {
  const auto& apt = plan.variant.common.apt;
  const auto packages = packages_of(apt);
  if (packages.empty() && apt.sources.empty() && apt.proxies.empty()) return;

  std::vector<std::string> steps;
  std::vector<std::string> arguments;
  if (!apt.proxies.empty()) steps.push_back(write_lines(lines_of(apt.proxies, proxy_line), proxies_file));
  std::vector<std::string> keys;
  for (const auto& source : apt.sources) {
    if (source.signed_by.empty() || std::ranges::find(keys, source.signed_by) != keys.end()) continue;
    keys.push_back(source.signed_by);
    // A key has line breaks, so it goes in as an argument. The folder is missing before Debian 12.
    steps.push_back(fmt::format("mkdir -p {} && printf %s \"${{{}}}\" > {} && chmod 0644 {}", keys_folder, keys.size(),
                                key_path(source), key_path(source)));
  }
  if (!keys.empty()) {
    arguments.emplace_back("apt");
    arguments.insert(arguments.end(), keys.begin(), keys.end());
  }
  if (!apt.sources.empty()) {
    steps.emplace_back("apt-get update && apt-get install -y \"ca-certificates\"");
    steps.push_back(write_lines(lines_of(apt.sources, source_line), sources_file));
  }
  steps.emplace_back("apt-get update");
  for (const auto& [release, names] : packages) {
    std::string install = "apt-get install -y";
    if (release != "default") install += " -t " + shell::quote(release);
    for (const auto& name : names) install += " " + shell::quote(name);
    steps.push_back(std::move(install));
  }
  steps.emplace_back("rm -rf /var/lib/apt/lists/*");
  // In the same RUN, so that no proxy's password stays in a layer.
  if (!apt.proxies.empty()) steps.push_back(fmt::format("rm -f {}", proxies_file));

  plan.add(Env{{{"DEBIAN_FRONTEND", "noninteractive"}}});
  plan.run(text::join(steps, " && "), apt.mark, std::move(arguments));
}

}  // namespace slipway::blubber
