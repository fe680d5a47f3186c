// SPDX-License-Identifier: Apache-2.0
// Bodies of uploads that come from small content, and bodies that are checked while they are sent.
#pragma once

#include "http/client.hpp"
#include "oci/manifest.hpp"

#include <functional>
#include <string>

namespace slipway::oci {

/// Small content as a body. It owns the bytes: an upload may outlive the call that began it, when that call fails.
[[nodiscard]] std::function<http::Body()> body_of(std::string content);

/// A body that ends with an error instead of its last byte when its bytes are not those that `is` names: so what is
/// damaged is never sent whole.
/// @param where they come from, for the error
[[nodiscard]] http::Body checked(http::Body body, const Descriptor& is, const std::string& where);

}  // namespace slipway::oci
