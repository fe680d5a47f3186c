// SPDX-License-Identifier: Apache-2.0
// What stands on stdout after a push. Pure.
#pragma once

#include "oci/push.hpp"

#include <chrono>
#include <string>
#include <vector>

namespace slipway::registry_push {

/// A line HOST/NAME@DIGEST for each repository, in the order given.
[[nodiscard]] std::string lines(const oci::Pushed& pushed);
/// A line HOST/NAME:TAG@DIGEST for each reference.
[[nodiscard]] std::string references(const oci::Pushed& pushed);
/// One document, registry-push/v1.
[[nodiscard]] std::string document(const oci::Pushed& pushed, bool dry_run, std::chrono::milliseconds took);
/// The same of several images, in a list `images`.
[[nodiscard]] std::string document(const std::vector<oci::Pushed>& pushed, bool dry_run, std::chrono::milliseconds took);

}  // namespace slipway::registry_push
