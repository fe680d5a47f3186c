// SPDX-License-Identifier: Apache-2.0
#include "blubber/read_apt.hpp"

#include "blubber/grammar.hpp"
#include "blubber/map_reader.hpp"
#include "core/text.hpp"

#include <fmt/format.h>

namespace slipway::blubber {

using data::Kind;
using data::Value;

namespace {

/// A key that has to be there, and not empty.
void need(const MapReader& map, std::string_view key) {
  const auto* value = map.find(key);
  if (value != nullptr && !(value->is_scalar() && value->text().empty())) return;
  map.report().error(map.mark(), fmt::format("'{}' lacks '{}'", map.path(), key), map.path());
}

void read_packages(Report& report, const MapReader& map, Apt& apt) {
  const auto* value = map.find("packages");
  if (value == nullptr) return;
  const auto path = map.path("packages");
  const auto take = [&](const std::string& release, const Value& list, const std::string& at) {
    Texts packages;
    read_list(report, list, at, [&](const Value& item, const std::string& item_path) {
      if (auto text = read_text(report, item, item_path, &rules::debian_package))
        packages.push_back({std::move(*text), item.mark()});
    });
    apt.packages.emplace_back(release, std::move(packages));
  };
  if (value->is(Kind::sequence)) {
    take("default", *value, path);
  } else if (value->is(Kind::mapping)) {
    for (const auto& [release, list, key_mark] : value->members()) {
      const auto at = fmt::format("{}.{}", path, release);
      if (!grammar::is_apt_word(release))
        report.error(key_mark,
                     fmt::format("{}: the release '{}' {}", path, text::printable(release), rules::apt_word.complaint),
                     at);
      if (!list.is(Kind::null)) take(release, list, at);
    }
  } else {
    report.error(value->mark(), fmt::format("'{}' wants a list, or a map of lists by release", path), path);
  }
}

void read_sources(Report& report, const MapReader& map, Apt& apt) {
  const auto* value = map.find("sources");
  if (value == nullptr) return;
  read_list(report, *value, map.path("sources"), [&](const Value& item, const std::string& path) {
    const MapReader source(report, item, path, {"url", "distribution", "components", "signed-by"});
    if (!item.is(Kind::mapping)) return;
    AptSource out;
    out.mark = item.mark();
    if (const auto url = source.text("url", &rules::http_url)) out.url = url->value;
    if (const auto name = source.text("distribution", &rules::apt_word)) out.distribution = name->value;
    for (const auto* key : {"url", "distribution"}) need(source, key);
    if (const auto components = source.texts("components", &rules::apt_word)) {
      for (const auto& component : components->value) out.components.push_back(component.value);
    }
    if (const auto key = source.text("signed-by")) out.signed_by = key->value;
    apt.sources.push_back(std::move(out));
  });
}

void read_proxies(Report& report, const MapReader& map, Apt& apt) {
  const auto* value = map.find("proxies");
  if (value == nullptr) return;
  read_list(report, *value, map.path("proxies"), [&](const Value& item, const std::string& path) {
    if (item.is_scalar()) {
      if (auto url = read_text(report, item, path, &rules::http_url))
        apt.proxies.push_back({std::move(*url), {}, item.mark()});
      return;
    }
    const MapReader proxy(report, item, path, {"url", "source"}, MapReader::Unknown::is_warning);
    if (!item.is(Kind::mapping)) return;
    const auto url = proxy.text("url", &rules::http_url);
    const auto source = proxy.text("source", &rules::proxied_url);
    need(proxy, "url");
    if (url) apt.proxies.push_back({url->value, source ? source->value : "", item.mark()});
  });
}

}  // namespace

Apt read_apt(Report& report, const Value& value, const std::string& path) {
  const MapReader map(report, value, path, {"packages", "sources", "proxies"});
  Apt apt;
  apt.mark = value.mark();
  read_packages(report, map, apt);
  read_sources(report, map, apt);
  read_proxies(report, map, apt);
  return apt;
}

}  // namespace slipway::blubber
