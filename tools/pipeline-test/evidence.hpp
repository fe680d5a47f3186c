// SPDX-License-Identifier: Apache-2.0
// What a person needs after a test in a cluster has failed and its namespace is gone: one folder, the
// cause on top.
#pragma once

#include "check_run.hpp"
#include "kube/client.hpp"

#include <filesystem>
#include <string>
#include <vector>

namespace slipway::pipeline_test {

/// How a test in a cluster went.
struct Report {
  std::string image;
  std::string cluster;
  std::string name_space;
  std::string release;
  std::string route;  ///< the address that was asked, http://...
  bool passed = false;
  std::string cause;  ///< of a failure, in one line
  std::vector<std::string> details;
  std::vector<CheckResult> checks;
  std::string helm_test;  ///< "passed", "failed", or empty when there was none
  std::string manifest;   ///< as helm rendered it; may hold secrets until it is cut
  double seconds = 0;
};

/// For the next tool and for machines: "image" is there only if the test passed.
[[nodiscard]] std::string to_json(const Report& report);
/// Markdown, the cause first.
[[nodiscard]] std::string to_markdown(const Report& report);
/// The manifest with the values of Secrets taken out. Text that is no manifest is left out whole.
[[nodiscard]] std::string without_secrets(const std::string& manifest);

/// Writes everything, cluster objects, events and logs included.
/// @throws Error cannot_create, write_failed, interrupted, timed_out
void write_evidence(const Report& report, kube::Client& client, const std::filesystem::path& directory,
                    const io::Run& run);

}  // namespace slipway::pipeline_test
