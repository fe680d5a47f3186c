// SPDX-License-Identifier: Apache-2.0
// The part of a configuration that says which packages are installed, and from where. Used by read_config.cpp.
#pragma once

#include "blubber/config.hpp"
#include "blubber/report.hpp"

namespace slipway::blubber {

[[nodiscard]] Apt read_apt(Report& report, const data::Value& value, const std::string& path);

}  // namespace slipway::blubber
