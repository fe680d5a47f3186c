// SPDX-License-Identifier: Apache-2.0
// The input is a kubeconfig file. It is read, or its mistakes are told, and so is each of its contexts; what is told
// holds no secret of the seeds.
#include "core/error.hpp"
#include "fault.hpp"
#include "kube/config.hpp"

#include <cstdint>

using namespace slipway;

namespace {

/// @param text that was read
void check(const Error& error, const std::string& text) {
  if (error.message().empty()) testing::found("an error without words", text);
  if (error.failure().id == failure::internal.id) testing::found("a bug: " + error.message(), text);
  auto said = error.message() + error.hint();
  for (const auto& place : error.at()) said += place;
  for (const auto& finding : error.findings()) said += finding.message;
  if (said.find("hunter2") != std::string::npos) testing::found("a secret in: " + said, text);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(bytes), size);
  kube::Config config;
  try {
    config.add(text, "kubeconfig", "/nonexistent");
  } catch (const Error& error) {
    check(error, text);
    return 0;
  }
  for (const auto& context : config.contexts()) {
    try {
      const auto access = config.access(context);
      if (access.server.empty()) testing::found("a context without a server: " + context, text);
    } catch (const Error& error) {
      check(error, text);
    }
  }
  return 0;
}
