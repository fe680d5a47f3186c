// SPDX-License-Identifier: Apache-2.0
// The parts of a configuration that say how to install and build: artifacts, requirements and the
// builders. Used by read_config.cpp.
#pragma once

#include "blubber/config.hpp"
#include "blubber/map_reader.hpp"

namespace slipway::blubber {

[[nodiscard]] std::optional<Artifact> read_artifact(Report& report, const data::Value& value, const std::string& path,
                                                    bool is_requirement);

[[nodiscard]] Node read_node(Report& report, const data::Value& value, const std::string& path);
[[nodiscard]] Php read_php(Report& report, const data::Value& value, const std::string& path);
[[nodiscard]] Python read_python(Report& report, const data::Value& value, const std::string& path);
[[nodiscard]] Custom read_custom(Report& report, const data::Value& value, const std::string& path);
[[nodiscard]] Field<std::vector<Builder>> read_builders(Report& report, const data::Value& value,
                                                        const std::string& path);

}  // namespace slipway::blubber
