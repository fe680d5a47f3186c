// SPDX-License-Identifier: Apache-2.0
// The command line of registry-push. The only place that names its options.
#pragma once

#include "cli/app.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace slipway::registry_push {

struct Options {
  std::vector<std::string> references;
  std::optional<std::string> from;
  std::optional<std::string> image;
  bool all = false;
  std::vector<std::string> platforms;
  std::vector<std::string> tags;
  bool if_absent = false;
  std::optional<std::string> expect;
  std::optional<std::string> reuse_from;
  bool no_reuse = false;
  bool trust_archive = false;
  std::vector<std::string> attach;
  std::string compression = "keep";
  bool force_blobs = false;
  std::string verify = "head";
  std::string output = "digest";

  std::optional<std::string> creds_file;
  std::optional<std::string> username;
  std::optional<std::string> password_file;
  std::optional<std::string> token_file;
  bool anonymous = false;
  bool plain_http = false;
  std::optional<std::string> ca;
  std::optional<std::string> cert;
  std::optional<std::string> key;
  std::optional<std::string> certs_dir;
  std::uint64_t chunk = 0;
  std::uint64_t limit_rate = 0;
  int retries = 6;
  std::chrono::milliseconds stall{60'000};

  int jobs = 6;
  int threads = 0;
  std::uint64_t memory = 64U << 20U;
};

void describe(cli::App& app, Options& options);

}  // namespace slipway::registry_push
