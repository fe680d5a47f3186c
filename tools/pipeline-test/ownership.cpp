// SPDX-License-Identifier: Apache-2.0
#include "ownership.hpp"

#include "core/error.hpp"

#include <fmt/format.h>
#include <sys/random.h>
#include <unistd.h>

#include <array>
#include <vector>

namespace slipway::pipeline_test {

std::string random_hex(std::size_t digits) {
  std::vector<unsigned char> bytes((digits + 1) / 2);
  if (::getrandom(bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size()))
    throw Error(failure::bad_setup, "the kernel gives no random bytes");
  std::string out;
  for (const auto byte : bytes) out += fmt::format("{:02x}", byte);
  out.resize(digits);
  return out;
}

std::string owner_of(const cli::Environment& env) {
  for (const auto& [job, build] : {std::pair{"JOB_NAME", "BUILD_ID"}, std::pair{"CI_PROJECT_PATH", "CI_JOB_ID"},
                                   std::pair{"GITHUB_REPOSITORY", "GITHUB_RUN_ID"}}) {
    const auto name = env(job);
    const auto number = env(build);
    if (name && number) return fmt::format("{}#{}", *name, *number);
  }
  std::array<char, 256> host{};
  if (::gethostname(host.data(), host.size() - 1) != 0) host[0] = '\0';
  const auto user = env("USER").value_or(env("LOGNAME").value_or(fmt::format("uid{}", ::getuid())));
  return fmt::format("{}@{}", user, host.data());
}

Ownership own(const cli::Environment& env, std::chrono::system_clock::time_point now, std::chrono::milliseconds lasts) {
  const auto until = now + lasts + std::chrono::hours{1};
  return {random_hex(32), std::chrono::duration_cast<std::chrono::seconds>(until.time_since_epoch()).count(),
          owner_of(env)};
}

}  // namespace slipway::pipeline_test
