// SPDX-License-Identifier: Apache-2.0
// How a registry is reached: with which login, over TLS or not, with how much patience. What every
// call that talks to a registry takes beside the reference.
#pragma once

#include "http/client.hpp"
#include "oci/credentials.hpp"

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

namespace slipway::oci {

struct Access {
  Environment env;                                  ///< where docker's and podman's login files are; empty: none
  std::optional<Login> login;                       ///< instead of what the files hold
  std::optional<std::filesystem::path> creds_file;  ///< the only file to look at
  /// An access token for the registry, as CI systems hand out; asked again for every renewal.
  std::function<std::string()> token;
  bool anonymous = false;   ///< no login at all
  bool plain_http = false;  ///< http also where the registry is not on this machine
  http::Tls tls;
  /// One folder HOST[:PORT] for each registry, as docker's certs.d; by default docker's and podman's.
  std::optional<std::filesystem::path> certs_dir;
  int retries = 6;                          ///< of one request that makes no progress
  std::chrono::milliseconds stall{60'000};  ///< no byte either way for so long ends a request
  std::uint64_t chunk = 0;                  ///< bytes of a body at most; zero: as many as the registry takes
  std::uint64_t rate = 0;                   ///< bytes in a second, all uploads together; zero: no limit
  std::string agent = "slipway";            ///< User-Agent
};

}  // namespace slipway::oci
