// SPDX-License-Identifier: Apache-2.0
// Who we are, at the moment of a request: tokens that are read again, plugins that are run again.
// Answers with what to put into the request; sends nothing itself.
#pragma once

#include "io/events.hpp"
#include "kube/access.hpp"

#include <chrono>
#include <map>
#include <mutex>
#include <optional>
#include <string>

namespace slipway::kube {

/// What one request carries.
struct CredentialProof {
  std::string authorization;  ///< value of the header; empty: none
  std::optional<std::string> cert_pem;
  std::optional<std::string> key_pem;
};

/// One answer of a plugin.
struct PluginAnswer {
  CredentialProof proof;
  std::optional<std::chrono::system_clock::time_point> expires;
};

/// Answers by what was asked, so that several clusters of one user run the plugin once. Safe from several threads; a
/// second one waits for the first one's answer.
struct PluginMemory {
  std::mutex mutex;
  std::map<std::string, PluginAnswer> answers;
};

class Credentials {
 public:
  explicit Credentials(const Access& access) : access_(&access) {}

  /// @throws Error bad_setup: the plugin is missing, fails or answers nonsense; the token file is gone
  [[nodiscard]] const CredentialProof& current(const io::Run& run);
  /// Forgets what can be fetched anew; false when there is nothing of the kind.
  bool renew();

 private:
  void ask_plugin(const io::Run& run);
  [[nodiscard]] PluginAnswer run_plugin(const io::Run& run) const;
  void read_token_file();

  const Access* access_;
  std::optional<CredentialProof> proof_;
  bool refused_ = false;  ///< what the plugin said last was not accepted: ask it again
  std::optional<std::chrono::system_clock::time_point> expires_;
};

}  // namespace slipway::kube
