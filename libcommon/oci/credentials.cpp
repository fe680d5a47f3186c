// SPDX-License-Identifier: Apache-2.0
#include "oci/credentials.hpp"

#include "core/base64.hpp"
#include "core/error.hpp"
#include "core/fs.hpp"
#include "core/text.hpp"
#include "process/spawn.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <system_error>

namespace slipway::oci {

namespace {

using nlohmann::json;

constexpr std::chrono::seconds helper_patience{30};
constexpr std::string_view hub = "docker.io";
constexpr std::string_view hub_key = "https://index.docker.io/v1/";

json parse_file(const std::string& text, const std::filesystem::path& file) {
  try {
    auto document = json::parse(text);
    if (document.is_object()) return document;
  } catch (const json::parse_error& error) {
    const auto before = std::string_view(text).substr(0, error.byte == 0 ? 0 : error.byte - 1);
    const auto line = std::ranges::count(before, '\n') + 1;
    const auto start = before.rfind('\n');
    const auto column = before.size() - (start == std::string_view::npos ? 0 : start + 1) + 1;
    throw Error(failure::bad_input, fmt::format("{}:{}:{}: this is no JSON", file.native(), line, column),
                "docker login writes the file anew");
  }
  throw Error(failure::bad_input, fmt::format("{} is no JSON object", file.native()));
}

std::string text_of(const json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string{};
}

const json* member(const json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_object() && !found->empty() ? &*found : nullptr;
}

/// A key as files spell it, made comparable: without scheme, /v1/ or /v2/ behind the host, slash at the end.
std::string bare_key(std::string_view key) {
  if (const auto mark = key.find("://"); mark != std::string_view::npos) key.remove_prefix(mark + 3);
  while (key.ends_with('/')) key.remove_suffix(1);
  for (const std::string_view version : {"/v1", "/v2"})
    if (key.ends_with(version)) key.remove_suffix(version.size());
  if (key == "index.docker.io" || key == "registry-1.docker.io" || key == "registry.docker.io") return std::string(hub);
  return std::string(key);
}

/// One entry of "auths". An empty object means that the store has it.
std::optional<Login> login_of(const json& entry, const std::string& key, const std::filesystem::path& file) {
  if (!entry.is_object()) return std::nullopt;
  Login login{.user = {}, .password = {}, .identity_token = text_of(entry, "identitytoken"), .origin = file.native()};
  if (const auto encoded = text_of(entry, "auth"); !encoded.empty()) {
    const auto decoded = base64::decode_loose(encoded);
    const auto colon = decoded ? decoded->find(':') : std::string::npos;
    if (colon == std::string::npos)
      throw Error(failure::bad_input, fmt::format("the login for {} in {} is malformed", key, file.native()),
                  fmt::format("docker login {}", key));
    login.user = decoded->substr(0, colon);
    login.password = decoded->substr(colon + 1);
    while (login.password.ends_with('\0')) login.password.pop_back();
  } else {
    login.user = text_of(entry, "username");
    login.password = text_of(entry, "password");
  }
  if (login.user.empty() && login.identity_token.empty()) return std::nullopt;
  return login;
}

std::optional<Login> from_auths(const json& document, const std::filesystem::path& file, std::string_view registry,
                                std::string_view repository) {
  const auto* auths = member(document, "auths");
  if (auths == nullptr) return std::nullopt;
  for (const auto& wanted : auth_keys(registry, repository))
    for (const auto& [key, entry] : auths->items())
      if (key == wanted || bare_key(key) == bare_key(wanted))
        if (auto login = login_of(entry, key, file)) return login;
  return std::nullopt;
}

/// @source docker-credential-helpers, "Development": `get` with the server's name on stdin
std::optional<Login> from_helper(const std::string& helper, std::string_view server, const std::filesystem::path& file,
                                 const io::Run& run) {
  const auto program = fmt::format("docker-credential-{}", helper);
  const io::Run limited{
      .events = run.events, .stop = run.stop, .deadline = run.deadline.sooner(Deadline::in(helper_patience))};
  process::Command command{.argv = {program, "get"}, .input = std::string(server), .keep = 1U << 20U};
  process::Outcome outcome;
  try {
    outcome = process::run(command, limited);
  } catch (const Error& error) {
    if (error.failure().id == failure::timed_out.id && !run.deadline.passed())
      throw Error(failure::bad_setup, fmt::format("{} did not answer within {} s", program, helper_patience.count()));
    if (error.failure().id == failure::bad_setup.id)
      throw Error(failure::bad_setup,
                  fmt::format("{} names the credential helper {}, which cannot be run: {}", file.native(), program,
                              error.message()),
                  "install it, or take it out of the file and log in again");
    throw;
  }
  if (!outcome.ok()) {
    // Helpers say on stdout that they know nothing; that is an answer.
    const auto said = text::lower(outcome.out + outcome.err_tail);
    if (said.find("not found") != std::string::npos || said.find("no credentials") != std::string::npos)
      return std::nullopt;
    throw Error(failure::bad_setup, fmt::format("{} failed for {}: {}", program, server, outcome.how()));
  }
  const auto document = json::parse(outcome.out, nullptr, false);
  if (!document.is_object()) throw Error(failure::bad_setup, fmt::format("{} answered no JSON object", program));
  const auto user = text_of(document, "Username");
  const auto secret = text_of(document, "Secret");
  if (secret.empty()) return std::nullopt;
  if (user == "<token>") return Login{.user = {}, .password = {}, .identity_token = secret, .origin = program};
  return Login{.user = user, .password = secret, .identity_token = {}, .origin = program};
}

std::string server_name(std::string_view registry) { return std::string(registry == hub ? hub_key : registry); }

}  // namespace

std::vector<std::filesystem::path> auth_files(const Environment& env) {
  std::vector<std::filesystem::path> out;
  const auto get = [&](const char* name) -> std::optional<std::filesystem::path> {
    const auto value = env ? env(name) : std::nullopt;
    return value && !value->empty() ? std::optional<std::filesystem::path>(*value) : std::nullopt;
  };
  const auto home = get("HOME");
  if (const auto file = get("REGISTRY_AUTH_FILE")) out.push_back(*file);
  if (const auto dir = get("XDG_RUNTIME_DIR")) out.push_back(*dir / "containers/auth.json");
  if (const auto dir = get("XDG_CONFIG_HOME")) out.push_back(*dir / "containers/auth.json");
  else if (home) out.push_back(*home / ".config/containers/auth.json");
  if (const auto dir = get("DOCKER_CONFIG")) out.push_back(*dir / "config.json");
  else if (home) out.push_back(*home / ".docker/config.json");
  return out;
}

std::vector<std::string> auth_keys(std::string_view registry, std::string_view repository) {
  std::vector<std::string> out;
  for (auto path = std::string(repository); !path.empty();) {
    out.push_back(fmt::format("{}/{}", registry, path));
    const auto slash = path.rfind('/');
    path.resize(slash == std::string::npos ? 0 : slash);
  }
  out.push_back(server_name(registry));
  return out;
}

void check_login_file(const std::string& text, const std::filesystem::path& file) {
  static_cast<void>(parse_file(text, file));
}

std::optional<Login> find_login(const std::string& text, const std::filesystem::path& file, std::string_view registry,
                                std::string_view repository, const io::Run& run) {
  const auto document = parse_file(text, file);
  if (const auto* helpers = member(document, "credHelpers"))
    for (const auto& [key, helper] : helpers->items())
      if (helper.is_string() && bare_key(key) == bare_key(registry))
        return from_helper(helper.get<std::string>(), server_name(registry), file, run);
  if (auto login = from_auths(document, file, registry, repository)) return login;
  if (const auto store = text_of(document, "credsStore"); !store.empty())
    return from_helper(store, server_name(registry), file, run);
  return std::nullopt;
}

std::optional<Login> find_login(const Environment& env, std::string_view registry, std::string_view repository,
                                const io::Run& run) {
  std::vector<std::string> seen;
  for (const auto& file : auth_files(env)) {
    std::error_code ignored;
    if (!std::filesystem::exists(file, ignored)) continue;
    seen.push_back(file.native());
    if (auto login = find_login(fs::read_file(file), file, registry, repository, run)) {
      run.events.detail(fmt::format("login for {} from {}", registry, login->origin));
      return login;
    }
  }
  run.events.detail(seen.empty() ? fmt::format("no login for {}: no file of docker or podman is there", registry)
                                 : fmt::format("no login for {} in {}", registry, text::join(seen, ", ")));
  return std::nullopt;
}

}  // namespace slipway::oci
