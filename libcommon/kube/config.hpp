// SPDX-License-Identifier: Apache-2.0
// Kubeconfig files: found, merged and checked as client-go does it, turned into an Access. All
// mistakes of a file are reported at once with line and column. Connecting is kube/client.hpp's.
// @source client-go clientcmd loading rules; `kubectl config` help ("Organizing cluster access")
#pragma once

#include "data/value.hpp"
#include "kube/access.hpp"

#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace slipway::kube {

/// The environment, asked by name; the same shape as cli::Environment.
using Environment = std::function<std::optional<std::string>(const std::string& name)>;

/// What options say over the files.
struct Overrides {
  std::optional<std::string> context;
  std::optional<std::string> cluster;
  std::optional<std::string> user;
  std::optional<std::string> name_space;
  std::optional<std::string> server;
  std::optional<std::string> token;
  std::optional<std::string> certificate_authority;  ///< files
  std::optional<std::string> client_certificate;
  std::optional<std::string> client_key;
  std::optional<std::string> tls_server_name;
  bool insecure = false;
  Impersonate impersonate;
};

class Config {
 public:
  /// `file` alone if given; else the files of $KUBECONFIG (empty and missing ones are skipped); else
  /// ~/.kube/config; else the service account of the pod we run in.
  /// @throws Error bad_setup: nothing found, a file missing, malformed (with the findings)
  [[nodiscard]] static Config load(const std::optional<std::filesystem::path>& file, const Environment& env);

  /// Adds one file's text: maps are merged by name, the first one wins, as does the first
  /// current-context. Relative paths are taken from `directory`.
  /// @throws Error bad_setup with all findings
  void add(std::string_view text, const std::string& file_name, const std::filesystem::path& directory);

  /// @throws Error bad_setup: unknown context, cluster or user (the nearest one is named), a missing
  /// or unreadable certificate file, contradictory TLS settings, a removed auth provider
  [[nodiscard]] Access access(const Overrides& overrides) const;
  /// The same for a context by name, or the current one.
  [[nodiscard]] Access access(const std::optional<std::string>& context = {}) const;

  [[nodiscard]] std::vector<std::string> contexts() const;
  [[nodiscard]] const std::string& current_context() const { return current_; }
  /// The files that were read, for messages: "a:b".
  [[nodiscard]] std::string sources() const;

 private:
  struct Entry {
    data::Value value;  ///< the inner map: cluster, user or context
    std::filesystem::path directory;
  };
  using Entries = std::map<std::string, Entry, std::less<>>;
  [[nodiscard]] const Entry& find(const Entries& entries, const std::string& name, std::string_view kind) const;

  Entries clusters_;
  Entries users_;
  Entries contexts_;
  std::string current_;
  std::vector<std::string> files_;
  std::optional<Access> in_cluster_;
  Environment env_;                        ///< for the proxy; none for a Config that was put together by hand
  std::shared_ptr<PluginMemory> plugins_;  ///< what one user's plugin said serves all clusters
};

}  // namespace slipway::kube
