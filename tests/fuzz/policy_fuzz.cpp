// SPDX-License-Identifier: Apache-2.0
// A policy of any bytes: obeyed, broken, or refused with a place in it.
#include "blubber/blubber.hpp"
#include "fault.hpp"

#include <cstdint>

using namespace slipway;

namespace {

constexpr std::string_view configuration = R"(version: v4
base: docker.io/library/debian:12
arguments: {VERSION: '1.0'}
apt: {packages: [make, gcc=4.2], sources: [{url: 'http://deb.example', distribution: stable}]}
runs: {insecurely: true, environment: {NAME: value}}
variants:
  build: {builder: {command: [make], requirements: [Makefile]}}
  test: {includes: [build], copies: [build], entrypoint: [make, test], runs: {uid: 1000}}
)";

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  blubber::Options options{.version = "1"};
  options.policy = {"policy.yaml", std::string(reinterpret_cast<const char*>(bytes), size), size % 2 == 0};
  try {
    (void)blubber::dockerfile(configuration, "f.yaml", "test", options);
  } catch (const Error& error) {
    if (error.message().empty()) testing::found("an error that says nothing");
    for (const auto& finding : error.findings()) {
      if (finding.line < 1 || finding.column < 1) testing::found("a finding without a place: " + finding.message);
    }
  }
  return 0;
}
