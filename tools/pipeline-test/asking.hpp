// SPDX-License-Identifier: Apache-2.0
// What a service under test is asked once there is a way in: the examples of its own specification, single pages,
// and the checks of its developers.
#pragma once

#include "check_run.hpp"
#include "checks_file.hpp"

#include <string>
#include <vector>

namespace slipway::pipeline_test {

struct Questions {
  std::string base;                       ///< http://host:port, without a slash at the end
  bool tls_unverified = false;            ///< the certificate is that of another name
  std::string spec;                       ///< auto, none, a path of the service or a file
  const std::vector<std::string>& pages;  ///< have to answer 200
  const std::vector<ChecksFile>& files;
};

/// Asks the examples of the specification (in `auto` none where the service has no specification; one that was named
/// and cannot be read is a failed check), then the pages, then the files in their order. Each answer is told as an
/// event.
/// @throws Error interrupted, timed_out; bad_input for a specification in a file that cannot be read
[[nodiscard]] std::vector<CheckResult> ask(http::Client& client, const Questions& questions, const io::Run& run);

}  // namespace slipway::pipeline_test
