// SPDX-License-Identifier: Apache-2.0
#include "labels.hpp"

#include "core/text.hpp"
#include "http/url.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <initializer_list>

namespace slipway::pipeline_build {

namespace {

/// The first of several variables that is set: each CI system has its own name for the same thing.
std::optional<std::string> first_of(const cli::Environment& env, std::initializer_list<const char*> names) {
  for (const auto* name : names)
    if (auto value = env(name); value && !value->empty()) return value;
  return std::nullopt;
}

std::optional<std::string> source_url(const cli::Environment& env) {
  if (auto url = first_of(env, {"GIT_URL", "CI_PROJECT_URL"})) return url;
  const auto server = env("GITHUB_SERVER_URL");
  const auto repository = env("GITHUB_REPOSITORY");
  if (server && repository) return fmt::format("{}/{}", *server, *repository);
  return std::nullopt;
}

/// "https://host/group/mathoid.git" -> "mathoid".
std::string title_of(std::string url) {
  if (url.ends_with(".git")) url.erase(url.size() - 4);
  while (url.ends_with('/')) url.pop_back();
  return url.substr(url.find_last_of("/:") + 1);
}

std::pair<std::string, std::optional<std::string>> name_and_value(const std::string& given) {
  const auto equals = given.find('=');
  if (equals == std::string::npos) return {given, std::nullopt};
  return {given.substr(0, equals), given.substr(equals + 1)};
}

}  // namespace

std::optional<std::time_t> source_date(const cli::Environment& env) {
  const auto text = env("SOURCE_DATE_EPOCH");
  if (!text || text->empty()) return std::nullopt;
  std::int64_t seconds = 0;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), seconds);
  if (error != std::errc{} || end != text->data() + text->size() || seconds < 0)
    throw Error(failure::bad_setup, fmt::format("SOURCE_DATE_EPOCH={} is no number of seconds", *text),
                "export SOURCE_DATE_EPOCH=$(git log -1 --format=%ct)");
  return seconds;
}

docker::Labels labels_for(const Source& source, const Options& options, const cli::Environment& env) {
  docker::Labels labels;
  const auto add = [&](const char* name, std::optional<std::string> value) {
    if (value && !value->empty()) labels[name] = std::move(*value);
  };
  add("org.opencontainers.image.revision", first_of(env, {"GIT_COMMIT", "CI_COMMIT_SHA", "GITHUB_SHA", "ZUUL_COMMIT"}));
  if (const auto url = source_url(env)) {
    labels["org.opencontainers.image.source"] = http::safe_url(*url);
    labels["org.opencontainers.image.title"] = title_of(http::safe_url(*url));
  }
  add("org.opencontainers.image.version", first_of(env, {"CI_COMMIT_TAG", "GIT_TAG_NAME", "TAG_NAME"}));
  add("org.opencontainers.image.base.name", base_image(source.text, options.target));
  if (const auto date = source_date(env)) {
    const auto at = std::chrono::system_clock::from_time_t(*date);
    auto created = text::rfc3339(at);
    created.erase(created.size() - 5, 4);  // milliseconds, which a commit does not have
    labels["org.opencontainers.image.created"] = created;
  }
  add("slipway.variant", source.variant);
  labels["slipway.builder"] = "engine";
  add("jenkins.job", first_of(env, {"JOB_NAME"}));
  add("jenkins.build", first_of(env, {"BUILD_ID"}));
  add("ci.project", first_of(env, {"ZUUL_PROJECT", "CI_PROJECT_PATH"}));
  add("ci.pipeline", first_of(env, {"ZUUL_PIPELINE", "CI_PIPELINE_ID"}));
  add("zuul.commit", first_of(env, {"ZUUL_COMMIT"}));
  for (const auto& given : options.labels) {
    auto [name, value] = name_and_value(given);
    if (name.empty() || !value) throw Error(failure::bad_usage, fmt::format("--label '{}' is not NAME=VALUE", given));
    labels[name] = std::move(*value);
  }
  return labels;
}

bool looks_secret(std::string_view name) {
  const auto lower = text::lower(name);
  return std::ranges::any_of(std::initializer_list<std::string_view>{"password", "passwd", "secret", "token",
                                                                     "credential", "private_key", "privatekey",
                                                                     "api_key", "apikey"},
                             [&](std::string_view word) { return lower.find(word) != std::string::npos; });
}

std::vector<std::pair<std::string, std::string>> build_args(const std::vector<std::string>& given,
                                                            const cli::Environment& env) {
  std::vector<std::pair<std::string, std::string>> args;
  for (const auto& one : given) {
    auto [name, value] = name_and_value(one);
    if (name.empty()) throw Error(failure::bad_usage, fmt::format("--build-arg '{}' has no name", one));
    if (looks_secret(name))
      throw Error(failure::bad_usage,
                  fmt::format("--build-arg {} looks like a secret, and everybody who has the image "
                              "can read its build arguments",
                              name),
                  "give the secret to the container that runs, not to the image");
    if (!value) value = env(name);
    if (!value)
      throw Error(failure::bad_usage, fmt::format("--build-arg {} has no value, and none is in the environment", name),
                  fmt::format("--build-arg {}=VALUE", name));
    args.emplace_back(std::move(name), std::move(*value));
  }
  return args;
}

}  // namespace slipway::pipeline_build
