// SPDX-License-Identifier: Apache-2.0
// Who we are at a registry: login data from options, from the files that docker and podman keep, and
// from the credential helpers those files name. Formats of docker's config.json(5) and
// containers-auth.json(5); the protocol of docker-credential-helpers.
#pragma once

#include "io/events.hpp"

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace slipway::oci {

/// The environment, asked by name.
using Environment = std::function<std::optional<std::string>(const std::string& name)>;

/// One of the two: user and password, or a token. Never shown.
struct Login {
  std::string user;
  std::string password;
  std::string identity_token;  ///< traded for an access token at the token service (OAuth 2 refresh token)
  std::string origin;          ///< the option or file it came from, fit to show
};

/// The files that are looked at for credentials, first match wins.
/// @source containers-auth.json(5), docker login
[[nodiscard]] std::vector<std::filesystem::path> auth_files(const Environment& env);

/// Keys under which a file may hold the login of `registry` for `repository`, best first: the
/// repository's path and its parents (podman), the host, the host with scheme and version (docker).
[[nodiscard]] std::vector<std::string> auth_keys(std::string_view registry, std::string_view repository);

/// Whether a file that was named can be read as a login file, before anything depends on it.
/// @throws Error as find_login()
void check_login_file(const std::string& text, const std::filesystem::path& file);

/// What one file knows. Helpers that it names are run, with a time limit of 30 s.
/// @param text the file's content
/// @throws Error bad_input for broken JSON, with line and column; bad_setup when a named helper is missing
[[nodiscard]] std::optional<Login> find_login(const std::string& text, const std::filesystem::path& file,
                                              std::string_view registry, std::string_view repository,
                                              const io::Run& run);

/// What the files of `env` know; says with a detail event which file it was, or which were looked at.
[[nodiscard]] std::optional<Login> find_login(const Environment& env, std::string_view registry,
                                              std::string_view repository, const io::Run& run);

}  // namespace slipway::oci
