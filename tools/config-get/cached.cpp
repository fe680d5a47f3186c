// SPDX-License-Identifier: Apache-2.0
#include "cached.hpp"

#include "answers.hpp"
#include "core/error.hpp"
#include "core/text.hpp"
#include "session.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace slipway::config_get {

namespace {

std::string text_of(const git::Mirror& mirror) {
  return fmt::format("{}  {}  used {}  {}\n", mirror.url.empty() ? "(unfinished)" : mirror.url,
                     text::show_size(mirror.bytes), text::rfc3339(mirror.used).substr(0, 10), mirror.path.string());
}

std::string json_of(const git::Mirror& mirror, const std::string& fault) {
  std::vector<std::string> refs;
  for (const auto& ref : mirror.refs) refs.push_back(json_string(ref));
  auto out =
      fmt::format(R"({{"url":{},"path":{},"bytes":{},"used":"{}","refs":[{}])", json_string(mirror.url),
                  json_string(mirror.path.string()), mirror.bytes, text::rfc3339(mirror.used), text::join(refs, ","));
  if (!fault.empty()) out += fmt::format(R"(,"fault":{})", json_string(fault));
  return out + "}";
}

}  // namespace

ExitCode care_for_cache(const Options& options, cli::Context& context) {
  const std::vector<std::string> known{"list", "prune", "verify"};
  if (std::ranges::find(known, options.action) == known.end())
    fail_usage(fmt::format("cache does {}, not '{}'{}", text::join(known, ", "), options.action,
                           text::did_you_mean(options.action, known)));
  if (!options.format.empty() && options.format != "json") fail_usage("cache prints text or, with -o json, JSON");
  const auto mirrors = mirrors_for(options, context);
  std::vector<std::pair<git::Mirror, std::string>> shown;
  if (options.action == "verify") {
    shown = mirrors.verify();
  } else {
    for (auto& one : options.action == "prune" ? mirrors.prune(options.unused, context.common.dry_run) : mirrors.list())
      shown.emplace_back(std::move(one), std::string());
  }
  if (context.common.json || options.format == "json") {
    std::vector<std::string> list;
    for (const auto& [mirror, fault] : shown) list.push_back(json_of(mirror, fault));
    context.out.print(fmt::format(R"({{"schema":"config-get/v1","kind":"cache","action":"{}","mirrors":[{}]}})",
                                  options.action, text::join(list, ",")) +
                      "\n");
  } else {
    for (const auto& [mirror, fault] : shown)
      context.out.print(fault.empty() ? text_of(mirror)
                                      : fmt::format("{}  {}: {}\n", mirror.url, mirror.path.string(), fault));
  }
  const bool broken = options.action == "verify" && !shown.empty();
  if (broken) context.run.events.warn("a broken copy goes with: config-get cache prune --unused 0s");
  return broken ? ExitCode::no : ExitCode::ok;
}

}  // namespace slipway::config_get
