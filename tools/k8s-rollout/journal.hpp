// SPDX-License-Identifier: Apache-2.0
// What a run over several clusters has done so far, on this machine's disk: JSON lines, each on the disk before the
// write that it announces. A run that was killed can be continued or taken back. Nothing is kept in the clusters.
#pragma once

#include "cli/run.hpp"
#include "core/fs.hpp"
#include "options.hpp"

#include <nlohmann/json.hpp>

#include <filesystem>
#include <string>
#include <vector>

namespace slipway::rollout {

/// $XDG_STATE_HOME/k8s-rollout, else ~/.local/state/k8s-rollout.
/// @throws Error bad_setup when neither is known
[[nodiscard]] std::filesystem::path journal_folder(const cli::Environment& env);

class Journal {
 public:
  /// A new one; `head` becomes its first line.
  /// @throws Error cannot_create, write_failed
  [[nodiscard]] static Journal create(const std::filesystem::path& folder, nlohmann::json head);
  /// Goes on with an old one.
  /// @throws Error not_found, with the nearest id; busy when the run that writes it still lives
  [[nodiscard]] static Journal open(const std::filesystem::path& folder, const std::string& id);

  /// On the disk when it returns. @throws Error write_failed
  void write(const nlohmann::json& line);
  [[nodiscard]] const std::string& id() const { return id_; }

 private:
  Journal(Fd file, std::string id) : file_(std::move(file)), id_(std::move(id)) {}
  Fd file_;
  std::string id_;
};

/// The lines of one journal; a last line that was cut short by a crash is left out.
/// @throws Error not_found, with the nearest id
[[nodiscard]] std::vector<nlohmann::json> read_journal(const std::filesystem::path& folder, const std::string& id);
[[nodiscard]] std::vector<std::string> journal_ids(const std::filesystem::path& folder);  ///< oldest first

/// The options that a plan has to have again; secrets are in files and stay there.
[[nodiscard]] nlohmann::json options_to_json(const Options& options);
[[nodiscard]] Options options_from_json(const nlohmann::json& saved);

}  // namespace slipway::rollout
